// Access to an HTTP port of fxtape: the guard of every listener. In: the address it listens on, its token if it has one, and the headers of
// a request. Out: admitted, or why not.
//
//   with a token     the request must carry it
//   without          the port is on loopback only, and the name in the Host header must be a loopback one too, so that a web page on a
//                    foreign name that resolves to this machine reads nothing
//   always           requests that another web page makes a browser send are refused, except a link that somebody follows
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { bearerMatches } from './bearer.ts';
import type { ThrownCode } from './errors/catalogue.ts';
import { FxtapeError } from './errors/fxtape-error.ts';
import { isLoopback, parseListenAddr } from './listen-addr.ts';

/** What the guard looks at. */
export type Asked = Pick<IncomingMessage, 'headers'> & { readonly method?: string | undefined };

export interface HttpGuardOptions {
  /** `host:port` of the listener. */
  readonly addr: string;
  /** The variable that sets it. */
  readonly variable: string;
  readonly token?: string | undefined;
  /** The variable that holds the token; default FXTAPE_API_TOKEN. */
  readonly tokenVariable?: string;
  /** A token of this process alone, for the other commands of its data folder. */
  readonly pass?: string;
}

export class HttpGuard {
  readonly token: string | undefined;
  readonly #o: HttpGuardOptions;
  readonly #onLoopback: boolean;

  /** @throws API_TOKEN_REQUIRED when other machines reach `addr` and there is no token; HTTP_ADDR_INVALID. */
  constructor(o: HttpGuardOptions) {
    this.#o = o;
    this.token = o.token;
    this.#onLoopback = isLoopback(parseListenAddr(o.addr).host);
    if (this.#onLoopback || o.token !== undefined) return;
    const variable = o.tokenVariable ?? 'FXTAPE_API_TOKEN';
    throw new FxtapeError({
      code: 'API_TOKEN_REQUIRED',
      message: `${o.variable}: ${o.addr} can be reached from other machines, and no token is set`,
      hint: `Set ${variable} (or ${variable}_FILE), or listen on 127.0.0.1`,
      context: { addr: o.addr },
    });
  }

  /** Why a request is refused, with its status in the context; null: it is admitted. */
  refusal(asked: Asked): FxtapeError | null {
    const { headers } = asked;
    const foreign = foreignPage(headers);
    if (foreign !== null && !isLink(asked)) return foreign;
    if (this.#carriesToken(headers)) return null;
    if (this.token !== undefined)
      return refused(
        401,
        'UNAUTHORIZED',
        'the bearer token is missing or wrong',
        `Send the header Authorization: Bearer with the value of ${this.#o.tokenVariable ?? 'FXTAPE_API_TOKEN'}`,
      );
    return isLoopback(hostName(headers.host))
      ? null
      : refused(
          403,
          'HOST_NOT_ALLOWED',
          'no token is set, so this port answers only to a loopback host name',
        );
  }

  /** Whether a probe also gets the reasons. Yes or no it gets without a token. */
  tellsReasons({ headers }: Asked): boolean {
    return this.#carriesToken(headers) || (this.#onLoopback && isOfThisMachine(headers));
  }

  #carriesToken({ authorization }: IncomingHttpHeaders): boolean {
    return [this.token, this.#o.pass].some(
      (token) => token !== undefined && bearerMatches(authorization, token),
    );
  }
}

/** A refusal when the browser reports that another page made this request; null: our own page, or no browser. */
export function foreignPage({ host, origin, ...headers }: IncomingHttpHeaders): FxtapeError | null {
  const site = headers['sec-fetch-site'];
  // Older browsers send only the origin, and not for every GET.
  const isOurs =
    site === undefined
      ? origin === undefined || origin.replace(/^https?:\/\//, '') === host
      : site === 'same-origin' || site === 'none';
  if (isOurs) return null;
  return refused(403, 'ORIGIN_NOT_ALLOWED', 'another web page made this request');
}

/** Under a loopback name, and by no web page from elsewhere. */
export const isOfThisMachine = ({ host, origin }: IncomingHttpHeaders): boolean =>
  isLoopback(hostName(host)) &&
  (origin === undefined || isLoopback(hostName(origin.replace(/^https?:\/\//, ''))));

/** Somebody follows a link to a page. The page with the link cannot read the answer. */
const isLink = ({ headers, method }: Asked): boolean =>
  method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';

function refused(status: number, code: ThrownCode, message: string, hint?: string): FxtapeError {
  return new FxtapeError({ code, message, hint, context: { status } });
}

function hostName(header: string | undefined): string {
  return (header ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
