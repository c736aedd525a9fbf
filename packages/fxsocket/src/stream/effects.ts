// What the session asks the client to do. The session does no I/O: it answers each input with effects, which the client carries out in order
// before the next input.

import type { SessionEvent } from './events.ts';

export type Effect =
  | { type: 'emit'; event: SessionEvent }
  /** Open a new socket. The answer is exactly one input: `opened` or `refused`. */
  | { type: 'connect' }
  | { type: 'send'; text: string }
  | { type: 'ping' }
  /** Start the closing handshake. The answer is the input `closed`. */
  | { type: 'close'; code: number; reason: string }
  /** Destroy the socket or the attempt. The answer is `closed` or `refused`. */
  | { type: 'terminate' }
  /** No further effect follows. */
  | { type: 'end' };
