// The plan, for people. In: the jobs and the verdict on each. Out: lines: a sentence, and a table of what is fetched for whom.
import type { PlanNote, PlannedJob } from '@fxtape/jobs';
import { isoMs } from '../print/instant.ts';
import { count } from '../print/quantity.ts';
import { table } from '../print/table.ts';

const SHOWN = 20;

export function planLines({ counts, failed, jobs, left }: PlanNote): string[] {
  const unplanned = failed.map(({ account, line }) => `${account} cannot be planned now: ${line}`);
  if (jobs.length === 0) return [...unplanned, 'Nothing that you asked for is missing.'];
  const parts = [
    [counts.added, 'new'],
    [counts.again, 'again'],
    [counts.queued, 'waiting or running already'],
    [counts.raised, 'brought forward'],
    [counts.done, 'done just now'],
    [counts.resting, 'failed a moment ago'],
  ] as const;
  const said = parts.filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}`);
  const groups = [...Map.groupBy(jobs, groupOf).values()];
  const rows = groups.slice(0, SHOWN).map(rowOf);
  const more = groups.length - rows.length;
  return [
    `Planned ${count(jobs.length, 'job')}${said.length === 0 ? '' : `: ${said.join(', ')}`}.`,
    '',
    ...table(['ACCOUNT', 'JOB', 'SYMBOL', 'TIMEFRAME', '>JOBS', 'FROM (UTC)', 'TO (UTC)'], rows),
    ...(more === 0 ? [] : [`and ${count(more, 'more line')}; all of them with --json`]),
    ...(left === 0
      ? []
      : [`${count(left, 'more job')} can be planned when these are done; --wait does so by itself`]),
    ...unplanned,
  ];
}

/** One job for programs. */
export function planRecord(job: PlannedJob) {
  const { account, fromUs, symbol, timeframe, toUs } = fieldsOf(job);
  const iso = (us: number | null) => (us === null ? null : isoMs(us));
  return { job: job.name, account, symbol, timeframe, from: iso(fromUs), to: iso(toUs) };
}

interface Fields {
  readonly account: string | null;
  readonly symbol: string | null;
  readonly timeframe: string | null;
  readonly fromUs: number | null;
  readonly toUs: number | null;
}

function fieldsOf({ payload }: PlannedJob): Fields {
  const has = payload as Partial<Fields>;
  return {
    account: payload.account,
    symbol: has.symbol ?? null,
    timeframe: has.timeframe ?? null,
    fromUs: has.fromUs ?? null,
    toUs: has.toUs ?? null,
  };
}

function groupOf(job: PlannedJob): string {
  const { account, symbol, timeframe } = fieldsOf(job);
  return JSON.stringify([account, job.name, symbol, timeframe]);
}

function rowOf(jobs: readonly PlannedJob[]): string[] {
  const all = jobs.map(fieldsOf);
  const [first] = all;
  const froms = all.flatMap(({ fromUs }) => fromUs ?? []);
  const tos = all.flatMap(({ toUs }) => toUs ?? []);
  const least = (times: readonly number[]) => times.reduce((a, b) => Math.min(a, b));
  const most = (times: readonly number[]) => times.reduce((a, b) => Math.max(a, b));
  return [
    first?.account ?? '',
    jobs[0]?.name ?? '',
    first?.symbol ?? '',
    first?.timeframe ?? '',
    String(jobs.length),
    froms.length === 0 ? '' : isoMs(least(froms)),
    tos.length === 0 ? '' : isoMs(most(tos)),
  ];
}
