// The gateway's messages on the socket. In: what happened. Out: the text of one JSON object, as in the gateway reference (times in broker time, with the
// misleading `Z`).

import type { SymbolSpec } from '../prices/symbols.ts';
import type { Bar } from '../history/minute-bars.ts';
import type { Timeframe } from '../history/timeframe.ts';
import type { Subscription } from './request.ts';

export const acknowledged = (
  action: 'subscribe' | 'unsubscribe',
  topic: string,
  message: string = `${action}d`,
): string => JSON.stringify({ type: `${action}d`, topic, message });

export const refused = (topic: string | null, message: string): string =>
  JSON.stringify({ type: 'error', topic: topic ?? '', message });

export const subscriptionList = (list: readonly Subscription[]): string =>
  JSON.stringify({ type: 'subscriptions', data: list });

/** A bar as REST rows and `bar` frames show it. */
export const barRow = (bar: Bar, digits: number): Record<string, unknown> => {
  const scale = 10 ** digits;
  return {
    time: new Date(bar.openBrokerMs).toISOString(),
    open: bar.open / scale,
    high: bar.high / scale,
    low: bar.low / scale,
    close: bar.close / scale,
    tickVolume: bar.volume,
    realVolume: 0,
    spread: bar.spread,
  };
};

export const barFrame = (spec: SymbolSpec, timeframe: Timeframe, bar: Bar): string =>
  JSON.stringify({ type: 'bar', symbol: spec.name, timeframe, data: barRow(bar, spec.digits) });

/** The heartbeat; `serverTime` is text. */
export const heartbeat = (connected: boolean, serverTime: string): string =>
  JSON.stringify({ type: 'terminal', data: { connected, tradeAllowed: true, serverTime } });

/** This many messages were dropped because the client was slow. */
export const droppedWarning = (count: number): string => `{"type":"warning","dropped":${count}}`;
