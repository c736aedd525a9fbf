// The words a gateway says on the socket, after validation. One type per kind of frame, plus `unknown` (valid JSON of a
// kind nobody listed: to be kept and counted) and `undecodable` (a kind we know in a shape we do not, or no JSON at all).

import type { WireAccountSummary, WireOpenedOrder, WireTrade } from '../wire/account.ts';
import type { WireBar, WireTick } from '../wire/market.ts';
import type { WireTerminal } from '../wire/terminal.ts';
import type { Subscription } from './subscription.ts';

export type Message =
  | { type: 'tick'; symbol: string; data: WireTick }
  | { type: 'bar'; symbol: string; timeframe: string; data: WireBar }
  | { type: 'account'; data: WireAccountSummary }
  /** `rejected`: elements that are no position, whatever they are; nothing of them is in `data`. */
  | { type: 'positions'; data: WireOpenedOrder[]; rejected?: RejectedElement[] }
  | { type: 'trade'; data: WireTrade }
  | { type: 'terminal'; data: WireTerminal }
  | { type: 'subscribed' | 'unsubscribed'; topic: string; message: string }
  | { type: 'error'; topic: string | null; message: string }
  /** `unreadable`: rows of the answer that name no subscription we know of. */
  | { type: 'subscriptions'; data: Subscription[]; unreadable: number }
  /** The server threw away this many messages because this client was slow: a gap, always. */
  | { type: 'warning'; dropped: number }
  | { type: 'unknown'; wireType: string | null };

/** An element of a list that cannot be read. */
export interface RejectedElement {
  index: number;
  reason: string;
}

/** A frame that cannot be read. Whatever names its place (`wireType`, `symbol`, `timeframe`) is kept when it could be read. */
export interface Undecodable {
  type: 'undecodable';
  reason: 'not_json' | 'invalid';
  wireType: string | null;
  symbol: string | null;
  timeframe: string | null;
  detail: string;
}
