// Decodes frames. In: the payload of one WebSocket message, or its text. Out: the exact text and a validated message, `unknown` or
// `undecodable`; never an exception. Ticks in the usual spelling take a fast path (scan-tick.ts); everything else is parsed and checked
// against its schema.

import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { type Topic, topicOfFrame, topicShapes } from '../api/topics.ts';
import { mayHoldLongInteger, parseJson } from '../wire/json.ts';
import { wireTick } from '../wire/market.ts';
import type { FrameItem } from './events.ts';
import type { DataMessage, Message, RejectedElement, Undecodable } from './messages.ts';
import { readRecord, reasonOf } from '../wire/record.ts';
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

/** Type, symbol and timeframe of a frame that may be malformed. */
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

/** A frame of any other topic, checked against the topic's definition. */
function decodeData(topic: Topic, frame: Fields): Decoded {
  const { data: schema, frame: type, needs } = topicShapes[topic];
  const carried = schema instanceof z.ZodArray ? elementsOf(schema.element, frame) : recordOf(schema, frame);
  if ('detail' in carried) return carried;
  const names: { [N in (typeof needs)[number]]?: string } = {};
  const place = placeOf(frame);
  for (const need of needs) {
    const name = place[need];
    if (name === null) return invalid(frame, `${need}: missing`);
    names[need] = name;
  }
  return { type, ...names, ...carried } as DataMessage;
}

function recordOf(schema: z.ZodObject, frame: Fields) {
  const read = readRecord(schema, frame['data']);
  return read.ok ? { data: read.value } : shapeProblem(frame, read.error, 'data');
}

/** Reads a list element by element, so that a bad element does not hide the others. */
function elementsOf(schema: z.ZodObject, frame: Fields) {
  const elements = frame['data'];
  if (!Array.isArray(elements)) return invalid(frame, 'data: not an array');
  const data: unknown[] = [];
  const rejected: RejectedElement[] = [];
  for (const [index, element] of elements.entries()) {
    const read = readRecord(schema, element);
    if (read.ok) data.push(read.value);
    else rejected.push({ index, reason: reasonOf(read.error) });
  }
  return { data, ...(rejected.length > 0 && { rejected }) };
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
    default: {
      const topic = topicOfFrame.get(String(type));
      return topic === undefined
        ? { type: 'unknown', wireType: stringOrNull(type) }
        : decodeData(topic, frame);
    }
  }
}

/**
 * Decodes one text frame. Identifiers are exact (bigint from 2^53 on). Never throws: a frame that cannot be read becomes `undecodable` with the
 * reason.
 */
export function decodeFrame(text: string): Decoded {
  if (text.length > SCRATCH_BYTES / 3) return decodeWhole(text);
  const bytes = scratch.write(text, 'utf8');
  return scanTick(scratch.subarray(0, bytes), text) ?? decodeWhole(text);
}

/** Decodes any frame without the fast path; a test compares the two. */
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
  const isExact = frame['type'] === 'tick' || !mayHoldLongInteger(text);
  return decodeObject(isExact ? frame : (parseJson(text) as Fields));
}

/** A decoded WebSocket message. */
export type ReceivedFrame = Pick<FrameItem, 'text' | 'json' | 'binary' | 'message'>;

const onOneLine = (text: string): boolean => !text.includes('\n') && !text.includes('\r');

function bytesFrame(data: Buffer, detail: string): ReceivedFrame {
  const message: Undecodable = {
    type: 'undecodable',
    reason: 'not_json',
    wireType: null,
    symbol: null,
    timeframe: null,
    detail,
  };
  return { text: data.toString('base64'), json: false, binary: true, message };
}

/** Decodes one WebSocket message. Bytes that are not text (a binary message, invalid UTF-8) are kept as base64. Never throws. */
export function readFrame(data: Buffer, isBinary: boolean): ReceivedFrame {
  if (isBinary) return bytesFrame(data, 'binary frame');
  const text = data.toString('utf8');
  const tick = scanTick(data, text);
  if (tick !== null) return { text, json: true, binary: false, message: tick };
  // A replacement character either came from the gateway or stands for invalid UTF-8.
  if (text.includes('\uFFFD') && !isUtf8(data)) return bytesFrame(data, 'text frame that is not UTF-8');
  const message = decodeWhole(text);
  const json = !(message.type === 'undecodable' && message.reason === 'not_json') && onOneLine(text);
  return { text, json, binary: false, message };
}

/** A frame with where and when it was received. Written out, because a spread costs as much as decoding a tick. */
export function frameItem(
  at: Pick<FrameItem, 'conn' | 'recvUs' | 'monoMs' | 'congested'>,
  frame: ReceivedFrame,
): FrameItem {
  return {
    kind: 'frame',
    conn: at.conn,
    recvUs: at.recvUs,
    monoMs: at.monoMs,
    congested: at.congested,
    text: frame.text,
    json: frame.json,
    binary: frame.binary,
    message: frame.message,
  };
}
