// Gathers evidence for a broker's clock rule. In: an account, and symbols with a trading week. Out: rows of `clock_evidence`: today's offset, both
// measured and as stated by the gateway, and when the weeks in years of hourly bars open and close, in broker time. It draws no conclusion: the
// scheduler decides, and owns the table `clock_rules`.
import { pauseOrThrow } from '@fxtape/ops';
import { catalogue, type Checkpoint, type JobOutcome, type Payload, type RunningJob } from '@fxtape/jobs';
import {
  brokerMs,
  type BrokerMs,
  clockOffset,
  type ClockReading,
  DAY_MS,
  formatBrokerTime,
  HOUR_MS,
  measureOffset,
  parseBrokerTime,
  type RowInput,
  spellEdges,
  weekEdges,
} from '@fxtape/market';
import { z } from 'zod';
import { isNotReady, isTooMuch, tooSlow } from './history-errors.ts';
import { readHistory } from './history-source.ts';
import type { SyncContext } from '../context/sync-context.ts';

type EvidenceRow = RowInput<'clock_evidence'>;

/** Wall clocks lie within this many hours of UTC, so a UTC range widened by it is complete on any of them. */
const WIDEST_MS = 15 * HOUR_MS;
const PAGE_MS = 160 * DAY_MS;
const LEAST_PAGE_MS = 5 * DAY_MS;
/** How often the clocks are read before they count as standing still. */
const READINGS = 6;
/** From this attempt on, a symbol whose history cannot be read is left out, so that history does not wait for it forever. */
const PATIENT_TRIES = 4;

/** One run sends dozens of requests, so on an unreliable gateway no run would finish without retries and a checkpoint. */
const TRIES = 3;
const AGAIN_MS = 300;

/** What earlier runs have gathered, as the rows to be written. */
const saved = z.object({ offsets: z.array(z.unknown()), edges: z.array(z.unknown()) });

export async function gatherClockEvidence(
  c: SyncContext,
  { attempt, payload }: Pick<RunningJob<Payload<'clock'>>, 'attempt' | 'payload'>,
  checkpoint: Checkpoint,
): Promise<JobOutcome> {
  const known = saved.safeParse(checkpoint.value);
  const measured = known.success ? (known.data.offsets as EvidenceRow[]) : await offsets(c, payload.symbols);
  const told = known.success ? (known.data.edges as EvidenceRow[]) : [];
  const keep = (): Promise<void> => checkpoint.save({ offsets: measured, edges: told });
  if (!known.success) await keep();
  for (const symbol of payload.symbols) {
    if (told.some((row) => row.symbol === symbol)) continue;
    told.push(await edges(c, symbol, payload, attempt));
    await keep();
  }
  const rows = [...measured, ...told];
  if (payload.symbols.length === 0) rows.push(noSymbols(c));
  await c.parts.writer.write({ clock_evidence: rows }, { signal: c.signal });
  c.parts.numbers.stored('clock_evidence', rows.length);
  return { rows: rows.length, requests: c.requests() };
}

async function offsets(c: SyncContext, symbols: readonly string[]): Promise<EvidenceRow[]> {
  const { account, server } = c.account;
  const readings: ClockReading[] = [];
  let stated = await readClocks(c, symbols, readings);
  const { replayed } = c.account.config.clock;
  for (let done = 1; done < READINGS && !replayed; done++) {
    await pauseOrThrow(c.parts.clock, c.parts.clockReadingsApartMs, c.signal);
    try {
      stated = await readClocks(c, symbols, readings);
    } catch (error) {
      // One reading less. If the gateway is down, the next request fails too.
      if (c.signal.aborted || !mayPass(error)) throw error;
    }
    if (measureOffset(readings)?.source === 'ticks') break;
  }
  const row = { server, account, symbol: null };
  const offsetS = clockOffset(stated.offsetS);
  const said = {
    ...row,
    kind: 'stated',
    utc_offset_s: offsetS,
    reason: offsetS === null ? `${stated.offsetS} s is not a valid clock offset` : null,
  };
  // A gateway that replays an old day has its own time, so its clock cannot be compared with ours.
  if (replayed) {
    const shown = parseBrokerTime(stated.serverTime);
    return shown === null || offsetS === null ? [] : [{ ...said, ts: (shown.ms - offsetS * 1000) * 1000 }];
  }
  const ts = c.parts.clock.nowUs();
  const measured = measureOffset(readings);
  if (measured === null) return [{ ...said, ts }];
  return [
    { ...said, ts },
    { ...row, ts, kind: measured.source, utc_offset_s: measured.offsetS },
  ];
}

