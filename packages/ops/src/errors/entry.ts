// One entry of the catalogue of errors: its kind, when it occurs, and what the operator does about it.

/** `transient`: the same call may succeed later. `terminal`: somebody has to change something first. */
export type ErrorKind = 'terminal' | 'transient';

/** `state`: shown while it lasts. `check`: a finding of `fxtape doctor`. `warning`: logged once. They stop nothing. */
export type ReportedKind = 'state' | 'check' | 'warning';

export interface Entry<K extends ErrorKind | ReportedKind = ErrorKind | ReportedKind> {
  readonly kind: K;
  /** Markdown, for the page. */
  readonly when: string;
  /** What the operator does next, as a sentence. A call may give a more specific one. */
  readonly hint: string;
}

const entry =
  <K extends ErrorKind | ReportedKind>(kind: K) =>
  (when: string, hint: string): Entry<K> => ({ kind, when, hint });

export const terminal = entry('terminal');
export const transient = entry('transient');
export const state = entry('state');
export const check = entry('check');
export const warning = entry('warning');
