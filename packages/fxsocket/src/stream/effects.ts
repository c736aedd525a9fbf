// What the session asks its owner to do. The session itself touches nothing: it gets inputs with a time and answers with
// these, to be carried out in order and without pause.

import type { SessionEvent } from './events.ts';

export type Effect =
  | { type: 'emit'; event: SessionEvent }
  /** Open a new socket. Must be answered by exactly one input: `opened` or `refused`. */
  | { type: 'connect' }
  | { type: 'send'; text: string }
  | { type: 'ping' }
  /** Start the closing handshake. The socket answers with the input `closed`. */
  | { type: 'close'; code: number; reason: string }
  /** Destroy the socket or the attempt at once. Answered by `closed` or `refused`. */
  | { type: 'terminate' }
  /** Nothing follows any more. */
  | { type: 'end' };
