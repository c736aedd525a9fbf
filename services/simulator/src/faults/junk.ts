// Unreadable frames: extra ones between the real ones, or a real tick sent unreadable. Extra frames are not in the ledger; a spoiled tick is there
// as withheld.

import { z } from 'zod';
import type { Terminal } from '../terminal/terminal.ts';
import { defineFault, type FaultKind, nothingThere, over } from './fault.ts';

const MIB = 1 << 20;

const EXTRA: Readonly<
  Record<string, (terminal: Terminal) => { bytes: Uint8Array; opcode: 'text' | 'binary' }>
> = {
  not_json: () => text('<html>502 Bad Gateway</html>'),
  cut_json: () => text('{"type":"tick","symbol":"EURUSD","data":{"symbol":"EURUSD","bid":1.0'),
  binary: () => ({ bytes: Uint8Array.from([0, 1, 2, 253, 254, 255]), opcode: 'binary' }),
  unknown_type: () => text('{"type":"mystery","data":{"answer":42}}'),
  bare_position: () =>
    text(
      '{"ticket":5000000009,"symbol":"EURUSD","type":"Buy","kind":"Position","lots":0.1,"openPrice":1.08}',
    ),
  bare_array: () => text('[{"ticket":5000000009,"symbol":"EURUSD","lots":0.1}]'),
  huge: () => text(`{"type":"mystery","padding":"${'x'.repeat(MIB)}"}`),
  time_zero: () =>
    text(
      '{"type":"trade","data":{"deal":5000000201,"order":5000000202,"position":5000000202,"symbol":"EURUSD","type":"Buy","entry":"In","volume":0.1,"price":1.08421,"profit":0.0,"time":"1970-01-01T00:00:00Z"}}',
    ),
  invalid_utf8: () => ({ bytes: Buffer.from('7b2274797065223a22ff22fe7d', 'hex'), opcode: 'text' }),
};

function text(content: string): { bytes: Uint8Array; opcode: 'text' } {
  return { bytes: Buffer.from(content), opcode: 'text' };
}

const junk = defineFault(
  'junk',
  z.strictObject({
    what: z.enum([
      'not_json',
      'cut_json',
      'binary',
      'unknown_type',
      'bad_tick',
      'bare_position',
      'bare_array',
      'huge',
      'time_zero',
      'invalid_utf8',
    ]),
    count: z.int().positive().default(1),
    /** For `bad_tick`: the symbol whose next `count` ticks go out unreadable. Default: the first that is subscribed. */
    symbol: z.string().optional(),
  }),
  (terminal, { what, count, symbol }) => {
    const { connection, conditions, market } = terminal;
    if (connection === null) return nothingThere;
    if (what === 'bad_tick') {
      const index =
        symbol === undefined ? connection.subscriptions.prices.indexOf(1) : market.indexOf(symbol);
      if (index === -1) return nothingThere;
      conditions.badTicks.set(index, count);
      return { applied: true, release: () => void conditions.badTicks.delete(index) };
    }
    for (let i = 0; i < count; i++) {
      const frame = EXTRA[what]?.(terminal);
      if (frame !== undefined) connection.sendJunk(frame.bytes, frame.opcode);
    }
    return over;
  },
);

export const JUNK_FAULTS: readonly FaultKind[] = [junk];
