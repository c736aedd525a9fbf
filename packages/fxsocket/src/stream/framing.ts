// Socket bytes → frame. In: the payload of one WebSocket message. Out: its text, exact, with what it means. Bytes that
// are not text (a binary message, or text that is not UTF-8) are kept as base64, so that nothing is lost by reading.

import { isUtf8 } from 'node:buffer';
import { decodeWhole } from './codec.ts';
import type { FrameItem } from './events.ts';
import type { Message, Undecodable } from './messages.ts';
import { scanTick } from './scan-tick.ts';

export interface ReceivedFrame {
  /** The frame as received; base64 of its bytes when `binary`. */
  text: string;
  /** True when the text is JSON on one line, as it may stand inside another JSON document of one line. */
  json: boolean;
  binary: boolean;
  message: Message | Undecodable;
}

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

/** Reads one message of the socket. Never throws. */
export function readFrame(data: Buffer, isBinary: boolean): ReceivedFrame {
  if (isBinary) return bytesFrame(data, 'binary frame');
  const text = data.toString('utf8');
  const tick = scanTick(data, text);
  if (tick !== null) return { text, json: true, binary: false, message: tick };
  // A replacement character is either the gateway's own or stands for bytes that no text can hold.
  if (text.includes('\uFFFD') && !isUtf8(data)) return bytesFrame(data, 'text frame that is not UTF-8');
  const message = decodeWhole(text);
  const json = !(message.type === 'undecodable' && message.reason === 'not_json') && onOneLine(text);
  return { text, json, binary: false, message };
}

/** A frame with where and when it was received. Written out: a spread costs as much as reading a tick does. */
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
