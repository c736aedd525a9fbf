// Whether the whole works: every configured stream is live, its rows reach QuestDB, and QuestDB answers. In: the collector's state (or
// why there is none) and whether QuestDB answers. Out: ready or not, the reasons as sentences, and remarks that do not fail it, such
// as a symbol that the broker does not list.
import { FxtapeError } from '@fxtape/ops';
import { type AccountState, type CollectorState, streamName } from './collector-state.ts';

export interface ReadinessReport {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly remarks: readonly string[];
}

/** More streams than this in the same phase are counted, not listed. */
const LISTED_STREAMS = 5;

export function readinessOf(
  collector: CollectorState | FxtapeError,
  questdb: 'answers' | FxtapeError,
): ReadinessReport {
  const reasons: string[] = [];
  const remarks: string[] = [];
  if (questdb instanceof FxtapeError) reasons.push(`QuestDB: ${questdb.message}`);
  if (collector instanceof FxtapeError) {
    reasons.push(collector.message);
  } else {
    if (collector.accounts.length === 0) reasons.push('no account is recorded yet');
    for (const account of collector.accounts) {
      reasons.push(...accountReasons(account));
      const unlisted = account.streams.filter((stream) => stream.phase === 'unlisted');
      if (unlisted.length > 0)
        remarks.push(`${account.account}: the broker does not list ${list(unlisted.map(streamName))}`);
    }
  }
  return { ready: reasons.length === 0, reasons, remarks };
}

function accountReasons(account: AccountState): string[] {
  const reasons: string[] = [];
  if (account.phase !== 'live')
    reasons.push(account.reason === null ? account.phase : `${account.phase} (${account.reason})`);
  else if (account.streams.length === 0) reasons.push('no stream is known yet');
  for (const [phase, words] of [
    ['failed', 'the gateway refuses'],
    ['pending', 'not live yet:'],
  ] as const) {
    const names = account.streams.filter((stream) => stream.phase === phase).map(streamName);
    // While the session is down all its streams are pending: said once, by the session's own reason.
    if (names.length > 0 && account.phase === 'live') reasons.push(`${words} ${list(names)}`);
  }
  if (account.sender !== null && account.sender.code !== null) {
    reasons.push(
      `rows do not reach QuestDB: ${account.sender.code}${account.sender.message === null ? '' : ` (${account.sender.message})`}`,
    );
  }
  return reasons.map((reason) => `${account.account}: ${reason}`);
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, LISTED_STREAMS).join(', ');
  return names.length > LISTED_STREAMS ? `${shown} and ${names.length - LISTED_STREAMS} more` : shown;
}
