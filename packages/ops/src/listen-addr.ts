// An address to listen on. In: `host:port` as written in an environment variable, `[::1]:7070` for IPv6. Out: host and port, and
// whether only this machine can reach it, which decides if a token is required.
import type { Server } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { FxtapeError } from './errors/fxtape-error.ts';

export interface ListenAddr {
  readonly host: string;
  /** 0 asks the system for a free port. */
  readonly port: number;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** @throws HTTP_ADDR_INVALID when `addr` is not `host:port`. */
export function parseListenAddr(addr: string): ListenAddr {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(addr);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw new FxtapeError({
      code: 'HTTP_ADDR_INVALID',
      message: `"${addr}" is not an address to listen on`,
      context: { addr },
    });
  }
  return { host, port };
}

/** `host:port`, with brackets around an IPv6 host. */
export function formatAddr(addr: ListenAddr): string {
  return isIP(addr.host) === 6 ? `[${addr.host}]:${addr.port}` : `${addr.host}:${addr.port}`;
}

/** True when only this machine can reach `host`. A name other than `localhost` counts as reachable from elsewhere. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/** Of an address that cannot be listened on. `variable`: what it was given by. */
export function listenFailed(addr: ListenAddr, cause: Error, variable?: string): FxtapeError {
  const where = formatAddr(addr);
  const { code: errno } = cause as NodeJS.ErrnoException;
  const why =
    errno === 'EADDRINUSE' ? 'another process listens there' : `not possible (${errno ?? cause.message})`;
  return new FxtapeError({
    code: 'HTTP_LISTEN_FAILED',
    message: `${variable === undefined ? '' : `${variable}: `}cannot listen on ${where}: ${why}`,
    hint: `Stop that process, or choose another address${variable === undefined ? '' : ` with ${variable}`}`,
    context: { addr: where, errno: errno ?? null },
    cause,
  });
}

/** Port 0 takes a free one. @throws HTTP_LISTEN_FAILED */
export function listenOn(server: Server, addr: ListenAddr): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenFailed(addr, cause)));
    server.listen(addr.port, addr.host, resolve);
  });
}
