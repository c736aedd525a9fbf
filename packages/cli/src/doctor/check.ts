// The result of one check of `fxtape doctor`. In: facts, as sentences. Out: ok, a warning (works, but could be better) or failed (does not
// work, or soon will not), with what to do.
import { FxSocketError } from '@fxtape/fxsocket';
import { FxtapeError } from '@fxtape/ops';
import { gatewayHint } from '../failure-line.ts';

export interface Check {
  /** What was checked: `key FXSOCKET_API_KEY`. */
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'failed';
  /** Stable, for failures that have one. */
  readonly code: string | null;
  readonly facts: readonly string[];
  /** What to do; null when there is nothing to do. */
  readonly todo: string | null;
}

export const ok = (name: string, ...facts: string[]): Check => ({
  name,
  state: 'ok',
  code: null,
  facts,
  todo: null,
});

export const warning = (name: string, facts: readonly string[], todo: string): Check => ({
  name,
  state: 'warning',
  code: null,
  facts,
  todo,
});

export const failed = (name: string, facts: readonly string[], todo: string, code?: string): Check => ({
  name,
  state: 'failed',
  code: code ?? null,
  facts,
  todo,
});

/** A check that ended in a known error. Any other error is a defect, and thrown again. */
export function failedBy(name: string, error: unknown, ...facts: string[]): Check {
  if (error instanceof FxtapeError) return failed(name, [...facts, error.message], error.hint, error.code);
  if (error instanceof FxSocketError)
    return failed(name, [...facts, error.message], gatewayHint(error), error.code);
  throw error;
}
