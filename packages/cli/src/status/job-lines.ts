// The jobs of `fxtape status`. In: the queues, account by account. Out: a table, the busiest first; one line when the queues are unknown.
import type { JobsAnswer } from '@fxtape/console';
import { count, spellDuration } from '../print/quantity.ts';
import { table } from '../print/table.ts';

export type JobAccount = JobsAnswer['accounts'][number];

const SHOWN = 8;

export function jobLines(jobs: JobsAnswer | null): string[] {
  if (jobs === null) return ['JOBS  not known'];
  if (jobs.accounts.length === 0) return ['JOBS  none'];
  const weight = ({ active, delayed, waiting }: JobAccount) => waiting + active + delayed;
  const sorted = jobs.accounts.toSorted((a, b) => weight(b) - weight(a));
  const shown = sorted.length <= SHOWN + 1 ? sorted : sorted.slice(0, SHOWN);
  const rest = sorted.length - shown.length;
  const heads = [
    'JOBS',
    '>WAITING',
    '>ACTIVE',
    '>DELAYED',
    '>FAILED',
    '>OLDEST',
    '>WORKERS',
    'REQUESTS AT ONCE',
  ];
  return [
    ...table(heads, shown.map(cells)),
    ...(rest === 0 ? [] : [`and ${count(rest, 'more account')}`]),
    ...(jobs.plan_requests === 0 ? [] : [`${count(jobs.plan_requests, 'plan request')} not picked up yet`]),
  ];
}

function cells(one: JobAccount): string[] {
  return [
    one.account,
    String(one.waiting),
    String(one.active),
    String(one.delayed),
    String(one.failed),
    one.oldest_waiting_ms === null ? '' : spellDuration(one.oldest_waiting_ms),
    String(one.workers),
    [budget(one.budget), one.held_ms > 0 ? `requests paused for ${spellDuration(one.held_ms)}` : '']
      .filter((text) => text !== '')
      .join(', '),
  ];
}

function budget(budget: JobAccount['budget']): string {
  if (budget === null) return '';
  const { at_most: most, reason, requests } = budget;
  return requests >= most ? String(requests) : `${requests} of ${most} (${reason})`;
}
