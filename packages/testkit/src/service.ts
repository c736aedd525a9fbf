// Starts a service of fxtape from its sources as a process. In: name, variables, data folder. Out: a handle once the service is up, which its run file
// (`run/<service>.json` with its pid) or a printed line shows.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Env, NODE_FLAGS, readServiceInfo } from '@fxtape/ops';
import { type ChildExit, ChildHandle } from './child-process.ts';
import { machineEnv } from './env.ts';
import { until } from './until.ts';

export const WORKSPACE = fileURLToPath(new URL('../../../', import.meta.url));

export interface ServiceOptions {
  readonly dataDir: string;
  /** In addition to the machine's variables and FXTAPE_DATA_DIR. */
  readonly env?: Env;
  /** How to see that it is up. Default: its run file with its pid. `null`: do not wait. */
  readonly ready?: RegExp | null;
  readonly readyWithinMs?: number;
  /** Default: `<dataDir>/logs/<name>.log`; later starts append to it. */
  readonly logFile?: string;
}

export interface Service {
  readonly child: ChildHandle;
  readonly pid: number;
  /** `http://host:port` of its HTTP port; null when it has none or its run file was not waited for. */
  readonly http: string | null;
  readonly exited: Promise<ChildExit>;
  /** SIGKILL by default; resolves when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<ChildExit>;
  /** SIGTERM. @throws Error when it does not end in time */
  stop(deadlineMs?: number): Promise<ChildExit>;
}

/**
 * Starts `services/<name>`.
 * @throws Error with its last lines when it ends or is not up in time
 */
export async function startService(name: string, o: ServiceOptions): Promise<Service> {
  const child = await startNode(name, [join(WORKSPACE, 'services', name, 'src', 'main.ts')], o);
  const ready = o.ready;
  let http: string | null = null;
  if (ready !== null) {
    const up = () => {
      if (ready !== undefined) return ready.test(child.logs);
      const info = readServiceInfo(o.dataDir, name);
      if (info?.pid !== child.pid) return false;
      http = info.http === null ? null : `http://${info.http}`;
      return true;
    };
    await waitUp(child, up, o.readyWithinMs ?? 60_000);
  }
  return {
    child,
    pid: child.pid,
    http,
    exited: child.exited,
    kill: (signal) => child.kill(signal),
    stop: (deadlineMs) => child.stop(deadlineMs),
  };
}

/** Runs a program of the workspace with this Node, from the sources. */
export function startNode(
  name: string,
  args: readonly string[],
  o: { dataDir: string; env?: Env; logFile?: string; cwd?: string; ownGroup?: boolean },
): Promise<ChildHandle> {
  const logs = join(o.dataDir, 'logs');
  mkdirSync(logs, { recursive: true });
  return ChildHandle.start({
    name,
    command: process.execPath,
    args: [...NODE_FLAGS, ...args],
    cwd: o.cwd ?? o.dataDir,
    env: { ...machineEnv(), FXTAPE_DATA_DIR: o.dataDir, ...o.env },
    logFile: o.logFile ?? join(logs, `${name}.log`),
    ...(o.ownGroup === true ? { ownGroup: true } : {}),
  });
}

async function waitUp(child: ChildHandle, up: () => boolean, deadlineMs: number): Promise<void> {
  const ended = () => {
    if (child.exit === null) return false;
    const { code, signal } = child.exit;
    throw new Error(
      `${child.name} ended (${signal ?? `code ${code}`}) before it was up:\n${child.lastLines()}`,
    );
  };
  try {
    await until(() => up() || ended(), { what: `${child.name} to be up`, deadlineMs });
  } catch (error) {
    await child.kill();
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}\n${child.lastLines()}`, { cause: error });
  }
}
