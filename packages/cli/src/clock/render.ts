// The clocks of all accounts, for people. In: what is known about each. Out: lines: the rule and how certain it is, what decided it, what
// contradicts it, what would settle it, since when each rule holds, and earlier decisions.
import type { AccountClock } from '@fxtape/console';
import { z } from 'zod';
import { table } from '../print/table.ts';

/** The evidence of an inferred rule, as the scheduler writes it down. */
const inferredEvidence = z.object({
  today: z.object({ at: z.string(), utc_offset_s: z.number(), source: z.string() }).nullable(),
  weeks: z.number(),
  rivals: z.array(
    z.object({
      rule: z.string(),
      weeks_against: z.number(),
      weeks_for: z.number(),
      against: z.array(z.string()),
      for: z.array(z.string()),
    }),
  ),
  contradicting_weeks: z.array(z.string()),
  moves: z.array(z.object({ from: z.string(), to: z.string(), after: z.string(), before: z.string() })),
  settles: z.array(z.string()),
});

const SOURCES: Readonly<Record<string, string>> = {
  ticks: 'seen on ticks',
  server_time: 'seen on the server’s clock',
  stated: 'only stated by the gateway',
};
const SHOWN = 4;

export function clockLines(clocks: readonly AccountClock[]): string[] {
  return clocks.flatMap((clock, i) => [...(i === 0 ? [] : ['']), ...linesOf(clock)]);
}

function linesOf(clock: AccountClock): string[] {
  const { account, confidence, decided_at, decisions, pieces, rule, server } = clock;
  const head = server === null ? account : `${account} on ${server}`;
  if (rule === null) return [head, '  no rule is decided yet: start `fxtape up`, or see `fxtape status`'];
  const since = decided_at === null ? 'not written down yet' : `decided ${minute(decided_at)}`;
  const earlier = decisions.slice(decided_at === null ? 0 : 1);
  return [
    head,
    `  rule        ${rule}`,
    `  confidence  ${confidence ?? 'unknown'}, ${since}`,
    ...evidenceLines(clock.evidence),
    ...(pieces.length > 1 ? indented(validity(clock)) : []),
    ...(earlier.length === 0 ? [] : ['  before']),
    ...indented(
      table(
        ['decided', 'confidence', 'rule'],
        earlier.map((each) => [minute(each.decided_at), each.confidence, each.rule]),
      ),
    ).slice(earlier.length === 0 ? 2 : 0),
  ];
}

const validity = ({ pieces }: AccountClock): string[] =>
  table(
    ['valid from', 'rule'],
    pieces.map(({ rule, valid_from }) => [valid_from === null ? 'the beginning' : minute(valid_from), rule]),
  );

function evidenceLines(evidence: unknown): string[] {
  if (evidence === null) return [];
  const read = inferredEvidence.safeParse(evidence);
  if (!read.success)
    return [`  evidence    ${typeof evidence === 'string' ? evidence : JSON.stringify(evidence)}`];
  const { contradicting_weeks: contradicting, moves, rivals, settles, today, weeks } = read.data;
  const lines = [
    today === null
      ? '  today       unknown'
      : `  today       ${spellOffset(today.utc_offset_s)}, ${SOURCES[today.source] ?? today.source} ${minute(today.at)}`,
    `  history     ${weeks} weeks of hourly bars`,
    ...rivals.map(
      (rival) =>
        `  not         ${rival.rule}: ${rival.weeks_against} weeks against it${some(rival.against)}, ${rival.weeks_for} for it${some(rival.for)}`,
    ),
    ...moves.map(
      ({ after, before, from, to }) =>
        `  moved       from ${from} to ${to}, after ${after.slice(0, 10)} and before ${before.slice(0, 10)}`,
    ),
  ];
  if (contradicting.length > 0)
    lines.push(`  unlike it   ${contradicting.length} weeks${some(contradicting)}: mostly holidays`);
  return [...lines, ...settles.map((sentence) => `  to settle   ${sentence}`)];
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `    ${line}`);

/** The last of many weeks. */
const some = (weeks: readonly string[]): string =>
  weeks.length === 0 ? '' : ` (${weeks.length > SHOWN ? '… ' : ''}${weeks.slice(-SHOWN).join(', ')})`;

const minute = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)}Z`;

function spellOffset(offsetS: number): string {
  const minutes = Math.abs(Math.round(offsetS / 60));
  const rest = minutes % 60 === 0 ? '' : `${minutes % 60}m`;
  return `UTC${offsetS < 0 ? '-' : '+'}${Math.floor(minutes / 60)}h${rest}`;
}
