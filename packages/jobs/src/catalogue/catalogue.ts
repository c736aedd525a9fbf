// The catalogue of jobs: each kind is declared here and nowhere else. In: a payload. Out: its schema, id, priority, retries, and how long one
// attempt may take.
import type { z } from 'zod';
import { type IdPart, jobId } from './job-id.ts';
import { type Band, jobPriority } from './job-priority.ts';
import * as payloads from './payloads.ts';

/** Wait before the next attempt: a random time up to `firstMs`, doubled with each attempt, at most `capMs`. */
export interface Backoff {
  readonly firstMs: number;
  readonly capMs: number;
}

export interface JobDefinition<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  /** Attempts before it counts as failed. Being handed back, held by `Retry-After` or losing its worker is not an attempt. */
  readonly attempts: number;
  readonly backoff: Backoff;
  /** Longest time of one attempt. Then its signal is aborted, and the attempt has failed. */
  readonly deadlineMs: number;
  /** What the work is: two payloads with the same parts are the same job. */
  identity(payload: z.output<S>): readonly IdPart[];
  band(payload: z.output<S>): Band;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const patient = { attempts: 10, backoff: { firstMs: SECOND, capMs: MINUTE } };
const quick = { attempts: 12, backoff: { firstMs: 500, capMs: 30 * SECOND } };

const define = <S extends z.ZodType>(definition: JobDefinition<S>): JobDefinition<S> => definition;
const range = (p: { fromUs: number; toUs: number }): IdPart[] => [{ us: p.fromUs }, { us: p.toUs }];

export const catalogue = {
  bars: define({
    ...patient,
    schema: payloads.barsPayload,
    deadlineMs: 2 * MINUTE,
    identity: (p) => [p.account, p.feed, p.symbol, p.timeframe, ...range(p)],
    band: (p) => p.why,
  }),
  deals: define({
    ...patient,
    schema: payloads.dealsPayload,
    deadlineMs: 2 * MINUTE,
    identity: (p) => [p.account, ...range(p)],
    band: (p) => p.why,
  }),
  positions: define({
    ...patient,
    schema: payloads.positionsPayload,
    deadlineMs: 2 * MINUTE,
    identity: (p) => [p.account, ...range(p)],
    band: (p) => p.why,
  }),
  ticks: define({
    ...patient,
    schema: payloads.ticksPayload,
    deadlineMs: 5 * MINUTE,
    identity: (p) => [p.account, p.feed, p.symbol, ...range(p)],
    band: (p) => p.why,
  }),
  symbol_specs: define({
    ...patient,
    schema: payloads.symbolSpecsPayload,
    deadlineMs: MINUTE,
    identity: (p) => [p.account, p.feed, p.symbol],
    band: () => 'housekeeping',
  }),
  heal: define({
    ...patient,
    schema: payloads.healPayload,
    deadlineMs: 5 * MINUTE,
    identity: (p) => [p.account, p.gapId, ...range(p)],
    band: () => 'gap',
  }),
  reconcile: define({
    ...quick,
    schema: payloads.reconcilePayload,
    deadlineMs: MINUTE,
    identity: (p) => [
      p.account,
      ...range(p),
      p.dealIds.toSorted().join(' '),
      p.positionIds.toSorted().join(' '),
    ],
    band: () => 'event',
  }),
  daily_quality: define({
    ...patient,
    schema: payloads.dailyQualityPayload,
    deadlineMs: 2 * MINUTE,
    identity: (p) => [p.account, p.feed, p.symbol, ...range(p)],
    band: () => 'gap',
  }),
  audit: define({
    ...patient,
    schema: payloads.auditPayload,
    deadlineMs: 10 * MINUTE,
    identity: (p) => [p.account],
    band: () => 'reread',
  }),
  clock: define({
    ...patient,
    schema: payloads.clockPayload,
    deadlineMs: 5 * MINUTE,
    identity: (p) => [p.account, ...range(p)],
    band: () => 'housekeeping',
  }),
  plan: define({
    ...quick,
    schema: payloads.planPayload,
    deadlineMs: 2 * MINUTE,
    identity: (p) => [p.requestId],
    band: () => 'request',
  }),
} as const;

export type JobName = keyof typeof catalogue;
export const JOB_NAMES = Object.keys(catalogue) as JobName[];
export type Payload<N extends JobName> = z.output<(typeof catalogue)[N]['schema']>;
/** A job to be done. */
export type PlannedJob = {
  readonly [N in JobName]: { readonly name: N; readonly payload: Payload<N> };
}[JobName];

/** The declaration of a name that may come from another release; null when there is none. */
export function definitionOf(name: string): JobDefinition | null {
  return Object.hasOwn(catalogue, name) ? catalogue[name as JobName] : null;
}

/** Whether a value that another release may have written is a job of this one. */
export function isPlannedJob(value: unknown): value is PlannedJob {
  const { name, payload } = (value ?? {}) as { name?: unknown; payload?: unknown };
  return typeof name === 'string' && definitionOf(name)?.schema.safeParse(payload).success === true;
}

export interface DescribedJob {
  readonly id: string;
  /** Whose queue it belongs to; null for `plan`, which is the scheduler's. */
  readonly account: string | null;
  readonly priority: number;
}

/**
 * Checks the payload and finds the job's id, queue and priority.
 * @throws z.ZodError when the payload does not match the catalogue.
 */
export function describeJob(job: PlannedJob): DescribedJob {
  const definition: JobDefinition = catalogue[job.name];
  const payload = definition.schema.parse(job.payload) as { account: string | null; toUs?: number | null };
  return {
    id: jobId(job.name, definition.identity(payload)),
    account: job.name === 'plan' ? null : payload.account,
    priority: jobPriority(definition.band(payload), payload.toUs ?? null),
  };
}
