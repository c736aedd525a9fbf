// Where the running services of one data folder are found. In: a service's pid and its HTTP address. Out: `run/<service>.pid`
// (the pid only) and `run/<service>.json` ({pid, http, startedAt, pass?}), for this user alone, written whole by rename and removed when
// the process ends. After a kill they stay behind, so a reader must try the address before relying on them. A full or failing disk does not
// stop a service: the files are written once the disk allows it.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FxtapeError } from './errors/fxtape-error.ts';
import { passing } from './passing.ts';

const serviceInfo = z.object({
  pid: z.int().positive(),
  /** `host:port` of the service's HTTP port; null when it has none. */
  http: z.string().nullable(),
  startedAt: z.iso.datetime(),
  /** A token for that port, valid until the process ends. The user's token is never sent there: another process may own the port by now. */
  pass: z.string().optional(),
});
export type ServiceInfo = z.infer<typeof serviceInfo>;

const AGAIN_MS = 1000;
/** Errors that may pass. Any other, such as a folder that is not ours, ends the start. */
const PASSING: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE']);

/** Writes both files and removes them when this process exits. Returns a function that removes them earlier. */
export function writePidFile(
  dataDir: string,
  service: string,
  info: { pid: number; http: string | null; startedAt?: string; pass?: string },
): () => void {
  const folder = join(dataDir, 'run');
  const startedAt = info.startedAt ?? new Date().toISOString();
  const write = (): void => {
    mkdirSync(folder, { recursive: true });
    writeWhole(join(folder, `${service}.pid`), `${info.pid}\n`);
    writeWhole(join(folder, `${service}.json`), `${JSON.stringify({ ...info, startedAt })}\n`);
  };
  let timer: NodeJS.Timeout | null = null;
  try {
    write();
  } catch (error) {
    if (!PASSING.has((error as NodeJS.ErrnoException).code)) throw error;
    timer = setInterval(() => {
      try {
        write();
        if (timer !== null) clearInterval(timer);
      } catch {
        // It still fails. The service works without these files.
      }
    }, AGAIN_MS).unref();
  }
  const remove = () => {
    process.off('exit', remove);
    if (timer !== null) clearInterval(timer);
    // A successor may have written its own files meanwhile.
    if (readPid(dataDir, service) !== info.pid) return;
    rmSync(join(folder, `${service}.json`), { force: true });
    rmSync(join(folder, `${service}.pid`), { force: true });
  };
  process.on('exit', remove);
  return remove;
}

/**
 * What `service` wrote about itself, or null when it is not there.
 * @throws RUN_FILE_INVALID when the file is there and cannot be read as such.
 */
export function readServiceInfo(dataDir: string, service: string): ServiceInfo | null {
  const path = join(dataDir, 'run', `${service}.json`);
  const text = readIfThere(path);
  if (text === null) return null;
  try {
    return serviceInfo.parse(JSON.parse(text));
  } catch (cause) {
    throw new FxtapeError({
      code: 'RUN_FILE_INVALID',
      message: `${path} was not written by ${service}`,
      hint: `Remove it and restart ${service}`,
      context: { path },
      cause,
    });
  }
}

function readPid(dataDir: string, service: string): number | null {
  const text = readIfThere(join(dataDir, 'run', `${service}.pid`));
  return text === null ? null : Number(text);
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function writeWhole(path: string, text: string): void {
  const partial = `${path}.${process.pid}.partial`;
  try {
    passing('run file: write');
    writeFileSync(partial, text, { mode: 0o600 });
    passing('run file: rename');
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}
