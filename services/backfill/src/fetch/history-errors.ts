// Errors of history itself, and how to recognise them. In: errors of the client. Out: the same errors, or ones that name the range.
import { FxtapeError } from '@fxtape/ops';
import type { Range } from '@fxtape/market';
import { isProxyTimeout } from '../context/gateway-away.ts';

const TOO_MUCH: ReadonlySet<unknown> = new Set([
  'FXSOCKET_DEADLINE',
  'FXSOCKET_TERMINAL_TIMEOUT',
  'FXSOCKET_TRUNCATED',
]);

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

/** The terminal, the proxy or the connection took too long: a smaller range may work. */
export const isTooMuch = (error: unknown): boolean => TOO_MUCH.has(codeOf(error)) || isProxyTimeout(error);

/** `CopyRates failed` and similar: the history is not loaded yet, or the broker does not list the symbol. */
export const isNotReady = (error: unknown): boolean => codeOf(error) === 'FXSOCKET_TERMINAL_FAILED';

const spelled = (range: Range): string =>
  `${new Date(range.fromUs / 1000).toISOString()} to ${new Date(range.toUs / 1000).toISOString()}`;

export const notReady = (what: string, range: Range, cause: unknown): FxtapeError =>
  new FxtapeError({
    code: 'HISTORY_NOT_READY',
    message: `the terminal has not loaded ${what} from ${spelled(range)} yet: ${(cause as Error).message}`,
    context: { what, ...range },
    cause,
  });

export const notListed = (symbol: string, account: string): FxtapeError =>
  new FxtapeError({
    code: 'SYMBOL_NOT_LISTED',
    message: `the broker of "${account}" does not list ${symbol}`,
    context: { account, symbol },
  });

export const tooSlow = (what: string, range: Range, cause: unknown): FxtapeError =>
  new FxtapeError({
    code: 'HISTORY_TOO_SLOW',
    message: `the terminal cannot answer even the shortest range of ${what}: ${spelled(range)}`,
    context: { what, ...range },
    cause,
  });

export const contradicts = (what: string, range: Range): FxtapeError =>
  new FxtapeError({
    code: 'HISTORY_CONTRADICTS',
    message: `two answers for ${what} from ${spelled(range)} contradict each other`,
    context: { what, ...range },
  });

export const noProgress = (what: string, atUs: number, rows: number): FxtapeError =>
  new FxtapeError({
    code: 'HISTORY_CUT_WITHIN_MOMENT',
    message: `answers for ${what} are limited to ${rows} rows, and more rows than that share the moment ${new Date(atUs / 1000).toISOString()}`,
    context: { what, atUs, rows },
  });

export const emptyHistory = (what: string, range: Range): FxtapeError =>
  new FxtapeError({
    code: 'HISTORY_NOT_READY',
    message: `the terminal lists ${what} but has no history of it at all, neither before nor after ${spelled(range)}`,
    context: { what, ...range },
  });

/** Ends a job for now although nothing failed: waiting inside it would occupy a place in the queue. The job comes back after `afterMs`. */
export class ComeAgain extends Error {
  readonly afterMs: number;

  constructor(afterMs: number, why: string) {
    super(why);
    this.name = 'ComeAgain';
    this.afterMs = afterMs;
  }
}
