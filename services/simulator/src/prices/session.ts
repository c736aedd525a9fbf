// Trading sessions. In: a UTC instant. Out: open or closed, and the weekly sessions in a broker's wall clock, as in `/SymbolInfo`. FX and metals close on
// Friday 17:00 New York and open on Sunday 17:00; metals also pause from 17:00 to 18:00 each day; crypto never closes. The UTC hours move with New
// York's summer time. With holidays, Christmas and New Year's Day are closed, the days before them end at 13:00, and so does Thanksgiving for metals.

import { parseClockRule } from '@fxtape/market';
import type { SymbolClass } from './symbols.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SLOT = 900_000;
const newYork = parseClockRule('America/New_York');

/** Sessions open and close only at multiples of this. */
export const SLOT_MS = SLOT;

export interface SessionWindow {
  readonly day: string;
  readonly from: string;
  readonly to: string;
}

/** Hour of the week in New York: 0 is Sunday 00:00, with a fraction. */
function newYorkHourOfWeek(utcMs: number): number {
  const local = utcMs + newYork.offsetAt(utcMs) * 1000;
  const sinceSunday = (((local - 3 * DAY) % (7 * DAY)) + 7 * DAY) % (7 * DAY);
  return sinceSunday / HOUR;
}

/** Hour of the day in New York, [0, 24). */
export function newYorkHour(utcMs: number): number {
  return newYorkHourOfWeek(utcMs) % 24;
}

/** True while the symbol's session is open at this UTC instant. Constant inside a slot of `SLOT_MS`. */
export type OpenHours = (kind: SymbolClass, utcMs: number) => boolean;

/** The hours of an ordinary week. */
const inWeek: OpenHours = (kind, utcMs) => {
  if (kind === 'crypto') return true;
  const hour = newYorkHourOfWeek(utcMs);
  if (hour < 17 || hour >= 5 * 24 + 17) return false;
  return kind === 'fx' || Math.floor(hour % 24) !== 17;
};

const THURSDAY = 4;

/** Whether the date of a trading day is closed, or closes at 13:00 New York. A trading day begins at 17:00 the evening before. */
const isHoliday = (kind: SymbolClass, utcMs: number): boolean => {
  const local = utcMs + newYork.offsetAt(utcMs) * 1000;
  const tradingDay = new Date(local + 7 * HOUR);
  const [month, date] = [tradingDay.getUTCMonth() + 1, tradingDay.getUTCDate()];
  if ((month === 12 && date === 25) || (month === 1 && date === 1)) return true;
  const eve = month === 12 && (date === 24 || date === 31);
  const thanksgiving =
    kind === 'metal' && month === 11 && tradingDay.getUTCDay() === THURSDAY && date > 21 && date <= 28;
  const hour = Math.floor((((local % DAY) + DAY) % DAY) / HOUR);
  return (eve || thanksgiving) && hour >= 13 && hour < 17;
};

export const openHours = (holidays: boolean): OpenHours =>
  holidays ? (kind, utcMs) => inWeek(kind, utcMs) && (kind === 'crypto' || !isHoliday(kind, utcMs)) : inWeek;

const DAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;

const clockText = (ms: number): string => {
  const minutes = Math.round(ms / 60_000);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
};

/**
 * The sessions of the broker's week around `utcMs`, in the broker's wall clock.
 * `offsetMs` is broker time minus UTC at that moment.
 */
export function weeklySessions(kind: SymbolClass, utcMs: number, offsetMs: number): SessionWindow[] {
  const local = utcMs + offsetMs;
  const sunday = local - ((((local - 3 * DAY) % (7 * DAY)) + 7 * DAY) % (7 * DAY));
  const windows: SessionWindow[] = [];
  for (const [index, day] of DAYS.entries()) {
    const start = sunday + index * DAY;
    let openedAt: number | null = null;
    for (let at = 0; at <= DAY; at += SLOT) {
      const open = at < DAY && inWeek(kind, start + at - offsetMs);
      if (open && openedAt === null) openedAt = at;
      if (!open && openedAt !== null) {
        windows.push({ day, from: clockText(openedAt), to: clockText(at) });
        openedAt = null;
      }
    }
  }
  return windows;
}