/** Reads every clock once; returns what the gateway states. */
async function readClocks(
  c: SyncContext,
  symbols: readonly string[],
  readings: ClockReading[],
): Promise<{ offsetS: number; serverTime: string }> {
  const { clock } = c.parts;
  const { rest } = c.account;
  const note = (source: ClockReading['source'], name: string, text: string): void => {
    const time = parseBrokerTime(text);
    if (time !== null) readings.push({ source, name, brokerMs: time.ms, recvUtcMs: clock.nowMs() });
  };
  for (const symbol of symbols) {
    try {
      const { time } = await asked(c, () =>
        c.ask({ route: '/getQuote', purpose: 'facts' }, (signal) =>
          rest.quote(symbol, { signal, retry: 'transport' }),
        ),
      );
      note('ticks', symbol, time);
    } catch (error) {
      // Not listed, or no quote yet: other symbols show the time too.
      if (!isNotReady(error)) throw error;
    }
  }
  const said = await asked(c, () =>
    c.ask({ route: '/ServerTimezone', purpose: 'facts' }, (signal) =>
      rest.serverTimezone({ signal, retry: 'transport' }),
    ),
  );
  note('server_time', '', said.serverTime);
  return { offsetS: said.utcOffsetSeconds, serverTime: said.serverTime };
}

/** Repeats a failed request a little later, unless the gateway said to wait or the request was too large. */
async function asked<T>(c: SyncContext, ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries >= TRIES || c.signal.aborted || isTooMuch(error) || !mayPass(error)) throw error;
      await pauseOrThrow(c.parts.clock, AGAIN_MS * tries, c.signal);
    }
  }
}

const mayPass = (error: unknown): boolean => {
  const { cause, kind, retryAfterMs } = error as { cause?: unknown; kind?: unknown; retryAfterMs?: unknown };
  const waits = retryAfterMs ?? (cause as { retryAfterMs?: unknown } | undefined)?.retryAfterMs;
  return kind === 'transient' && waits === undefined;
};

const noSymbols = (c: SyncContext): EvidenceRow => {
  const { account, server } = c.account;
  const ts = c.parts.clock.nowUs();
  return { ts, server, account, kind: 'edges', symbol: null, bars: 0, reason: 'no symbol is listed' };
};

async function edges(
  c: SyncContext,
  symbol: string,
  payload: Payload<'clock'>,
  attempt: number,
): Promise<EvidenceRow> {
  const { account, server } = c.account;
  const row = { server, account, kind: 'edges', symbol } as const;
  try {
    const opens = await hourlyOpens(c, symbol, payload);
    const ts = c.parts.clock.nowUs();
    return { ...row, ts, bars: opens.length, edges: spellEdges(weekEdges(opens)) };
  } catch (error) {
    const { code, message, retryAfterMs } = error as {
      code?: unknown;
      message: string;
      retryAfterMs?: unknown;
    };
    const last = attempt >= Math.min(PATIENT_TRIES, catalogue.clock.attempts);
    // Being told to wait is not a refusal.
    const unread = last && retryAfterMs === undefined && /^(FXSOCKET|HISTORY)_/.test(String(code));
    const refused = code === 'SYMBOL_NOT_LISTED' || unread;
    if (!refused || c.signal.aborted) throw error;
    return { ...row, ts: c.parts.clock.nowUs(), bars: 0, reason: `${String(code)}: ${message}` };
  }
}

/** Opening times of hourly bars on the broker's wall clock, oldest first. */
async function hourlyOpens(
  c: SyncContext,
  symbol: string,
  { fromUs, toUs }: Payload<'clock'>,
): Promise<BrokerMs[]> {
  const opens: BrokerMs[] = [];
  const endMs = Math.ceil(toUs / 1000) + WIDEST_MS;
  let atMs = Math.floor(fromUs / 1000) - WIDEST_MS;
  let pageMs = PAGE_MS;
  while (atMs < endMs) {
    const untilMs = Math.min(atMs + pageMs, endMs);
    try {
      opens.push(...(await asked(c, () => page(c, symbol, atMs, untilMs))));
      atMs = untilMs;
    } catch (error) {
      if (!isTooMuch(error)) throw error;
      pageMs /= 2;
      const range = { fromUs: atMs * 1000, toUs: untilMs * 1000 };
      if (pageMs < LEAST_PAGE_MS) throw tooSlow(`H1 bars of ${symbol}`, range, error);
    }
  }
  return opens;
}

/** Bars that open in `[fromMs, toMs)` of the wall clock. */
async function page(c: SyncContext, symbol: string, fromMs: number, toMs: number): Promise<BrokerMs[]> {
  const text = (ms: number): string => formatBrokerTime(brokerMs(ms)).slice(0, 19);
  const range = { fromUs: fromMs * 1000, toUs: toMs * 1000 };
  const what = `H1 bars of ${symbol}`;
  const question = { route: '/PriceHistory', of: 'H1', what, symbol, range, purpose: 'facts' } as const;
  const answer = await readHistory(c, question, (options) =>
    c.account.rest.priceHistory(
      { symbol, timeframe: 'H1', from: text(fromMs), to: text(toMs - 1000) },
      options,
    ),
  );
  return answer.rows.flatMap(({ time }) => {
    const open = typeof time === 'string' ? parseBrokerTime(time) : null;
    return open === null ? [] : [open.ms];
  });
}
