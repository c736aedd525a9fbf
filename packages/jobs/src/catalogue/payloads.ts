// The payload of each kind of job, checked when the job is planned and again when it runs. All ranges are half-open `[fromUs, toUs)` in true
// UTC microseconds, like every `ts` column; the worker converts them to broker time, because the clock rule may change while a job waits.
// A payload never holds a key or an address, because the queue page shows it.
import { TIMEFRAMES } from '@fxtape/config';
import { STREAMS } from '@fxtape/market/tables';
import { z } from 'zod';

/** Why a job exists; decides its priority. `event`: something was streamed that history has to confirm. */
export const WHYS = ['event', 'request', 'gap', 'reread', 'history'] as const;
export type Why = (typeof WHYS)[number];

const account = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/);
const name = z.string().min(1).max(256);
const number = z.string().regex(/^-?\d{1,20}$/);
const us = z.int().min(0).max(7_258_118_400_000_000);
const why = z.enum(WHYS);

type Range = { readonly fromUs: number; readonly toUs: number };
const forwards = (range: Range): boolean => range.fromUs < range.toUs;
const range = { fromUs: us, toUs: us };
const forwardsMessage = { message: 'fromUs must lie before toUs', path: ['toUs'] };

export const barsPayload = z
  .strictObject({ account, feed: name, symbol: name, timeframe: z.enum(TIMEFRAMES), ...range, why })
  .refine(forwards, forwardsMessage);

export const dealsPayload = z.strictObject({ account, ...range, why }).refine(forwards, forwardsMessage);

export const positionsPayload = z.strictObject({ account, ...range, why }).refine(forwards, forwardsMessage);

/** One download of a symbol's ticks. `gapIds`: the gaps that it serves, as far as the plan knew. */
export const ticksPayload = z
  .strictObject({ account, feed: name, symbol: name, ...range, gapIds: z.array(name).max(1000), why })
  .refine(forwards, forwardsMessage);

export const symbolSpecsPayload = z.strictObject({ account, feed: name, symbol: name });

/** Brings one gap that has ended to its final state. */
export const healPayload = z
  .strictObject({
    account,
    gapId: name,
    stream: z.enum(STREAMS),
    feed: name.nullable(),
    symbol: name.nullable(),
    timeframe: z.enum(TIMEFRAMES).nullable(),
    ...range,
  })
  .refine(forwards, forwardsMessage);

/** Looks in history for deals and closed positions of this range that are known by number (decimal text). */
export const reconcilePayload = z
  .strictObject({
    account,
    ...range,
    dealIds: z.array(number).max(1000),
    positionIds: z.array(number).max(1000),
  })
  .refine(forwards, forwardsMessage);

/** Compares one broker day, given in UTC, with what was recorded. */
export const dailyQualityPayload = z
  .strictObject({ account, feed: name, symbol: name, ...range })
  .refine(forwards, forwardsMessage);

/** Compares stored rows with their revisions. `asOfUs`: later revisions are ignored. */
export const auditPayload = z.strictObject({ account, feed: name.nullable(), asOfUs: us });

/** Reads what the broker's clock shows now, and where trading weeks begin and end in hourly bars of these symbols. */
export const clockPayload = z
  .strictObject({ account, symbols: z.array(name).max(16), ...range })
  .refine(forwards, forwardsMessage);

/**
 * Asks the scheduler to plan now; null means all. `requestId`: made by the caller, so that every request is a job of its own. `again`:
 * covered ranges too. `skip`: how many jobs of the same request were planned before.
 */
export const planPayload = z.strictObject({
  requestId: name,
  account: account.nullable(),
  symbol: name.nullable(),
  timeframe: z.enum(TIMEFRAMES).nullable(),
  fromUs: us.nullable(),
  toUs: us.nullable(),
  again: z.boolean().default(false),
  skip: z.int().min(0).default(0),
});
