// Finds a TCP port on loopback that nobody uses. Out: a port below the range that the system hands out for outgoing connections
// (from 32768 on Linux): a server that is killed and started again on such a port cannot find it taken by a client's socket, and
// a client that retries cannot connect to itself.
import { createServer } from 'node:net';

const FROM = 15_000;
const TO = 30_000;

/** Ports that this process was given: an engine asks for several before it listens on the first. */
const given = new Set<number>();

/** A free port, never the same twice. Another process may take it before it is used; then the start fails and says so. */
export async function freePort(random: () => number = Math.random): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = FROM + Math.floor(random() * (TO - FROM));
    if (given.has(port) || !(await portIsFree(port)) || given.has(port)) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port between ${FROM} and ${TO}`);
}

/** Whether 127.0.0.1:port can be listened on. */
export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
