// What an error means for its job. In: whatever a handler threw. Out: whether a retry can help, whether the whole account must be held
// (`Retry-After`, or its gateway is away), and one line for people. Errors of fxtape and of the FxSocket client are recognised by their
// shape (`code`, `kind`), so that this package depends on neither client nor database.
import { isAccountAway } from '../budget/account-away.ts';

export interface JobFailure {
  /** `terminal`: a retry cannot help. An unclassified error counts as transient. */
  readonly kind: 'terminal' | 'transient';
  readonly code: string;
  /** `CODE: what happened`, one line, at most 500 characters. */
  readonly line: string;
  /** How long no request may be sent for the account (`Retry-After`). Null: requests may be sent. */
  readonly holdMs: number | null;
  /** The gateway serves no request of the account: this says nothing about the job. */
  readonly away: boolean;
}

const LONGEST_HOLD_MS = 3_600_000;

export function judgeFailure(error: unknown): JobFailure {
  const facts = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const context = facts['context'] as Record<string, unknown> | undefined;
  const kind = facts['kind'] === 'terminal' ? 'terminal' : 'transient';
  const code =
    typeof facts['code'] === 'string' && facts['kind'] !== undefined ? facts['code'] : 'JOB_UNEXPECTED';
  const message = error instanceof Error ? error.message : String(error);
  const asked = facts['retryAfterMs'] ?? context?.['retryAfterMs'];
  const holds = kind === 'transient' && typeof asked === 'number' && asked > 0;
  return {
    kind,
    code,
    line: `${code}: ${message}`.replaceAll(/\s+/g, ' ').slice(0, 500),
    holdMs: holds ? Math.min(Math.ceil(asked), LONGEST_HOLD_MS) : null,
    away: isAccountAway(error),
  };
}
