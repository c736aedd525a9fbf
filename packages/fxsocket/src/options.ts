// Checks options where they are passed, so that a mistake does not surface later as an unreachable gateway. In: addresses, keys, durations.
// Out: the checked value, or an FxSocketError that names the option. Addresses from the account list are checked here too.

import { isIPv4 } from 'node:net';
import { FxSocketError } from './errors.ts';

export interface TlsOptions {
  /** Default true. False accepts any certificate, such as the self-signed one of a private server. */
  readonly tlsVerify?: boolean;
  /** PEM certificates to trust instead of Node's own. */
  readonly ca?: string | readonly string[];
  /** Default false: plain HTTP is refused except to this machine, because anybody on the network could read the key. */
  readonly allowHttp?: boolean;
}

/** The longest timer that Node supports, ms. */
const LARGEST = 2 ** 31 - 1;
const MAX_QUOTED = 100;

const SCHEMES = { http: ['http:', 'https:'], ws: ['ws:', 'wss:'] } as const;

export const badArgument = (message: string): FxSocketError =>
  new FxSocketError({ code: 'FXSOCKET_BAD_ARGUMENT', message });

const isLoopback = (host: string): boolean =>
  host === 'localhost' ||
  host.endsWith('.localhost') ||
  host === '[::1]' ||
  (isIPv4(host) && host.startsWith('127.'));

/**
 * Parses an address and checks its scheme. `name` is the option that an error names.
 * @throws FXSOCKET_ADDRESS
 */
export function checkedAddress(
  name: string,
  text: unknown,
  o: { readonly for: keyof typeof SCHEMES; readonly allowHttp?: boolean | undefined },
): URL {
  const refuse = (why: string): FxSocketError =>
    new FxSocketError({ code: 'FXSOCKET_ADDRESS', message: `${name} ${why}` });
  if (typeof text !== 'string' || !URL.canParse(text)) {
    // Quoted without its parameters: one of them may be the key.
    const said =
      typeof text === 'string' ? JSON.stringify(text.split('?')[0]?.slice(0, MAX_QUOTED)) : typeof text;
    throw refuse(`is not an address: ${said}`);
  }
  const url = new URL(text);
  const schemes: readonly string[] = SCHEMES[o.for];
  if (!schemes.includes(url.protocol))
    throw refuse(
      `must begin with ${schemes.map((each) => `${each}//`).join(' or ')}, not with ${url.protocol}`,
    );
  if (url.username !== '' || url.password !== '') throw refuse('contains a user name or a password');
  if (url.hash !== '' || (o.for === 'http' && url.search !== ''))
    throw refuse('has more than a host and a path');
  if (url.protocol === schemes[0] && o.allowHttp !== true && !isLoopback(url.hostname))
    throw refuse(`is plain HTTP (${url.protocol}//${url.host}): the key could be read on the network`);
  return url;
}

/** The key is sent in a header and in an address, so it must be printable ASCII. @throws FXSOCKET_BAD_ARGUMENT */
export function checkedKey(apiKey: unknown): string {
  if (typeof apiKey !== 'string' || apiKey === '') throw badArgument('apiKey is missing');
  if (!/^[ -~]+$/.test(apiKey) || apiKey.trim() !== apiKey)
    throw badArgument(
      'apiKey has a space or a line break around it, or contains a character that a header cannot carry',
    );
  return apiKey;
}

/** A duration or a limit, 0 up to the longest timer. @throws FXSOCKET_BAD_ARGUMENT */
export function checkedNumber(name: string, value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= LARGEST))
    throw badArgument(`${name} must be a number from 0 to ${LARGEST}, not ${String(value)}`);
  return value;
}
