// Who may ask an HTTP port of fxtape: the guard of every listener. In: the address it listens on, its token if it has one, and the headers
// of a request. Out: let in, or why not.
//
//   with a token     the request must carry it
//   without          the port is on loopback only, and the name in the Host header must be a loopback one too, so that a web page on a
//                    foreign name that resolves to this machine reads nothing
//   always           what another web page makes a browser send is refused, but for a link that somebody follows
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { bearerMatches } from './bearer.ts';
import type { ThrownCode } from './errors/catalogue.ts';
import { FxtapeError } from './errors/fxtape-error.ts';
import { isLoopback, parseListenAddr } from './listen-addr.ts';

/** What the guard looks at. */
export type Asked = Pick<IncomingMessage, 'headers'> & { readonly method?: string | undefined };

export interface HttpGuardOptions {
  /** `host:port` that is listened on. */
  readonly addr: string;
  /** What it was given by. */
  readonly variable: string;
  readonly token?: string | undefined;
  /** Where the token is given; default FXTAPE_API_TOKEN. */
  readonly tokenVariable?: string;
  /** Of this process alone, for the other commands of its data folder: it lets in like the token. */
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

  /** Why a request is not let in, its status in the context; null: it is. */
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

  /** Whether a probe may be told more than yes or no, which it gets without any token. */
  tellsReasons({ headers }: Asked): boolean {
    return this.#carriesToken(headers) || (this.#onLoopback && isOfThisMachine(headers));
  }

  #carriesToken({ authorization }: IncomingHttpHeaders): boolean {
    return [this.token, this.#o.pass].some(
      (token) => token !== undefined && bearerMatches(authorization, token),
    );
  }
}

/** A refusal when a browser says that another page made this request; null: the page is our own, or it is no browser. */
export function foreignPage({ host, origin, ...headers }: IncomingHttpHeaders): FxtapeError | null {
  const site = headers['sec-fetch-site'];
  // Older browsers say only the origin, and that not for every GET.
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

/** Somebody follows a link to a page: what comes back, no other page can read. */
const isLink = ({ headers, method }: Asked): boolean =>
  method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';

function refused(status: number, code: ThrownCode, message: string, hint?: string): FxtapeError {
  return new FxtapeError({ code, message, hint, context: { status } });
}

function hostName(header: string | undefined): string {
  return (header ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
