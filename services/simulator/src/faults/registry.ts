// All faults by name. In: `{kind, account?, …}` as the control API takes it. Out: the fault, applied to one account or all, with an id for its
// release.

import { FxtapeError } from '@fxtape/ops';
import { z } from 'zod';
import type { Terminal } from '../terminal/terminal.ts';
import { CLOCK_FAULTS } from './clock.ts';
import { CONNECTION_FAULTS } from './connection.ts';
import type { FaultKind } from './fault.ts';
import { HISTORY_FAULTS } from './history.ts';
import { JUNK_FAULTS } from './junk.ts';
import { OUTAGE_FAULTS } from './outage.ts';
import { QUEUE_FAULTS } from './queue.ts';
import { REST_FAULTS } from './rest.ts';
import { SUBSCRIBING_FAULTS } from './subscribing.ts';
import { TERMINAL_FAULTS } from './terminal.ts';
import { TRADE_HISTORY_FAULTS } from './trade-history.ts';

const KINDS: ReadonlyMap<string, FaultKind> = new Map(
  [
    ...CONNECTION_FAULTS,
    ...QUEUE_FAULTS,
    ...JUNK_FAULTS,
    ...SUBSCRIBING_FAULTS,
    ...TERMINAL_FAULTS,
    ...CLOCK_FAULTS,
    ...REST_FAULTS,
    ...HISTORY_FAULTS,
    ...TRADE_HISTORY_FAULTS,
    ...OUTAGE_FAULTS,
  ].map((fault) => [fault.kind, fault]),
);

const envelope = z.looseObject({ kind: z.string(), account: z.string().optional() });
const duration = z.looseObject({ ms: z.number().optional() });

/** A requested fault; its parameters depend on the kind. */
export interface FaultInput {
  readonly kind: string;
  /** Id of an account; default: all. */
  readonly account?: string;
  readonly [parameter: string]: unknown;
}

export interface FaultReport {
  readonly id: number;
  readonly kind: string;
  readonly accounts: readonly { readonly account: string; readonly applied: boolean }[];
}

interface Lasting {
  readonly id: number;
  readonly kind: string;
  readonly account: string;
  readonly release: () => void;
  readonly timer: NodeJS.Timeout | null;
}

export class FaultRegistry {
  readonly #terminals: readonly Terminal[];
  #lasting: Lasting[] = [];
  #nextId = 1;

  constructor(terminals: readonly Terminal[]) {
    this.#terminals = terminals;
  }

  /** Active faults. */
  get active(): readonly { id: number; kind: string; account: string }[] {
    return this.#lasting.map(({ id, kind, account }) => ({ id, kind, account }));
  }

  /** Throws FAULT_INVALID for an unknown kind, account or parameter. */
  apply(input: unknown): FaultReport {
    const outer = envelope.safeParse(input);
    if (!outer.success) throw invalid('a fault is {"kind": …, "account"?: …, …}');
    const { kind, account, ...rest } = outer.data;
    const fault = KINDS.get(kind);
    if (fault === undefined) throw invalid(`"${kind}" is not one of ${[...KINDS.keys()].join(', ')}`);
    const parsed = fault.parameters.safeParse(rest);
    if (!parsed.success)
      throw invalid(
        `${kind}: ${parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; ')}`,
      );
    const targets = this.#terminals.filter((one) => account === undefined || one.account.id === account);
    if (targets.length === 0) throw invalid(`there is no account ${account}`);
    const id = this.#nextId++;
    const { ms } = duration.parse(rest);
    const accounts = targets.map((terminal) => {
      const { applied, release } = fault.apply(terminal, parsed.data);
      if (applied && release !== null) this.#keep({ id, kind, account: terminal.account.id, release }, ms);
      return { account: terminal.account.id, applied };
    });
    return { id, kind, accounts };
  }

  /** Ends matching faults; without a filter, all. Returns their number. */
  release(
    filter: { id?: number | undefined; kind?: string | undefined; account?: string | undefined } = {},
  ): number {
    const fits = (one: Lasting): boolean =>
      (filter.id === undefined || one.id === filter.id) &&
      (filter.kind === undefined || one.kind === filter.kind) &&
      (filter.account === undefined || one.account === filter.account);
    const ending = this.#lasting.filter(fits);
    this.#lasting = this.#lasting.filter((one) => !fits(one));
    // The latest first, so that each restores the settings that it found.
    for (const one of ending.toReversed()) {
      if (one.timer !== null) clearTimeout(one.timer);
      one.release();
    }
    return ending.length;
  }

  #keep(fault: Omit<Lasting, 'timer'>, ms: number | undefined): void {
    const lasting: Lasting = {
      ...fault,
      timer: ms === undefined ? null : setTimeout(() => this.#end(lasting), ms),
    };
    this.#lasting.push(lasting);
  }

  #end(lasting: Lasting): void {
    this.#lasting = this.#lasting.filter((one) => one !== lasting);
    lasting.release();
  }
}

function invalid(message: string): FxtapeError {
  return new FxtapeError({
    code: 'FAULT_INVALID',
    message,
  });
}
