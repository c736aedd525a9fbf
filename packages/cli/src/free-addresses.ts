// Whether the addresses for people and programs are free. In: the environment. Out: nothing, or an error that names the variable, before
// anything is started: otherwise a second recorder on this machine would bring up its engines first.
import { createServer } from 'node:net';
import { type ListenAddr, listenFailed, parseListenAddr } from '@fxtape/ops';
import type { CliEnv } from './env.ts';

/** @throws HTTP_LISTEN_FAILED */
export async function requireFreeAddresses(env: CliEnv, demo: boolean): Promise<void> {
  const names = ['FXTAPE_HTTP_ADDR', ...(demo ? SIMULATOR : [])] as const;
  for (const name of names) {
    const addr = parseListenAddr(env[name]);
    const trouble = await tryToListen(addr);
    if (trouble !== null) throw listenFailed(addr, trouble, name);
  }
}

const SIMULATOR = ['FXTAPE_SIMULATOR_ADDR', 'FXTAPE_SIMULATOR_CONTROL_ADDR'] as const;

function tryToListen({ host, port }: ListenAddr): Promise<Error | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
