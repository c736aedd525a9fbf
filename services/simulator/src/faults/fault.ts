// Defines a fault: a name, checked parameters, and its effect on one account's terminal. Each kind is in the file of its family. A lasting fault can
// be released; with `ms` it ends by itself.

import { z } from 'zod';
import type { Conditions } from '../conditions.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface AppliedFault {
  /** False when the fault could not apply, for example without an open socket. */
  readonly applied: boolean;
  /** Ends a lasting fault; null for an instantaneous one. */
  readonly release: (() => void) | null;
}

/** A kind of fault, without the type of its parameters. */
export interface FaultKind {
  readonly kind: string;
  readonly parameters: z.ZodType;
  apply(terminal: Terminal, parameters: unknown): AppliedFault;
}

/** When the parameters include `ms`, the registry releases the fault after that many real milliseconds. */
export function defineFault<S extends z.ZodType>(
  kind: string,
  parameters: S,
  apply: (terminal: Terminal, parameters: z.output<S>) => AppliedFault,
): FaultKind {
  return {
    kind,
    parameters,
    apply: (terminal, input) => apply(terminal, input as z.output<S>),
  };
}

/** How long a fault lasts, real milliseconds; absent: until it is released. */
export const ms = z.int().positive().optional();

/** Sets a condition until released. */
export function setUntilReleased<K extends keyof Conditions>(
  conditions: Conditions,
  name: K,
  value: Conditions[K],
): AppliedFault {
  const before = conditions[name];
  conditions[name] = value;
  return {
    applied: true,
    release: () => {
      conditions[name] = before;
    },
  };
}

/** Sets a condition that counts its uses; the release leaves a later fault of the same kind in place. */
export function countUntilReleased<
  K extends 'partialFills' | 'priceMoves' | 'refuseUpgrade' | 'tradeTimeouts',
>(conditions: Conditions, name: K, value: NonNullable<Conditions[K]>): AppliedFault {
  conditions[name] = value;
  return {
    applied: true,
    release: () => {
      if (conditions[name] === value) conditions[name] = null as Conditions[K];
    },
  };
}

export const over: AppliedFault = { applied: true, release: null };
export const nothingThere: AppliedFault = { applied: false, release: null };

let holds = 0;
/** A name for a hold that no other fault uses. */
export const holdName = (kind: string): string => `${kind}#${++holds}`;
