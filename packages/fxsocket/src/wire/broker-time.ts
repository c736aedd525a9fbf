// The wall clock of a broker's server, as the gateway writes it, and the way between it and real time. In: a text and an offset. Out: an instant,
// or a text. What the offset was on another day nobody tells: `/ServerTimezone` knows today's, and most brokers move it twice a year.

import { z } from 'zod';
import { badArgument } from '../options.ts';

declare const broker: unique symbol;

/**
 * The broker's wall clock, such as `2026-06-22T16:53:56Z`. Its `Z` is decoration: this is **not UTC**, and `new Date(time)` is hours wrong.
 * `toUtc(time, offsetSeconds)` makes an instant of it, with the offset of that day (`serverTimezone()` tells today's).
 */
export type BrokerTime = string & { readonly [broker]: true };

/** `new Date` of it is hours wrong: see `BrokerTime`. For the declarations of the package, which lose what stands in a schema. */
export interface AtTime {
  /** Broker time, **not UTC**, whatever its `Z` says: `toUtc(time, offsetSeconds)`. */
  readonly time: BrokerTime;
}
export interface PerhapsAtTime {
  /** Broker time, **not UTC**, whatever its `Z` says: `toUtc(time, offsetSeconds)`. */
  readonly time?: BrokerTime | null | undefined;
}
export interface OpenedAt {
  /** Broker time, **not UTC**, whatever its `Z` says: `toUtc(openTime, offsetSeconds)`. */
  readonly openTime?: BrokerTime | null | undefined;
}
export interface OpenedAndClosedAt {
  /** Broker time, **not UTC**, whatever its `Z` says: `toUtc(openTime, offsetSeconds)`. */
  readonly openTime: BrokerTime;
  /** Broker time, **not UTC**, whatever its `Z` says: `toUtc(closeTime, offsetSeconds)`. */
  readonly closeTime: BrokerTime;
}
export interface AtServerTime {
  /** Broker time, **not UTC**, whatever its `Z` says: `toUtc(serverTime, offsetSeconds)`. */
  readonly serverTime: BrokerTime;
}
export interface PerhapsAtServerTime {
  /** Broker time, **not UTC**, whatever its `Z` says: `toUtc(serverTime, offsetSeconds)`. */
  readonly serverTime?: BrokerTime | null | undefined;
}

const text: z.ZodType<unknown, string> = z.string();
/** Any text: whether it can be read is for whoever reads it. */
export const brokerTime = text as z.ZodType<BrokerTime, string>;

const CLOCK = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?$/;

/** Milliseconds as if it were UTC: good for differences and order, never an instant. Null: it cannot be read, or is no day. */
export function wallMs(time: string): number | null {
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '0'] =
    CLOCK.exec(time.endsWith('Z') ? time.slice(0, -1) : time) ?? [];
  if (year === undefined) return null;
  const ms = Date.UTC(+year, Number(month) - 1, Number(day), +hour, +minute, +second);
  const date = new Date(ms);
  const same =
    date.getUTCDate() === Number(day) && date.getUTCHours() === +hour && date.getUTCMinutes() === +minute;
  return same ? ms + Math.floor(Number(`0.${fraction}`) * 1000) : null;
}

/** `YYYY-MM-DDTHH:MM:SS`, without a zone, as the history routes take it. */
export const wallText = (ms: number): BrokerTime => new Date(ms).toISOString().slice(0, 19) as BrokerTime;

const offsetMs = (offsetSeconds: number): number => {
  if (!Number.isFinite(offsetSeconds) || Math.abs(offsetSeconds) > 86_400)
    throw badArgument(`offsetSeconds must be the broker's time minus UTC in seconds, not ${offsetSeconds}`);
  return offsetSeconds * 1000;
};

/**
 * The instant of a broker time. `offsetSeconds`: broker time minus UTC **on that day**, `utcOffsetSeconds` of `serverTimezone()` for today.
 * @throws FXSOCKET_BAD_ARGUMENT
 */
export function toUtc(time: BrokerTime | string, offsetSeconds: number): Date {
  const ms = wallMs(time);
  if (ms === null)
    throw badArgument(`${JSON.stringify(time)} is not a broker time such as 2026-06-22T16:53:56Z`);
  return new Date(ms - offsetMs(offsetSeconds));
}

/**
 * The broker time of an instant, to the second and without a zone, as bounds of history are given. @throws FXSOCKET_BAD_ARGUMENT
 */
export function toBrokerTime(instant: Date, offsetSeconds: number): BrokerTime {
  if (Number.isNaN(instant.getTime())) throw badArgument('the instant is not a date');
  return wallText(instant.getTime() + offsetMs(offsetSeconds));
}

/** A time that the gateway gave, as a bound of history: without its `Z`. @throws FXSOCKET_BAD_ARGUMENT */
export function asBound(time: BrokerTime): BrokerTime {
  const ms = wallMs(time);
  if (ms === null)
    throw badArgument(`${JSON.stringify(time)} is not a broker time such as 2026-06-22T16:53:56Z`);
  return wallText(ms);
}

/** A bound with a zone would be taken for the broker's clock, hours away from what it says. @throws FXSOCKET_BAD_ARGUMENT */
export function checkedBound(name: string, bound: unknown): void {
  if (bound === undefined) return;
  if (typeof bound === 'string' && CLOCK.test(bound)) return;
  const said = typeof bound === 'string' ? JSON.stringify(bound.slice(0, 40)) : typeof bound;
  const zone = typeof bound === 'string' && /(?:Z|[+-]\d\d:?\d\d)$/i.test(bound);
  throw badArgument(
    `${name} must be broker time without a zone, such as 2026-06-22T16:53:56 or 2026-06-22, not ${said}${zone ? ': asBound() removes the Z from a gateway time, toBrokerTime() converts an instant' : ''}`,
  );
}
