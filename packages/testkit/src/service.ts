// A service of fxtape as its own process, started from its sources. In: its name, its variables, its data folder. Out: a handle of the
// process once the service says that it is up: by its run file (`run/<service>.json` with its pid) or by a line that it prints.
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
  /** Beside the machine's own; FXTAPE_DATA_DIR is set. */
  readonly env?: Env;
  /** Default: the run file with the pid of this process. `null`: do not wait. */
  readonly ready?: RegExp | null;
  readonly readyWithinMs?: number;
  /** Default: `<dataDir>/logs/<name>.log`, appended to by later starts. */
  readonly logFile?: string;
}

export interface Service {
  readonly child: ChildHandle;
  readonly pid: number;
  /** `http://host:port` of its own HTTP port; null when it has none or its run file was not waited for. */
  readonly http: string | null;
  readonly exited: Promise<ChildExit>;
  /** SIGKILL by default; returns when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<ChildExit>;
  /** SIGTERM, and an error when it does not end in time. */
  stop(deadlineMs?: number): Promise<ChildExit>;
}

/**
 * Starts `services/<name>`.
 * @throws Error with its last lines when it ends, or is not up in time.
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

/** A program of the workspace under this Node, with the packages' sources. */
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
