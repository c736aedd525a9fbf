// What a correction covers and how far it has got. The state is in the database that it corrects, in the rows of `clock_applies`: it is
// lost together with its copies or not at all, and every machine sees it. In: a state. Out: the state as the database has it.
//
//   filling ──► paused ──► swapping ──► applied
//      └───────────┴───────────┴─ may go back: names are put back, copies dropped ─► abandoned
import { parseClockRule, tables } from '@fxtape/market';
import type { Clock } from '@fxtape/ops';
import {
  type ApplyStepRow,
  asObjects,
  EARLIEST_TS_US,
  encodeRows,
  lastEntries,
  newestSteps,
  type QuestDbHttp,
  requireSettled,
  sqlText,
} from '@fxtape/questdb';
import { z } from 'zod';
import { notStored } from './errors.ts';

/** The server is busy with the copies, so what is written beside them may wait in the log this long. */
const SETTLE_MS = 600_000;

export const APPLY_STEPS = ['filling', 'paused', 'swapping', 'applied', 'abandoned'] as const;
export type ApplyStep = (typeof APPLY_STEPS)[number];

const serverClock = z.object({
  server: z.string(),
  /** Id of the rule that is right. */
  rule: z.string(),
  /** Rules that history was read with before. */
  oldRules: z.array(z.string()),
  /** An account that recorded several feeds is listed once for each. */
  accounts: z.array(z.object({ name: z.string(), feed: z.string().nullable(), replayed: z.boolean() })),
  /** Replayed gateways: when the second pass of a repeated hour began to be received, by the hour's start, µs. */
  splits: z.array(z.object({ feed: z.string(), hourUs: z.number(), splitUs: z.number().nullable() })),
});
/** A broker's server, its right rule, and whose rows it is about. */
export type ServerClock = z.infer<typeof serverClock>;

const tableState = z.object({
  name: z.string(),
  /** The copy has everything up to this entry of the old table's log; and the last entry of the copy's own log. Null: not known yet. */
  entry: z.number().nullable(),
  copyEntry: z.number().nullable(),
});
export type TableState = z.infer<typeof tableState>;

const evidence = z.object({
  v: z.literal(2),
  owner: z.string(),
  step: z.enum(APPLY_STEPS),
  /** A checkpoint of the server is in progress, which must be ended. */
  syncing: z.boolean(),
  clock: serverClock,
  tables: z.array(tableState),
});

export interface ApplyState {
  readonly id: string;
  /** The data folder that began it. */
  readonly owner: string;
  step: ApplyStep;
  syncing: boolean;
  readonly servers: readonly ServerClock[];
  readonly tables: TableState[];
}

export const shadowOf = (name: string, id: string): string => `${name}_corrected_${id}`;
export const beforeOf = (name: string, id: string): string => `${name}_before_${id}`;

const ID = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})$/;
const idAt = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:.Z]/g, '');

/** An id that sorts after all others: their order is the order of the corrections, even if somebody has set the clock back. */
export function nextId(nowMs: number, known: readonly string[]): string {
  const last = known.map((id) => Date.parse(id.replace(ID, '$1-$2-$3T$4:$5:$6.$7Z'))).filter(Number.isFinite);
  return idAt(last.reduce((a, b) => Math.max(a, b + 1), nowMs));
}

/** Corrections that have not ended, oldest first. */
export const isUnfinished = ({ step }: ApplyStepRow): boolean => step === 'begun' || step === 'paused';

type Http = Pick<QuestDbHttp, 'exec' | 'write'>;

export class ApplyJournal {
  readonly #http: Http;
  readonly #clock: Clock;
  /** The time of the newest rows of a correction: they are overwritten while the step stays the same for other processes. */
  readonly #rows = new Map<string, { readonly step: string; readonly us: number }>();

  constructor(o: { http: Http; clock: Clock }) {
    this.#http = o.http;
    this.#clock = o.clock;
  }

  /** The newest step of each correction, oldest first. Errors: as `exec`. */
  async steps(): Promise<ApplyStepRow[]> {
    if (!(await lastEntries(this.#http, ['clock_applies'])).has('clock_applies')) return [];
    await requireSettled(this.#http, this.#clock, ['clock_applies'], { waitMs: SETTLE_MS });
    return await newestSteps(this.#http);
  }

  /** Null when only its id is known: an older release began it, or its rows are lost. Errors: as `exec`. */
  async load(id: string): Promise<ApplyState | null> {
    const rows = asObjects(
      await this.#http.exec(
        `SELECT server, step, evidence, cast(ts as long) us FROM clock_applies WHERE apply_id = ${sqlText(id)} ORDER BY ts DESC, server`,
      ),
    );
    const [newest] = rows;
    if (newest === undefined) return null;
    const parts = rows
      .filter(({ us }) => us === newest['us'])
      .map((row) => evidence.safeParse(jsonOrNull(row['evidence'])));
    const [first] = parts;
    if (first?.success !== true) return null;
    this.#rows.set(id, { step: String(newest['step']), us: Number(newest['us']) });
    const { owner, step, syncing, tables: all } = first.data;
    const servers = parts.flatMap((part) => (part.success ? [part.data.clock] : []));
    return { id, owner, step, syncing, servers, tables: all };
  }

  /** Writes a row for each server, and waits until it can be read. Errors: QDB_REFUSED and those of `exec`. */
  async save(state: ApplyState): Promise<void> {
    const step = STEP_SAID[state.step];
    const known = this.#rows.get(state.id);
    const us = known?.step === step ? known.us : await this.#nextUs();
    const { owner, servers, syncing, tables: all } = state;
    const rows = servers.map((clock) => ({
      ts: us,
      apply_id: state.id,
      server: clock.server,
      step,
      rule_id: parseClockRule(clock.rule).id,
      evidence: JSON.stringify({ v: 2, owner, step: state.step, syncing, tables: all, clock }),
    }));
    await this.#write(rows);
    this.#rows.set(state.id, { step, us });
  }

  /** Ends a correction of which only the id is known. */
  async abandon(id: string): Promise<void> {
    const row = {
      ts: await this.#nextUs(),
      apply_id: id,
      server: 'unknown',
      step: 'abandoned',
      rule_id: null,
    };
    await this.#write([{ ...row, evidence: null }]);
  }

  async #write(rows: Parameters<typeof encodeRows>[1]): Promise<void> {
    const answer = await this.#http.write('clock_applies', encodeRows(tables.clock_applies, rows).body);
    if (answer.kind !== 'stored') throw notStored('clock_applies', answer.message);
    await requireSettled(this.#http, this.#clock, ['clock_applies'], { waitMs: SETTLE_MS });
  }

  /** Later than every other step. */
  async #nextUs(): Promise<number> {
    return Math.max(this.#clock.nowUs(), ((await this.steps()).at(-1)?.us ?? EARLIEST_TS_US) + 1);
  }
}

/** The step as other processes see it. */
const STEP_SAID = {
  filling: 'begun',
  paused: 'paused',
  swapping: 'paused',
  applied: 'applied',
  abandoned: 'abandoned',
} as const satisfies Record<ApplyStep, string>;

const jsonOrNull = (text: unknown): unknown => {
  try {
    return JSON.parse(String(text)) as unknown;
  } catch {
    return null;
  }
};
