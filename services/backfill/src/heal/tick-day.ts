// One broker day of past ticks from a bridge that takes only dates. Nothing documents how it reads them: the day of `to` may be included or
// excluded, and `from` and `to` may have to differ. In: a day, and how to ask. Out: the ticks of that day. What an answer shows about the
// bridge's reading is remembered, so that a day is not always downloaded together with its neighbours.
//
//   next    [day, day after]            the day is inside, however `to` is read
//   same    [day, day]                  for a bridge known to return the whole day of `to`
//   padded  [day before, two days on]   if an answer had other hours than the broker's day, or none of them
import { DAY_MS, HOUR_MS } from '@fxtape/market';
import { FxSocketError } from '@fxtape/fxsocket';
import { type TickPages, wireTickMs } from './tick-pages.ts';

type Bounds = 'next' | 'same' | 'padded';

/** Ticks that reach this far into a neighbouring day mean that the whole neighbour was returned, and not a day of another time zone. */
const WHOLE_MS = 16 * HOUR_MS;

const spell = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export class TickDays {
  readonly #bounds = new Map<string, Bounds>();

  /** @throws what `ask` throws; the refusal of the bounds only if none are accepted. */
  async day(
    account: string,
    day: string,
    ask: (bounds: { readonly from: string; readonly to: string }) => Promise<TickPages>,
  ): Promise<TickPages> {
    const dayMs = Date.parse(day);
    const known = this.#bounds.get(account) ?? 'next';
    const { bounds, pages } = await firstTaken(order(known), dayMs, ask);
    this.#bounds.set(account, learned(bounds, pages, dayMs));
    const own = within(pages, dayMs);
    if (own.rows.length > 0 || own.rejected.length > 0 || bounds === 'padded') return own;
    // Nothing of the day: before believing that, ask in the widest way.
    const wide = await firstTaken(['padded', bounds], dayMs, ask);
    const padded = within(wide.pages, dayMs);
    if (padded.rows.length > 0) this.#bounds.set(account, 'padded');
    return padded;
  }
}

const order = (first: Bounds): Bounds[] => [...new Set<Bounds>([first, 'next', 'same', 'padded'])];

async function firstTaken(
  candidates: readonly Bounds[],
  dayMs: number,
  ask: (bounds: { readonly from: string; readonly to: string }) => Promise<TickPages>,
): Promise<{ bounds: Bounds; pages: TickPages }> {
  let refused: unknown = null;
  for (const bounds of candidates) {
    try {
      return { bounds, pages: await ask(datesOf(bounds, dayMs)) };
    } catch (error) {
      if (!(error instanceof FxSocketError) || error.code !== 'FXSOCKET_VALIDATION') throw error;
      refused ??= error;
    }
  }
  throw refused;
}

function datesOf(bounds: Bounds, dayMs: number): { from: string; to: string } {
  if (bounds === 'same') return { from: spell(dayMs), to: spell(dayMs) };
  if (bounds === 'next') return { from: spell(dayMs), to: spell(dayMs + DAY_MS) };
  return { from: spell(dayMs - DAY_MS), to: spell(dayMs + 2 * DAY_MS) };
}

const within = (pages: TickPages, dayMs: number): TickPages => ({
  ...pages,
  // A row without a readable time is kept, so that it is reported.
  rows: pages.rows.filter((row) => {
    const ms = wireTickMs(row);
    return Number.isNaN(ms) || (ms >= dayMs && ms < dayMs + DAY_MS);
  }),
});

/** How to ask for the next day, judging by what this answer had beyond its day. */
function learned(bounds: Bounds, { rows }: TickPages, dayMs: number): Bounds {
  if (bounds !== 'next') return bounds;
  const times = rows.map(wireTickMs).filter((ms) => !Number.isNaN(ms));
  if (times.some((ms) => ms < dayMs)) return 'padded';
  const latest = times.reduce((most, ms) => Math.max(most, ms), dayMs);
  if (latest < dayMs + DAY_MS) return 'next';
  return latest >= dayMs + DAY_MS + WHOLE_MS ? 'same' : 'padded';
}
