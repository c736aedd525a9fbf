// Where this recorder is, and whether another one has ended. In: its data folder; what another recorder wrote about its process. Out: host and
// folder for people, and the process with what its number means something in. Of another host nothing can be told.
import { readlinkSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { RecorderPlace } from '@fxtape/questdb';
import { z } from 'zod';

const ofProcess = z.object({ host: z.string(), namespace: z.string(), pid: z.int().positive() });

export function thisRecorder(dataDir: string): RecorderPlace {
  const process = { host: hostname(), namespace: namespaceOf(), pid: globalThis.process.pid };
  return { place: `${process.host}:${realOf(dataDir)}`, process: JSON.stringify(process) };
}

/** Whether that process is known to have ended. */
export function hasEnded(text: string): boolean {
  const there = ofProcess.safeParse(jsonOf(text)).data;
  if (there === undefined || there.host !== hostname() || there.namespace !== namespaceOf()) return false;
  try {
    process.kill(there.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Containers of one host may share its name and never its numbers of processes. */
function namespaceOf(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return ''; // no Linux: one for the whole machine
  }
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path); // not made yet
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a later release writes it otherwise
  }
}
