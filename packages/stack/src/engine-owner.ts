// Who runs an engine on a data folder. In: the folder. Out: `<folder>/fxtape-engine.json` {pid, ownerPid, marker}, written at each
// start. An engine dies with its owner (see engine-process.ts); should one have outlived it all the same, the next start finds it
// here, makes sure that it is that very process, and ends it cleanly, because two servers on one folder destroy it.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Env, FxtapeError } from '@fxtape/ops';
import { z } from 'zod';
import type { StackLog } from './log.ts';
import { runCommand } from './run-command.ts';

const STOP_MS = 10_000;

const ownerFile = z.object({
  pid: z.int().positive(),
  ownerPid: z.int().positive(),
  /** A piece of the engine's command line that no other process has: its data folder. */
  marker: z.string(),
});
type OwnerFile = z.infer<typeof ownerFile>;

export function recordEngine(dir: string, engine: OwnerFile): void {
  const path = fileIn(dir);
  writeFileSync(`${path}.partial`, `${JSON.stringify(engine)}\n`);
  renameSync(`${path}.partial`, path);
}

/** Forgets the engine with this pid; a successor's entry stays. */
export function forgetEngine(dir: string, pid: number): void {
  if (readOwnerFile(dir)?.pid === pid) rmSync(fileIn(dir), { force: true });
}

/**
 * Makes sure that no engine runs on `dir`: one that outlived its owner is stopped, with SIGTERM, then SIGKILL.
 * @throws ENGINE_DATA_IN_USE when its owner is alive.
 */
export async function reclaimFolder(
  dir: string,
  o: { title: string; env: Env; log: StackLog },
): Promise<void> {
  const found = readOwnerFile(dir);
  if (found === null) return;
  if (await runsWith(found.pid, found.marker, o.env)) {
    if (isAlive(found.ownerPid)) {
      throw new FxtapeError({
        code: 'ENGINE_DATA_IN_USE',
        message: `another process (${found.ownerPid}) runs ${o.title} on ${dir}`,
        context: { dir, enginePid: found.pid, ownerPid: found.ownerPid },
      });
    }
    o.log.warn(`${o.title} (process ${found.pid}) outlived the fxtape that started it: stopping it`);
    await endProcess(found.pid);
  }
  rmSync(fileIn(dir), { force: true });
}

async function endProcess(pid: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!isAlive(pid)) return;
    process.kill(pid, signal);
    const untilMs = performance.now() + STOP_MS;
    while (isAlive(pid) && performance.now() < untilMs) await delay(50);
  }
}

/** True when a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** True when the process exists and its command line holds `marker`: pids are used again. */
async function runsWith(pid: number, marker: string, env: Env): Promise<boolean> {
  if (!isAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').includes(marker);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // No /proc: macOS.
  const { stdout } = await runCommand('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { env });
  return stdout.includes(marker);
}

function readOwnerFile(dir: string): OwnerFile | null {
  let text: string;
  try {
    text = readFileSync(fileIn(dir), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return ownerFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new FxtapeError({
      code: 'ENGINE_OWNER_FILE',
      message: `${fileIn(dir)} does not contain what fxtape wrote there`,
      cause,
    });
  }
}

function fileIn(dir: string): string {
  return join(dir, 'fxtape-engine.json');
}
