// The state of the terminal itself: heartbeat, health, time zone. `serverTime` is broker time.

import { z } from 'zod';
import { type AtServerTime, brokerTime, type PerhapsAtServerTime } from './broker-time.ts';
import { essential } from './record.ts';

/** `data` of a `terminal` frame: the heartbeat, about once a second. */
export const wireTerminal = z.object({
  connected: z.boolean(),
  tradeAllowed: essential(z.boolean().nullish()),
  serverTime: brokerTime,
});
export type WireTerminal = z.infer<typeof wireTerminal> & AtServerTime;

/** The answer of `/ServerTimezone`: broker time minus UTC now, seconds. Another season may have another offset. */
export const wireServerTimezone = z.object({ serverTime: brokerTime, utcOffsetSeconds: z.int() });
export type WireServerTimezone = z.infer<typeof wireServerTimezone> & AtServerTime;

/** The answer of `/status` (always HTTP 200); `status` is `ready`, `starting`, `degraded`, `down` or a newer word. */
export const wireStatus = z.object({
  status: z.string(),
  terminal: z.object({ alive: z.boolean(), build: z.number().nullish(), pingMs: z.number().nullish() }),
  broker: z.object({ connected: z.boolean(), server: z.string().nullish() }),
  account: z.object({
    loggedIn: z.boolean(),
    login: z.number().nullish(),
    currency: z.string().nullish(),
    type: z.string().nullish(),
    tradeAllowed: z.boolean().nullish(),
  }),
  bridge: z
    .object({
      version: z.string().nullish(),
      tradeEaReady: z.boolean().nullish(),
      tradeEaHeartbeatAgeMs: z.number().nullish(),
      symbolsSynced: z.boolean().nullish(),
    })
    .nullish(),
  serverTime: brokerTime.nullish(),
});
export type WireStatus = z.infer<typeof wireStatus> & PerhapsAtServerTime;

/**
 * Whether the terminal's lists are complete: connected to the broker, logged in, symbols synchronised. Before that they are short or empty.
 * A bridge that does not report the synchronisation is judged by the other two.
 */
export const isTerminalReady = ({ account, bridge, broker }: WireStatus): boolean =>
  broker.connected && account.loggedIn && bridge?.symbolsSynced !== false;

/** The answer of `/healthz` and `/livez`, the same body with 200 and with 503. */
export const wireHealth = z.object({
  status: z.string(),
  terminal: z.boolean(),
  broker: z.boolean(),
  account: z.boolean(),
});
export type WireHealth = z.infer<typeof wireHealth>;
