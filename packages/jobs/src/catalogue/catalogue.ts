// The catalogue of jobs: one declaration for each kind, and nothing about a kind is declared elsewhere. In: a payload. Out: its check, its
// id, its priority, how often and how soon it is tried again, and how long one attempt may take.
import type { z } from 'zod';
import { type IdPart, jobId } from './job-id.ts';
import { type Band, jobPriority } from './job-priority.ts';
import * as payloads from './payloads.ts';

export interface JobDefinition<S extends z.ZodType> {
  readonly schema: S;
  /** Tries before it counts as failed. Being handed back, held by `Retry-After` or losing its worker is no try. */
  readonly attempts: number;
  /** Wait before the next try: anything up to `firstMs` doubled with each try, never above `capMs`. */
  readonly backoff: { readonly firstMs: number; readonly capMs: number };
  /** Longest time of one try; then its signal is aborted and the try has failed. */
  readonly deadlineMs: number;
  /** What the work is: two payloads with the same parts are the same job. */
  readonly identity: (payload: z.output<S>) => readonly IdPart[];
  readonly band: (payload: z.output<S>) => Band;
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
/** A job that somebody wants done. */
export type PlannedJob = {
  readonly [N in JobName]: { readonly name: N; readonly payload: Payload<N> };
}[JobName];

/** The declaration by a name that may come from anywhere; null when there is none. */
export function definitionOf(name: string): JobDefinition<z.ZodType> | null {
  if (!Object.hasOwn(catalogue, name)) return null;
  return catalogue[name as JobName] as unknown as JobDefinition<z.ZodType>;
}

export interface DescribedJob {
  readonly id: string;
  /** Whose queue it stands in; null for `plan`, which is the scheduler's. */
  readonly account: string | null;
  readonly priority: number;
}

/**
 * Checks the payload and says where the job belongs.
 * @throws z.ZodError when the payload is not what the catalogue says.
 */
export function describeJob(job: PlannedJob): DescribedJob {
  const definition = catalogue[job.name] as unknown as JobDefinition<z.ZodType>;
  const payload = definition.schema.parse(job.payload) as { account: string | null; toUs?: number | null };
  return {
    id: jobId(job.name, definition.identity(payload)),
    account: job.name === 'plan' ? null : payload.account,
    priority: jobPriority(definition.band(payload), payload.toUs ?? null),
  };
}
