// The state of an account: one word, computed here and nowhere else, with the sentences that say why. In: what is known about its parts.
// Out: the word, the reasons in order of importance, and notes that do not affect the state. `/readyz`, `/state`, the console, `fxtape
// status` and the metrics all show this.
import type { SessionSnapshot } from '@fxtape/fxsocket';
import type { PartFailure } from '@fxtape/ops';
import type { AppliedState, WriterState } from '@fxtape/questdb';
import type { NotRecording } from '../pipeline.ts';

/** In order of weight: the first one that holds is the state. docs/account-states.md tells what to do about each. */
export const ACCOUNT_STATES = [
  // Nothing is recorded: the recording has not started, the tape cannot be written, or no socket is live.
  'refused',
  'failed',
  'waiting_for_tape',
  'waiting_for_questdb',
  'waiting_for_gateway',
  'starting',
  'tape_full',
  'stalled',
  'contended',
  'backing_off',
  'paused',
  'connecting',
  'subscribing',
  'closed',
  'idle',
  // The tape is written, and its rows are held back.
  'clock_conflict',
  'clock_unconfirmed',
  'feed_waits',
  'part_failed',
  'database_refuses',
  'database_away',
  'behind',
  // At least some streams are live.
  'incomplete',
  'live',
] as const;
export type AccountStateName = (typeof ACCOUNT_STATES)[number];

export type StreamPhase = 'live' | 'pending' | 'failed' | 'unlisted';

export interface AccountFacts {
  readonly notRecording: NotRecording | null;
  /** Why the tape cannot be written; null when it can. */
  readonly obstacle: string | null;
  readonly session: Pick<SessionSnapshot, 'phase' | 'reason'> | null;
  /** The clock reading that rows wait for. */
  readonly clock: { readonly wait: 'clock_conflict' | 'clock_unconfirmed' | null; readonly reason: string };
  /** Why rows wait for those of another account; null when they do not. */
  readonly feedWaits: string | null;
  readonly failures: readonly PartFailure[];
  readonly database: {
    /** Why the tables are not there yet. */
    readonly unmigrated: { readonly code: string; readonly message: string } | null;
    readonly paused: { readonly code: string; readonly message: string; readonly hint: string } | null;
    readonly applied: Pick<AppliedState, 'phase' | 'code' | 'message'>;
    /** Why nothing may be written now. Checked every second, also while there is nothing to write. */
    readonly gate: { readonly code: string; readonly message: string } | null;
    readonly writers: readonly Pick<WriterState, 'table' | 'phase' | 'code' | 'message'>[];
  };
  readonly lagMs: number | null;
  readonly streams: readonly { readonly name: string; readonly phase: StreamPhase }[];
  /** Names under which this account was recorded before; the feed where it is not the one of now. */
  readonly former: readonly { readonly name: string; readonly feed: string | null }[];
}

export interface AccountState {
  readonly state: AccountStateName;
  /** Why it is not live; null when it is, or when the state itself says it. */
  readonly reason: string | null;
  /** Every stream is live, and its rows reach the database. */
  readonly ready: boolean;
  /** Frames reach the tape. */
  readonly recording: boolean;
  /** One sentence per problem, the most serious first; empty when it is ready. */
  readonly reasons: readonly string[];
  readonly remarks: readonly string[];
  /** What stands between the rows and the database; null when nothing does. */
  readonly database: { readonly code: string; readonly message: string } | null;
}

/** A greater lag counts as behind. */
export const BEHIND_MS = 30_000;
/** More streams than this are counted, not listed. */
const LISTED_STREAMS = 5;

interface Finding {
  readonly state: AccountStateName;
  readonly reason: string | null;
}

export const accountState = (facts: AccountFacts): AccountState => {
  const { notRecording, obstacle, session, streams } = facts;
  const database = databaseTrouble(facts.database);
  const findings = findingsOf(facts, database).toSorted((a, b) => weight(a) - weight(b));
  const [first] = findings;
  const unlisted = streams.filter(({ phase }) => phase === 'unlisted').map(({ name }) => name);
  return {
    state: first?.state ?? 'live',
    reason: first?.reason ?? null,
    ready: first === undefined,
    recording: notRecording === null && obstacle === null && session?.phase === 'live',
    reasons: findings.map(({ reason, state }) => (reason === null ? state : `${state} (${reason})`)),
    remarks: [
      ...(unlisted.length === 0 ? [] : [`the broker does not list ${listed(unlisted)}`]),
      ...facts.former.map(renamed),
    ],
    database: database === null ? null : { code: database.code, message: database.message },
  };
};

