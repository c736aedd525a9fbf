// Reads the fields of one record. A value that cannot be read or stored becomes null, with the reason, and never costs the record. In: values
// from the wire. Out: values that the tables can hold, and once per record the reasons. Text is made Unicode that a database returns
// unchanged, so that an unchanged answer compares as equal.

import type { UnreadableField } from './wire.ts';
import type { UtcReading } from '../time/clock-rule.ts';

/** The earliest time that the tables store, in UTC milliseconds: before it the unit or the clock would be wrong. */
export const EARLIEST_STORABLE_MS = Date.UTC(1971, 0, 1);

/** The first time beyond what the tables store, in UTC milliseconds. */
export const LATEST_STORABLE_MS = Date.UTC(2200, 0, 1);

/** Why a time cannot be stored; null when it can. */
export const unstorable = ({ ms }: UtcReading): string | null => {
  if (ms < EARLIEST_STORABLE_MS) return 'the time lies before 1971';
  return ms < LATEST_STORABLE_MS ? null : 'the time lies beyond 2199';
};

type Id = number | bigint;

const TWO_63 = 2n ** 63n;
const MAX_INT = 2 ** 31 - 1;
/** Whole numbers that went through a calculation are off by no more. */
const WHOLE = 1e-6;

/** NUL and halves of surrogate pairs become U+FFFD. */
export const textOrNull = (text: string | null | undefined): string | null =>
  text === null || text === undefined ? null : text.toWellFormed().replaceAll('\0', '\ufffd');

/** An exact whole number of 64 bits with a sign, and not the smallest, which is the database's null. */
export const isStorableId = (id: Id): boolean =>
  typeof id === 'bigint' ? id > -TWO_63 && id < TWO_63 : Number.isSafeInteger(id);

export class FieldReader {
  #faults: string[] = [];

  /** Why fields of the record read so far are null; null when none is. Forgets it: the next record begins. */
  take(unreadable: readonly UnreadableField[] = []): string | null {
    if (this.#faults.length === 0 && unreadable.length === 0) return null;
    const faults = [...unreadable.map(({ field, why }) => `${field}: ${why}`), ...this.#faults];
    this.#faults = [];
    return faults.join('; ');
  }

  /** A money figure, a price that is not essential, a volume in lots. */
  figure(name: string, value: number | null | undefined): number | null {
    if (value === null || value === undefined) return null;
    return Number.isFinite(value) ? value : this.fault(name, 'not a finite number');
  }

  /** A volume of bars: a whole number that is not negative. */
  count(name: string, value: number | null | undefined): number | null {
    if (value === null || value === undefined) return null;
    const whole = Math.round(value);
    if (!Number.isSafeInteger(whole) || whole < 0) return this.fault(name, 'not a count');
    return Math.abs(value - whole) <= WHOLE ? whole : this.fault(name, 'not a whole number');
  }

  /** A whole number of points. */
  points(name: string, value: number | null | undefined): number | null {
    if (value === null || value === undefined) return null;
    return Number.isInteger(value) && Math.abs(value) <= MAX_INT
      ? value
      : this.fault(name, 'not a whole number of points');
  }

  /** The number of an order or a position that stands beside the record's own. */
  id(name: string, value: Id | null | undefined): Id | null {
    if (value === null || value === undefined) return null;
    return isStorableId(value) ? value : this.fault(name, 'not a number that a table can hold');
  }

  /** An unsigned 64-bit number as its two's complement. 2^63 would be the database's null. */
  magic(name: string, value: Id | null | undefined): Id | null {
    const above = typeof value === 'bigint' && value > TWO_63 && value < 2n * TWO_63;
    return above ? BigInt.asIntN(64, value) : this.id(name, value);
  }

  /** Says why a field is null. */
  fault(name: string, why: string): null {
    this.#faults.push(`${name}: ${why}`);
    return null;
  }
}
