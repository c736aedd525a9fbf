// The report of `fxtape status`. In: the facts. Out: one document, the same for people and programs, with the verdict:
//   well      every configured stream is live, and what is recorded is in SQL within seconds
//   degraded  something is missing or late, but at least one account is recorded
//   down      nothing is recorded: no collector answers, or none of its accounts records
import { type AccountState, type JobsAnswer, readinessOf } from '@fxtape/console';
import { FxtapeError } from '@fxtape/ops';
import type { GapCount } from '@fxtape/questdb';
import type { LastBackup } from '../backup/notes.ts';
import type { DiskFact } from './disk.ts';
import { jobVerdict } from './job-reasons.ts';
import type { Rates, StatusFacts, TapeFact } from './facts.ts';

export type Verdict = 'well' | 'degraded' | 'down';
export const EXIT_CODES: Readonly<Record<Verdict, number>> = { well: 0, degraded: 1, down: 2 };

export interface StatusReport {
  readonly verdict: Verdict;
  readonly at: string;
  readonly data_dir: string;
  /** Sentences: why it is not well. */
  readonly reasons: readonly string[];
  /** Sentences that do not change the verdict. */
  readonly remarks: readonly string[];
  readonly services: readonly {
    readonly name: string;
    readonly up: boolean;
    readonly address: string | null;
    readonly since: string | null;
    readonly detail: string | null;
  }[];
  readonly accounts: readonly AccountReport[];
  /** Null: could not be queried. */
  readonly gaps: readonly GapCount[] | null;
  /** Null: could not be queried. */
  readonly jobs: JobsAnswer | null;
  /** Null: the data folder is not on this machine. `full_in_days`: null until a whole day was recorded. */
  readonly disk: { readonly free_bytes: number; readonly full_in_days: number | null } | null;
  /** The last backup of this data folder; null: none was made. */
  readonly backup: (LastBackup & { readonly age_ms: number }) | null;
}

export interface AccountReport {
  readonly account: string;
  readonly feed: string | null;
  readonly phase: string;
  readonly reason: string | null;
  readonly since: string | null;
  readonly conn: number | null;
  readonly clock: AccountState['clock'];
  /** Tape to SQL: age of the oldest line that QuestDB has not answered for. */
  readonly lag_ms: number | null;
  readonly backlog_lines: number | null;
  readonly sender: string | null;
  readonly tape: TapeFact | null;
  readonly rates: Rates | null;
  readonly streams: readonly StreamReport[];
}

export interface StreamReport {
  readonly stream: string;
  readonly symbol: string | null;
  readonly timeframe: string | null;
  readonly phase: string;
  readonly frames: number;
  /** Ticks only: age of the newest one that SQL shows; null without one of the last day, or when the clock was set back since. */
  readonly last_ago_ms: number | null;
  readonly open_gap: { readonly cause: string; readonly since: string | null } | null;
}

/** Two processes of one machine may read the clock this far apart. */
const FUTURE_MS = 1000;

export function reportOf(facts: StatusFacts): StatusReport {
  const { collector, gaps, jobs, questdb } = facts;
  const ofJobs = jobVerdict(jobs, { needed: needsJobs(facts), nowMs: facts.atMs });
  const accounts = collector instanceof FxtapeError ? [] : collector.accounts.map((a) => accountOf(a, facts));
  const readiness = readinessOf(collector, questdb instanceof FxtapeError ? questdb : 'answers');
  const reasons = [...readiness.reasons, ...serviceReasons(facts), ...ofJobs.reasons];
  const withoutPastTicks = facts.withoutPastTicks.map(
    (account) => `${account}: its bridge offers no past ticks; tick gaps are judged by the broker's bars`,
  );
  const remarks = [
    ...readiness.remarks,
    ...hints(collector, questdb),
    ...ofJobs.remarks,
    ...withoutPastTicks,
  ];
  if (gaps instanceof FxtapeError && gaps !== questdb) {
    if (gaps.code === 'QDB_NO_TABLE') remarks.push('nothing is recorded in this QuestDB yet');
    else reasons.push(`gaps cannot be read: ${gaps.toLine()}`);
  }
  const recording = !(collector instanceof FxtapeError) && collector.accounts.some((one) => one.recording);
  return {
    verdict: !recording ? 'down' : reasons.length > 0 ? 'degraded' : 'well',
    at: new Date(facts.atMs).toISOString(),
    data_dir: facts.dataDir,
    reasons,
    remarks,
    services: servicesOf(facts),
    accounts,
    gaps: gaps instanceof FxtapeError ? null : gaps,
    jobs: jobs instanceof FxtapeError ? null : jobs,
    disk: facts.disk && diskReport(facts.disk),
    backup: facts.backup && { ...facts.backup, age_ms: facts.atMs - Date.parse(facts.backup.ended) },
  };
}

