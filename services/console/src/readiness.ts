// Whether the whole works: every account is as the collector says it should be, and QuestDB answers. In: the collector's state (or why there
// is none) and whether QuestDB answers. Out: ready or not, the reasons as sentences, and remarks that do not fail it, such as a symbol that
// the broker does not list.
import { FxtapeError } from '@fxtape/ops';
import type { CollectorState } from './collector-state.ts';

export interface ReadinessReport {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly remarks: readonly string[];
}

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
      const named = (text: string): string => `${account.account}: ${text}`;
      reasons.push(...account.reasons.map(named));
      remarks.push(...account.remarks.map(named));
    }
  }
  return { ready: reasons.length === 0, reasons, remarks };
}
