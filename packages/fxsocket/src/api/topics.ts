// The topics of the socket, as data: what a subscription needs and what its frames carry. The OpenAPI document tells them beside the
// routes, for programs that build requests from it.

import { z } from 'zod';
import type { Topic } from '../stream/subscription.ts';
import { wireAccountSummary, wireOpenedOrder, wireTrade } from '../wire/account.ts';
import { wireBar, wireTick } from '../wire/market.ts';
import { wireTerminal } from '../wire/terminal.ts';

export interface TopicShape {
  /** The `type` of its frames. */
  readonly frame: string;
  readonly needs: readonly ('symbol' | 'timeframe')[];
  /** The `data` of its frames. */
  readonly data: z.ZodType;
}

export const topicShapes: Readonly<Record<Topic, TopicShape>> = {
  prices: { frame: 'tick', needs: ['symbol'], data: wireTick },
  bars: { frame: 'bar', needs: ['symbol', 'timeframe'], data: wireBar },
  account: { frame: 'account', needs: [], data: wireAccountSummary },
  positions: { frame: 'positions', needs: [], data: z.array(wireOpenedOrder) },
  trades: { frame: 'trade', needs: [], data: wireTrade },
  terminal: { frame: 'terminal', needs: [], data: wireTerminal },
};
