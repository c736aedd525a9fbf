// The gateway's messages, as the client decodes them. Types only: this package loads none of the client's code. Here a broker time is any
// text, because it may also come from the tape or from a test.
import type * as client from '@fxtape/fxsocket';

/** The same shape with broker times as plain text. */
type Plain<T> = T extends client.BrokerTime
  ? string
  : T extends object
    ? { readonly [K in keyof T]: Plain<T[K]> }
    : T;

/** A topic as the client defines it. */
export type WireTopic = {
  [T in client.Topic]: { readonly topic: T; readonly frame: (typeof client.topicShapes)[T]['frame'] };
}[client.Topic];
export type UnreadableField = client.UnreadableField;
export type WireTick = Plain<client.WireTick>;
export type WireMessage = Plain<client.Message | client.Undecodable>;
export type WireHistoryBar = Plain<client.WireBar>;
export type WireHistoryTick = Plain<client.WireQuoteTick>;
export type WireHistoryDeal = Plain<client.WireDeal>;
export type WireHistoryPosition = Plain<client.WireClosedPosition>;
export type WireSymbolInfo = Plain<client.WireSymbolInfo>;
