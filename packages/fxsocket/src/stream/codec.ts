// Frame text → message. In: one text frame as received. Out: a validated message, `unknown`, or `undecodable`; never
// an exception. Ticks take the short way (scan-tick.ts) where they are spelled as usual; everything else is parsed and checked by its schema.

import { z } from 'zod';
import { wireAccountSummary, type WireOpenedOrder, wireOpenedOrder, wireTrade } from '../wire/account.ts';
import { mayHoldLongInteger, parseJson } from '../wire/json.ts';
import { wireBar, wireTick } from '../wire/market.ts';
import { wireTerminal } from '../wire/terminal.ts';
import type { Message, RejectedElement, Undecodable } from './messages.ts';
import { type ReadRecord, readRecord, reasonOf } from '../wire/record.ts';
import { scanTick } from './scan-tick.ts';
import { normaliseSubscription, type Subscription } from './subscription.ts';

const SCRATCH_BYTES = 3072;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

type Decoded = Message | Undecodable;
type Fields = Record<string, unknown>;

const acknowledgement = z.object({ topic: z.string(), message: z.string().nullish() });
const errorFrame = z.object({ topic: z.string().nullish(), message: z.string().nullish() });
const warningFrame = z.object({ dropped: z.int().nonnegative() });
const listed = z.object({
  topic: z.string(),
  symbol: z.string().nullish(),
  timeframe: z.string().nullish(),
});

function stringOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Where a frame belongs, for a frame that may be broken in any way. */
function placeOf(frame: Fields): Pick<Undecodable, 'wireType' | 'symbol' | 'timeframe'> {
  const data = typeof frame['data'] === 'object' && frame['data'] !== null ? (frame['data'] as Fields) : {};
  return {
    wireType: stringOrNull(frame['type']),
    symbol: stringOrNull(frame['symbol']) ?? stringOrNull(data['symbol']),
    timeframe: stringOrNull(frame['timeframe']),
  };
}

function invalid(frame: Fields, detail: string): Undecodable {
  return { type: 'undecodable', reason: 'invalid', ...placeOf(frame), detail };
}

function shapeProblem(frame: Fields, error: z.ZodError, under: string): Undecodable {
  const issue = error.issues[0];
  const path = [under, ...(issue?.path ?? [])].filter((part) => part !== '').join('.');
  return invalid(frame, `${path || 'frame'}: ${issue?.message ?? 'wrong shape'}`);
}

function decodeTick(frame: Fields): Decoded {
  const read = readRecord(wireTick, frame['data']);
  if (!read.ok) return shapeProblem(frame, read.error, 'data');
  const data = read.value;
  const inner = data.symbol;
  const symbol = frame['symbol'] ?? inner;
  if (typeof symbol !== 'string' || symbol === '') return invalid(frame, 'symbol: missing');
  if (inner !== null && inner !== undefined && inner !== symbol)
    return invalid(frame, `data.symbol: ${inner} in a frame for ${symbol}`);
  return { type: 'tick', symbol, data };
}

function decodeBar(frame: Fields): Decoded {
  const read = readRecord(wireBar, frame['data']);
  if (!read.ok) return shapeProblem(frame, read.error, 'data');
  const { symbol, timeframe } = placeOf(frame);
  if (symbol === null) return invalid(frame, 'symbol: missing');
  if (timeframe === null) return invalid(frame, 'timeframe: missing');
  return { type: 'bar', symbol, timeframe, data: read.value };
}

/** Element by element: a bad one does not hide the others. */
function decodePositions(frame: Fields): Decoded {
  const elements = frame['data'];
  if (!Array.isArray(elements)) return invalid(frame, 'data: not an array');
  const data: WireOpenedOrder[] = [];
  const rejected: RejectedElement[] = [];
  for (const [index, element] of elements.entries()) {
    const read: ReadRecord<WireOpenedOrder> = readRecord(wireOpenedOrder, element);
    if (read.ok) data.push(read.value);
    else rejected.push({ index, reason: reasonOf(read.error) });
  }
  return { type: 'positions', data, ...(rejected.length > 0 && { rejected }) };
}

function decodeList(frame: Fields): Decoded {
  const rows = frame['data'];
  if (!Array.isArray(rows)) return invalid(frame, 'data: not an array');
  const data: Subscription[] = [];
  for (const row of rows) {
    const read = listed.safeParse(row);
    const sub = read.success ? normaliseSubscription(read.data) : null;
    if (sub !== null) data.push(sub);
  }
  return { type: 'subscriptions', data, unreadable: rows.length - data.length };
}

function decodeObject(frame: Fields): Decoded {
  const type = frame['type'];
  switch (type) {
    case 'tick':
      return decodeTick(frame);
    case 'bar':
      return decodeBar(frame);
    case 'terminal': {
      const data = wireTerminal.safeParse(frame['data']);
      return data.success ? { type, data: data.data } : shapeProblem(frame, data.error, 'data');
    }
    case 'account': {
      const data = readRecord(wireAccountSummary, frame['data']);
      return data.ok ? { type, data: data.value } : shapeProblem(frame, data.error, 'data');
    }
    case 'positions':
      return decodePositions(frame);
    case 'trade': {
      const data = readRecord(wireTrade, frame['data']);
      return data.ok ? { type, data: data.value } : shapeProblem(frame, data.error, 'data');
    }
    case 'subscribed':
    case 'unsubscribed': {
      const ack = acknowledgement.safeParse(frame);
      if (!ack.success) return shapeProblem(frame, ack.error, '');
      return { type, topic: ack.data.topic, message: ack.data.message ?? '' };
    }
    case 'error': {
      const error = errorFrame.safeParse(frame);
      if (!error.success) return shapeProblem(frame, error.error, '');
      return { type, topic: error.data.topic ?? null, message: error.data.message ?? '' };
    }
    case 'subscriptions':
      return decodeList(frame);
    case 'warning': {
      const warning = warningFrame.safeParse(frame);
      if (!warning.success) return shapeProblem(frame, warning.error, '');
      return { type, dropped: warning.data.dropped };
    }
    default:
      return { type: 'unknown', wireType: stringOrNull(type) };
  }
}

/**
 * Reads one text frame. Identifiers in `trade` and `positions` frames are exact: a bigint beyond 2^53.
 * Never throws: what cannot be read comes back as `undecodable` with the reason.
 */
export function decodeFrame(text: string): Decoded {
  if (text.length > SCRATCH_BYTES / 3) return decodeWhole(text);
  const bytes = scratch.write(text, 'utf8');
  return scanTick(scratch.subarray(0, bytes), text) ?? decodeWhole(text);
}

/** The long way, for every frame. The short way is held against it by a test. */
export function decodeWhole(text: string): Decoded {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message.slice(0, 200) : 'not JSON';
    return {
      type: 'undecodable',
      reason: 'not_json',
      wireType: null,
      symbol: null,
      timeframe: null,
      detail,
    };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { type: 'unknown', wireType: null };
  const frame = value as Fields;
  if ((frame['type'] === 'trade' || frame['type'] === 'positions') && mayHoldLongInteger(text))
    return decodeObject(parseJson(text) as Fields);
  return decodeObject(frame);
}
