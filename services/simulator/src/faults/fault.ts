// What a fault is: a name, checked parameters, and what it does to one account's terminal. Every kind lives in the file of
// its family. A fault that lasts can be released; with `ms` it releases itself.

import type { z } from 'zod';
import type { Terminal } from '../terminal/terminal.ts';

export interface AppliedFault {
  /** False when there was nothing to apply it to, such as no open socket. */
  readonly applied: boolean;
  /** Ends a fault that lasts; null for one that is over at once. */
  readonly release: (() => void) | null;
}

/** A kind of fault with its parameters already checked and erased. */
export interface FaultKind {
  readonly kind: string;
  readonly parameters: z.ZodType;
  apply(terminal: Terminal, parameters: unknown): AppliedFault;
}

/** `parameters` may hold `ms`: after that many real milliseconds the registry releases the fault. */
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

export const over: AppliedFault = { applied: true, release: null };
export const nothingThere: AppliedFault = { applied: false, release: null };

let holds = 0;
/** A name for a hold that no other fault uses. */
export const holdName = (kind: string): string => `${kind}#${++holds}`;
