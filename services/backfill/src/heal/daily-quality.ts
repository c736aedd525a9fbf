// `daily_quality` jobs: compares one broker day of a symbol with the broker's bars. In: the day. Out: a row with its quality, and gaps with cause
// `undercount` where clearly fewer ticks were recorded than usual for this symbol. The row is written again once the gaps of the day are final.
import type { JobOutcome, Payload } from '@fxtape/jobs';
import {
  dateOf,
  DAY_US,
  HOUR_US,
  learnBand,
  midnightOf,
  MINUTE_US,
  type Range,
  spellMinute,
  subtract,
  type TableRow,
  undercount,
  utcMs,
} from '@fxtape/market';
import type { GapRow } from '@fxtape/questdb';
import { decideSessions, sessionCalendar } from '../fetch/sessions.ts';
import { syncBars } from '../sync/sync-bars.ts';
import { requireSameClock } from './another-clock.ts';
import { DayFigures } from './day-figures.ts';
import { whole } from './heal-by-bars.ts';
import { type HealContext, pauseMs } from './heal-context.ts';

/** How much time before the day the band is learned from. */
const LEARN_US = 8 * 7 * DAY_US;

type Key = { readonly account: string; readonly feed: string; readonly symbol: string };

export async function dailyQuality(h: HealContext, payload: Payload<'daily_quality'>): Promise<JobOutcome> {
  const { account, feed, symbol } = payload;
  const key = { account, feed, symbol };
  const day = { fromUs: payload.fromUs, toUs: payload.toUs };
  await requireSameClock(h, { ...day, feed });
  const { covered } = await syncBars(whole(h), { symbol, timeframe: 'M1', range: day });
  const loaded = subtract([day], covered).length === 0;
  if (loaded) await decideSessions(h, key, { untilUs: day.toUs, week: false });
  const opened = loaded ? await openUndercounts(h, key, day) : 0;
  const gaps = await gapsOf(h, key, day);
  const row = await rowOf(h, key, day, { loaded, gaps });
  await h.parts.writer.write({ daily_quality: [row] }, { signal: h.signal });
  const ageMs = ((await h.account.nowUs(h.signal)) - day.toUs) / 1000;
  if (row.condition === 'pending' && ageMs < h.heal.timing.sidesMs)
    return { againAfterMs: Math.max(h.heal.timing.shortestMs, pauseMs(h.heal.timing, ageMs)) };
  return { rows: 1, requests: h.requests(), note: { condition: row.condition, undercounts: opened } };
}

async function rowOf(
  h: HealContext,
  key: Key,
  day: Range,
  known: { readonly loaded: boolean; readonly gaps: readonly GapRow[] },
): Promise<TableRow<'daily_quality'>> {
  const bars = await h.parts.reader.bars({ ...key, timeframe: 'M1' }, day, { signal: h.signal });
  const figures = new DayFigures(bars, day.fromUs);
  for (let fromUs = day.fromUs; fromUs < day.toUs; fromUs += HOUR_US) {
    const hour = { fromUs, toUs: Math.min(fromUs + HOUR_US, day.toUs) };
    figures.add(await h.parts.reader.ticks(key, hour, { signal: h.signal }));
  }
  const { longestSilenceS, matched, ticks } = figures.end(day.toUs);
  const volume = bars.reduce((sum, bar) => sum + Number(bar.tick_volume ?? 0), 0);
  return {
    ts: day.fromUs,
    feed: key.feed,
    symbol: key.symbol,
    ticks,
    broker_tick_volume: known.loaded ? volume : null,
    m1_expected: known.loaded ? bars.length : null,
    m1_matched: known.loaded ? matched : null,
    longest_silence_s: known.loaded ? longestSilenceS : null,
    ...conditionOf({ ...known, ticks, volume, session: await sessionOf(h, key, day) }),
  };
}

/** `pending` as long as anything about the day can still change. */
function conditionOf(o: {
  readonly loaded: boolean;
  readonly gaps: readonly GapRow[];
  readonly ticks: number;
  readonly volume: number;
  readonly session: string | null;
}): { condition: string; reason: string | null } {
  const open = o.gaps.filter(({ state }) => state === 'open').length;
  const lost = o.gaps.filter(({ state }) => state === 'unrecoverable');
  if (!o.loaded) return { condition: 'pending', reason: 'the broker’s bars of the day are not complete' };
  if (open > 0) return { condition: 'pending', reason: `${open} gaps are open` };
  if (o.ticks === 0 && o.volume > 0) return { condition: 'missing', reason: 'no tick was recorded' };
  if (lost.length > 0) {
    const known = lost.every(({ missing_estimate: estimate }) => estimate !== null);
    const sum = lost.reduce((total, { missing_estimate: estimate }) => total + (estimate ?? 0), 0);
    const about = known ? `, about ${sum} ticks` : '';
    return { condition: 'degraded', reason: `${lost.length} gaps are unrecoverable${about}` };
  }
  const silent = o.volume === 0 && o.ticks === 0;
  return { condition: 'available', reason: o.session ?? (silent ? 'the broker has no bars of it' : null) };
}

