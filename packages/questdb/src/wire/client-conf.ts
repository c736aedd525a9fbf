// Where QuestDB is, and how to connect. In: a configuration string of the official clients (`http::addr=host:port;…`), read by the
// official client's own parser so that any string that works there works here. Out: address, TLS, credentials, time limits.
// Keys that only steer the official client's buffering (auto_flush…, init_buf_size…, retry_timeout, protocol_version) have no effect.
import { readFileSync } from 'node:fs';
import { SenderOptions } from '@questdb/nodejs-client';
import { FxtapeError } from '@fxtape/ops';

export interface ClientConf {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  /** Value of the Authorization header; null without credentials. Secret. */
  readonly authorization: string | null;
  readonly tlsVerify: boolean;
  /** PEM; null: the authorities that the system trusts. */
  readonly tlsCa: string | null;
  /** How long a request may take, in addition to the time that its body takes at `minBytesPerSecond`. */
  readonly requestTimeoutMs: number;
  readonly minBytesPerSecond: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MIN_BYTES_PER_SECOND = 100 * 1024;

/** Errors: QDB_CONF_INVALID. The message never repeats a value, because a value may be a password. */
export function parseClientConf(conf: string): ClientConf {
  let options: SenderOptions;
  try {
    options = new SenderOptions(conf);
  } catch (error) {
    throw confInvalid((error as Error).message.replaceAll(/'.*'/gs, '…'));
  }
  if (options.protocol !== 'http' && options.protocol !== 'https') {
    throw confInvalid('the protocol must be http or https');
  }
  if (options.host === undefined || options.port === undefined || options.port > 65_535) {
    throw confInvalid('addr must be host:port');
  }
  return {
    tls: options.protocol === 'https',
    host: options.host,
    port: options.port,
    authorization: authorization(options),
    tlsVerify: options.tls_verify ?? true,
    tlsCa: options.tls_ca === undefined ? null : readCa(String(options.tls_ca)),
    requestTimeoutMs: options.request_timeout ?? DEFAULT_TIMEOUT_MS,
    minBytesPerSecond: options.request_min_throughput ?? DEFAULT_MIN_BYTES_PER_SECOND,
  };
}

function authorization(options: SenderOptions): string | null {
  if (options.token !== undefined) return `Bearer ${options.token}`;
  if (options.username === undefined && options.password === undefined) return null;
  if (options.username === undefined || options.password === undefined) {
    throw confInvalid('username and password must both be set');
  }
  return `Basic ${Buffer.from(`${options.username}:${options.password}`).toString('base64')}`;
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw confInvalid('the file named by tls_ca cannot be read', cause);
  }
}

function confInvalid(what: string, cause?: unknown): FxtapeError {
  return new FxtapeError({
    code: 'QDB_CONF_INVALID',
    message: `QDB_CLIENT_CONF is not valid: ${what}`,
    cause,
  });
}
