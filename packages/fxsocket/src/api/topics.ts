// The topics of the socket, defined once: what a subscription needs and what its frames carry. Subscriptions, message types, decoding and the
// OpenAPI document are derived from this table.

import { z } from 'zod';
import {
  type WireAccountSummary,
  wireAccountSummary,
  type WireOpenedOrder,
  wireOpenedOrder,
  type WireTrade,
  wireTrade,
} from '../wire/account.ts';
import { type WireBar, wireBar, type WireTick, wireTick } from '../wire/market.ts';
import { type WireTerminal, wireTerminal } from '../wire/terminal.ts';

export interface TopicShape {
  /** The `type` of its frames. */
  readonly frame: string;
  readonly needs: readonly ('symbol' | 'timeframe')[];
  /** The `data` of its frames. */
  readonly data: z.ZodType;
}

declare const carried: unique symbol;
/** One record, or a list that is read element by element, so that a bad element does not hide the others. */
type Schema = z.ZodObject | z.ZodArray<z.ZodObject>;

/** `T` is the named type that the package's declarations show instead of the inferred one. */
const of = <T>(schema: Schema & z.ZodType<T>): Schema & { readonly [carried]?: T } => schema;

/** In the order in which topics are subscribed: the heartbeat first, market data last. */
export const topicShapes = {
  /** The heartbeat, about once a second. */
  terminal: { frame: 'terminal', needs: [], data: of<WireTerminal>(wireTerminal) },
  account: { frame: 'account', needs: [], data: of<WireAccountSummary>(wireAccountSummary) },
  /** Each frame lists all open positions and pending orders. */
  positions: { frame: 'positions', needs: [], data: of<WireOpenedOrder[]>(z.array(wireOpenedOrder)) },
  trades: { frame: 'trade', needs: [], data: of<WireTrade>(wireTrade) },
  /** Ticks have their own fast decoder, stream/scan-tick.ts. */
  prices: { frame: 'tick', needs: ['symbol'], data: of<WireTick>(wireTick) },
  bars: { frame: 'bar', needs: ['symbol', 'timeframe'], data: of<WireBar>(wireBar) },
} as const satisfies Readonly<Record<string, TopicShape>>;

type Shapes = typeof topicShapes;
export type Topic = keyof Shapes;
export type FrameOf<T extends Topic> = Shapes[T]['frame'];
export type NeedOf<T extends Topic> = Shapes[T]['needs'][number];
export type DataOf<T extends Topic> = NonNullable<Shapes[T]['data'][typeof carried]>;

export const topics = Object.keys(topicShapes) as Topic[];

/** The topic of a data frame, by its `type`. */
export const topicOfFrame: ReadonlyMap<string, Topic> = new Map(
  topics.map((topic) => [topicShapes[topic].frame, topic]),
);