/** Why a complete day has less than others: the market was shut. Null: it was like other such weekdays, or nothing is known. */
async function sessionOf(h: HealContext, key: Key, day: Range): Promise<string | null> {
  const calendar = await sessionCalendar(h, key);
  const midnight = midnightOf(h.account.rule.toBroker(utcMs(day.fromUs / 1000)));
  const open = calendar.windowsOf(midnight);
  const last = open?.at(-1)?.[1];
  const first = open?.[0]?.[0];
  switch (calendar.conditionOf(dateOf(midnight))) {
    case 'shut':
      return 'holiday: the market was shut all day';
    case 'early_close':
      return last === undefined ? null : `early close at ${spellMinute(last)} of the broker’s clock`;
    case 'late_open':
      return first === undefined ? null : `late open at ${spellMinute(first)} of the broker’s clock`;
    case 'partial':
      return first === undefined || last === undefined
        ? null
        : `open from ${spellMinute(first)} to ${spellMinute(last)} of the broker’s clock only`;
    default:
      return open?.length === 0 ? 'the market is shut on this day of the week' : null;
  }
}

/** New gaps: ranges of minutes with clearly too few ticks. Their ids come from where they begin. */
async function openUndercounts(h: HealContext, key: Key, day: Range): Promise<number> {
  const { reader } = h.parts;
  const gaps = (await gapsOf(h, key, day)).map(rangeOf);
  const stored = await reader.tickCounts(key, day, MINUTE_US, { signal: h.signal });
  const volumes = await reader.barVolumes(key, day, { signal: h.signal });
  const minutes = volumes.map(({ fromUs, tickVolume }) => ({
    fromUs,
    stored: stored.get(fromUs) ?? 0,
    broker: tickVolume,
  }));
  const band = await learned(h, key, day);
  const events = undercount({ minutes, band, gaps }).map((range) => {
    const id = ['undercount', key.account, key.feed, key.symbol, range.fromUs].join('|');
    return {
      ts: h.parts.stamps.next('gap_events'),
      gap_id: id,
      writer: 'backfill',
      outage_id: id,
      ...key,
      stream: 'ticks',
      timeframe: null,
      event: 'opened',
      ts_from: range.fromUs,
      ts_to: range.toUs,
      cause: 'undercount',
      state: 'open',
      rows_healed: null,
      missing_estimate: null,
      evidence: JSON.stringify(evidenceOf(minutes, range)),
    };
  });
  if (events.length > 0) await h.parts.writer.write({ gap_events: events }, { signal: h.signal });
  return events.length;
}

function evidenceOf(
  minutes: readonly { fromUs: number; stored: number; broker: number }[],
  range: Range,
): object {
  const inside = minutes.filter(({ fromUs }) => fromUs >= range.fromUs && fromUs < range.toUs);
  return {
    stored: inside.reduce((sum, minute) => sum + minute.stored, 0),
    broker: inside.reduce((sum, minute) => sum + minute.broker, 0),
  };
}

/** What share of the broker's count this symbol's stream usually has, by the hour of the broker's week; hours with a gap are ignored. */
async function learned(h: HealContext, key: Key, day: Range) {
  const past = { fromUs: Math.max(0, day.fromUs - LEARN_US), toUs: day.fromUs };
  const gaps = (await gapsOf(h, key, past)).map(rangeOf);
  const stored = await h.parts.reader.tickCounts(key, past, HOUR_US, { signal: h.signal });
  const broker = new Map<number, number>();
  for (const { fromUs, tickVolume } of await h.parts.reader.barVolumes(key, past, { signal: h.signal })) {
    const hour = fromUs - (fromUs % HOUR_US);
    broker.set(hour, (broker.get(hour) ?? 0) + tickVolume);
  }
  const samples = [...stored]
    .filter(([fromUs]) => subtract([{ fromUs, toUs: fromUs + HOUR_US }], gaps).length === 1)
    .map(([fromUs, rows]) => ({ fromUs, stored: rows, broker: broker.get(fromUs) ?? 0 }))
    .filter((sample) => sample.broker > 0);
  return learnBand(samples, h.account.rule);
}

async function gapsOf(h: HealContext, key: Key, range: Range): Promise<GapRow[]> {
  const { account, feed, symbol } = key;
  return h.parts.gaps.gaps({ account, feed, symbol, stream: 'ticks', ...range, signal: h.signal });
}

const rangeOf = (gap: GapRow): Range => ({
  fromUs: gap.ts_from ?? 0,
  toUs: gap.ts_to ?? Number.MAX_SAFE_INTEGER,
});