const diskReport = ({ freeBytes, perDayBytes }: DiskFact): NonNullable<StatusReport['disk']> => ({
  free_bytes: freeBytes,
  full_in_days: perDayBytes === null ? null : Math.floor(freeBytes / Math.max(1, perDayBytes)),
});

function accountOf(state: AccountState, facts: StatusFacts): AccountReport {
  const newest = state.feed === null ? undefined : facts.newest.get(state.feed);
  return {
    account: state.account,
    feed: state.feed,
    phase: state.phase,
    reason: state.reason,
    since: state.since,
    conn: state.conn,
    clock: state.clock,
    lag_ms: state.sender?.lagMs ?? null,
    backlog_lines: state.sender?.backlogLines ?? null,
    sender: state.sender?.phase ?? null,
    tape: facts.tapes.get(state.account) ?? null,
    rates: facts.rates.get(state.account) ?? null,
    streams: state.streams.map((stream) => {
      const lastUs = stream.stream === 'ticks' ? newest?.get(stream.symbol ?? '') : undefined;
      const { openGap } = stream;
      return {
        stream: stream.stream,
        symbol: stream.symbol,
        timeframe: stream.timeframe,
        phase: stream.phase,
        frames: stream.frames,
        last_ago_ms: lastUs === undefined ? null : agoMs(facts.atMs, lastUs),
        open_gap: openGap === null ? null : { cause: openGap.cause, since: openGap.tsFrom },
      };
    }),
  };
}

/** Null for a receive time in the future: the clock was set back since, so the age is unknown. */
function agoMs(atMs: number, lastUs: number): number | null {
  const ago = Math.round(atMs - lastUs / 1000);
  return ago < -FUTURE_MS ? null : Math.max(0, ago);
}

/** What to do about the parts that do not answer. */
function hints(...parts: readonly unknown[]): string[] {
  return parts.flatMap((part) => (part instanceof FxtapeError ? [part.hint] : []));
}

/** Whether services of this data folder fetch history. */
function needsJobs({ services }: StatusFacts): boolean {
  return services.some(
    ({ addr, expected, name }) => ['scheduler', 'backfill'].includes(name) && (expected || addr !== null),
  );
}

function serviceReasons(facts: StatusFacts): string[] {
  return facts.services
    .filter(({ addr, answers, expected }) => !answers && (expected || addr !== null))
    .map(({ name }) => `the ${name} does not answer`);
}

function servicesOf(facts: StatusFacts): StatusReport['services'] {
  const { collector, collectorAddr, questdb, services } = facts;
  const trouble = (error: unknown) => (error instanceof FxtapeError ? error : null);
  return [
    {
      name: 'collector',
      up: trouble(collector) === null,
      address: collectorAddr,
      since: collector instanceof FxtapeError ? null : collector.startedAt,
      detail: trouble(collector)?.code ?? null,
    },
    ...services
      .filter(({ addr, expected }) => expected || addr !== null)
      .map(({ addr, answers, name, since }) => ({
        name,
        up: answers,
        address: addr,
        since: answers ? since : null,
        detail: null,
      })),
    {
      name: 'QuestDB',
      up: trouble(questdb) === null,
      address: questdb instanceof FxtapeError ? null : questdb.url,
      since: null,
      detail: questdb instanceof FxtapeError ? questdb.code : questdb.version,
    },
  ];
}
