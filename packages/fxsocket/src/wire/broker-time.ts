// Broker time: the wall clock of the broker's server, as the gateway writes it. In: a text and an offset. Out: an instant, or the reverse.
// `/ServerTimezone` gives only today's offset, and most brokers change it twice a year.

import { z } from 'zod';
import { badArgument } from '../options.ts';

declare const broker: unique symbol;

/**
 * The broker's wall clock, such as `2026-06-22T16:53:56Z`. The trailing `Z` is wrong: this is **not UTC**, and `new Date(time)` is off by hours.
 * `toUtc(time, offsetSeconds)` converts it with the offset of that day (`serverTimezone()` gives today's).
 */
export type BrokerTime = string & { readonly [broker]: true };

// The generated declarations lose the comments of a schema, so these interfaces carry the warning to the types that users see.
export interface AtTime {
  /** Broker time, **not UTC** in spite of its `Z`: convert it with `toUtc(time, offsetSeconds)`. */
  readonly time: BrokerTime;
}
export interface PerhapsAtTime {
  /** Broker time, **not UTC** in spite of its `Z`: convert it with `toUtc(time, offsetSeconds)`. */
  readonly time?: BrokerTime | null | undefined;
}
export interface OpenedAt {
  /** Broker time, **not UTC** in spite of its `Z`: convert it with `toUtc(openTime, offsetSeconds)`. */
  readonly openTime?: BrokerTime | null | undefined;
}
export interface OpenedAndClosedAt {
  /** Broker time, **not UTC** in spite of its `Z`: convert it with `toUtc(openTime, offsetSeconds)`. */
  readonly openTime: BrokerTime;
  /** Broker time, **not UTC** in spite of its `Z`: convert it with `toUtc(closeTime, offsetSeconds)`. */
  readonly closeTime: BrokerTime;
}
export interface AtServerTime {
  /** Broker time, **not UTC** in spite of its `Z`: convert it with `toUtc(serverTime, offsetSeconds)`. */
  readonly serverTime: BrokerTime;
}
export interface PerhapsAtServerTime {
  /** Broker time, **not UTC** in spite of its `Z`: convert it with `toUtc(serverTime, offsetSeconds)`. */
  readonly serverTime?: BrokerTime | null | undefined;
}

const text: z.ZodType<unknown, string> = z.string();
/** Any text. Whether it is a valid time is checked where it is used. */
export const brokerTime = text as z.ZodType<BrokerTime, string>;

const CLOCK = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?$/;

/** Milliseconds as if the time were UTC: for differences and order, not an instant. Null when it is not a valid time. */
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
 * The instant of a broker time. `offsetSeconds` is broker time minus UTC **on that day**; for today `utcOffsetSeconds` of `serverTimezone()`.
 * @throws FXSOCKET_BAD_ARGUMENT
 */
export function toUtc(time: BrokerTime | string, offsetSeconds: number): Date {
  const ms = wallMs(time);
  if (ms === null)
    throw badArgument(`${JSON.stringify(time)} is not a broker time such as 2026-06-22T16:53:56Z`);
  return new Date(ms - offsetMs(offsetSeconds));
}

/**
 * The broker time of an instant, in whole seconds and without a zone, as bounds are written. @throws FXSOCKET_BAD_ARGUMENT
 */
export function toBrokerTime(instant: Date, offsetSeconds: number): BrokerTime {
  if (Number.isNaN(instant.getTime())) throw badArgument('the instant is not a date');
  return wallText(instant.getTime() + offsetMs(offsetSeconds));
}

/** A gateway time as a bound: in whole seconds, without the `Z`. @throws FXSOCKET_BAD_ARGUMENT */
export function asBound(time: BrokerTime): BrokerTime {
  const ms = wallMs(time);
  if (ms === null)
    throw badArgument(`${JSON.stringify(time)} is not a broker time such as 2026-06-22T16:53:56Z`);
  return wallText(ms);
}

/** Refuses a bound with a zone: the gateway would read it as broker time, hours off. @throws FXSOCKET_BAD_ARGUMENT */
export function checkedBound(name: string, bound: unknown): void {
  if (bound === undefined) return;
  if (typeof bound === 'string' && CLOCK.test(bound)) return;
  const said = typeof bound === 'string' ? JSON.stringify(bound.slice(0, 40)) : typeof bound;
  const zone = typeof bound === 'string' && /(?:Z|[+-]\d\d:?\d\d)$/i.test(bound);
  throw badArgument(
    `${name} must be broker time without a zone, such as 2026-06-22T16:53:56 or 2026-06-22, not ${said}${zone ? ': asBound() removes the Z from a gateway time, toBrokerTime() converts an instant' : ''}`,
  );
}