const findingsOf = (facts: AccountFacts, database: DatabaseTrouble | null): Finding[] => {
  const { clock, failures, feedWaits, lagMs, notRecording, obstacle, session, streams } = facts;
  if (notRecording !== null) return [notRecording];
  const findings: Finding[] = [];
  if (obstacle !== null) findings.push({ state: 'tape_full', reason: obstacle });
  if (session !== null && session.phase !== 'live')
    findings.push({ state: session.phase, reason: session.reason === '' ? null : session.reason });
  if (clock.wait !== null)
    findings.push({ state: clock.wait, reason: `${clock.wait.toUpperCase()}: ${clock.reason}` });
  if (feedWaits !== null) findings.push({ state: 'feed_waits', reason: `FEED_WAITS: ${feedWaits}` });
  for (const { code, message, part, times } of failures)
    findings.push({ state: 'part_failed', reason: `${part}, ${times} times in a row: ${code}: ${message}` });
  if (database !== null)
    findings.push({ state: database.state, reason: `rows wait: ${database.code}: ${database.message}` });
  if (lagMs !== null && lagMs >= BEHIND_MS)
    findings.push({
      state: 'behind',
      reason: `rows reach QuestDB ${Math.round(lagMs / 1000)} s late; the tape has what is missing`,
    });
  // While nothing is recorded no stream is live, and that is already said.
  if (obstacle === null && session?.phase === 'live') findings.push(...incomplete(streams));
  return findings;
};

const incomplete = (streams: AccountFacts['streams']): Finding[] => {
  if (streams.length === 0) return [{ state: 'incomplete', reason: 'no stream is known yet' }];
  const of = (wanted: StreamPhase) => streams.flatMap(({ name, phase }) => (phase === wanted ? name : []));
  const refused = of('failed');
  const pending = of('pending');
  return [
    ...(refused.length === 0 ? [] : [`the gateway refuses ${listed(refused)}`]),
    ...(pending.length === 0 ? [] : [`not live yet: ${listed(pending)}`]),
  ].map((reason) => ({ state: 'incomplete', reason }));
};

interface DatabaseTrouble {
  readonly state: 'database_refuses' | 'database_away';
  readonly code: string;
  readonly message: string;
}

/** A refusal by the database needs a person, so it goes before a database that does not answer. */
const databaseTrouble = ({
  applied,
  gate,
  paused,
  unmigrated,
  writers,
}: AccountFacts['database']): DatabaseTrouble | null => {
  const trouble = (
    state: DatabaseTrouble['state'],
    { code, message }: { code: string | null; message: string | null },
  ) => ({ state, code: code ?? 'QDB_UNREACHABLE', message: message ?? 'it does not answer' });
  if (unmigrated !== null) return trouble('database_away', unmigrated);
  if (paused !== null)
    return { state: 'database_refuses', code: paused.code, message: `${paused.message}. ${paused.hint}` };
  const refusing = writers.find(({ phase }) => phase === 'refused');
  if (applied.phase === 'suspended') return trouble('database_refuses', applied);
  if (refusing !== undefined) return trouble('database_refuses', refusing);
  const silent = writers.find(({ phase }) => phase === 'retrying');
  if (silent !== undefined) return trouble('database_away', silent);
  if (applied.phase === 'unreachable') return trouble('database_away', applied);
  return gate === null ? null : trouble('database_away', gate);
};

const renamed = ({ feed, name }: AccountFacts['former'][number]): string => {
  const series = feed === null ? '' : `; to continue its feed, set market_data: { feed: ${feed} }`;
  return `server and login are those of the account recorded as "${name}"${series}`;
};

const weight = ({ state }: Finding): number => ACCOUNT_STATES.indexOf(state);

const listed = (names: readonly string[]): string => {
  const shown = names.slice(0, LISTED_STREAMS).join(', ');
  return names.length > LISTED_STREAMS ? `${shown} and ${names.length - LISTED_STREAMS} more` : shown;
};
