// One call that changes something. In: a route of the table, its body, and how to find out when the answer is lost. Out: the checked answer,
// or an FxSocketTradingError. It is sent once and never again: who wants to repeat has to decide that.

import { type ApiRoute, FxSocketError } from '@fxtape/fxsocket';
import { type CallerOptions, callSignals, type HttpRequest, Transport } from '@fxtape/fxsocket/transport';
import { type FindOut, FxSocketTradingError, outcomeOf } from './trading-error.ts';

/** `dispatcher` must not repeat requests by itself. */
export type ChangeOptions = Omit<CallerOptions, 'random'>;

export interface ChangeCall {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

export interface Change<T> {
  readonly route: ApiRoute;
  /** With its variable parts filled in; default: the route's own. */
  readonly path?: string;
  readonly body?: unknown;
  readonly secrets?: readonly string[];
  readonly form: HttpRequest<T>['form'];
  readonly deadlineMs: number;
  readonly findOut: FindOut;
}

export class Changer {
  readonly #transport: Transport;

  /** `below`: a path that all its addresses begin with. */
  constructor(options: ChangeOptions, below = '') {
    this.#transport = new Transport(options, below);
  }

  /** @throws FxSocketTradingError */
  async change<T>(what: Change<T>, call: ChangeCall = {}): Promise<T> {
    const { body, findOut, form, route } = what;
    const path = what.path ?? route.path;
    if (route.body !== null) {
      const checked = route.body.strict().safeParse(body);
      if (!checked.success) {
        const [issue] = checked.error.issues;
        const where = issue?.path.join('.') ?? '';
        throw neverSent(`${path}: ${where === '' ? '' : `${where}: `}${issue?.message ?? 'wrong'}`, findOut);
      }
    }
    let sent = false;
    const request: HttpRequest<T> = {
      method: route.method,
      path,
      ...(body === undefined ? {} : { body }),
      ...(what.secrets === undefined ? {} : { secrets: what.secrets }),
      form,
      onSent: () => {
        sent = true;
      },
    };
    try {
      return await this.#transport.exchange(
        request,
        callSignals(call.signal, call.deadlineMs ?? what.deadlineMs),
      );
    } catch (error) {
      if (!(error instanceof FxSocketError)) throw error;
      throw new FxSocketTradingError(outcomeOf(error, sent), error, findOut);
    }
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}

/** An argument that cannot be right. */
export function neverSent(message: string, findOut: FindOut): FxSocketTradingError {
  const failure = new FxSocketError({ code: 'FXSOCKET_BAD_ARGUMENT', message });
  return new FxSocketTradingError('not_applied', failure, findOut);
}
