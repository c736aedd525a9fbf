// What a client is given, checked when it is given: a mistake is told where it was made, not as a gateway that cannot be reached. In: addresses,
// keys, times. Out: the same, or an FxSocketError that names the option. Addresses that a gateway tells come through here as well.

import { isIPv4 } from 'node:net';
import { FxSocketError } from './errors.ts';

export interface TlsOptions {
  /** Default true. False accepts a certificate that nobody vouches for, such as that of a private server. */
  readonly tlsVerify?: boolean;
  /** Certificates (PEM) to be trusted instead of those that Node knows. */
  readonly ca?: string | readonly string[];
  /** Default false: beyond this machine an address without TLS is refused, because anybody on the way could read the key. */
  readonly allowHttp?: boolean;
}

/** A timer of Node holds no more milliseconds. */
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
 * An address with its scheme. `name` stands in the error.
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
    throw refuse(`is no address: ${said}`);
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

/** A key goes into a header and into an address. @throws FXSOCKET_BAD_ARGUMENT */
export function checkedKey(apiKey: unknown): string {
  if (typeof apiKey !== 'string' || apiKey === '') throw badArgument('apiKey is missing');
  if (!/^[ -~]+$/.test(apiKey) || apiKey.trim() !== apiKey)
    throw badArgument(
      'apiKey has a space or a line break around it, or contains a character that a header cannot carry',
    );
  return apiKey;
}

/** @throws FXSOCKET_BAD_ARGUMENT */
export function checkedNumber(name: string, value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= LARGEST))
    throw badArgument(`${name} must be a number from 0 to ${LARGEST}, not ${String(value)}`);
  return value;
}
