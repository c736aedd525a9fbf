// Sends one request that changes something. In: a route, its body, and how to find out what happened if the answer is lost. Out: the checked
// answer or an FxSocketTradingError. It sends the request once; repeating it is the caller's decision.

import { type ApiRoute, FxSocketError } from '@fxtape/fxsocket';
import { type CallerOptions, callSignals, type HttpRequest, Transport } from '@fxtape/fxsocket/transport';
import { type FindOut, FxSocketTradingError, outcomeOf } from './trading-error.ts';

/** `dispatcher` must not retry requests by itself. */
export type ChangeOptions = Omit<CallerOptions, 'random'>;

export interface ChangeCall {
  readonly signal?: AbortSignal;
  /** Default 30 s; 120 s for `link` and `closeAll`. */
  readonly deadlineMs?: number;
}

export interface Change<T> {
  readonly route: ApiRoute;
  /** The path with its parameters filled in; default: that of the route. */
  readonly path?: string;
  readonly body?: unknown;
  readonly secrets?: readonly string[];
  readonly form: HttpRequest<T>['form'];
  readonly deadlineMs: number;
  readonly findOut: FindOut;
}

export class Changer {
  readonly #transport: Transport;

  /** `below` is a path prefix of all requests. */
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

/** The error for an invalid argument; nothing was sent. */
export function neverSent(message: string, findOut: FindOut): FxSocketTradingError {
  const failure = new FxSocketError({ code: 'FXSOCKET_BAD_ARGUMENT', message });
  return new FxSocketTradingError('not_applied', failure, findOut);
}
