// Which recorder this is. In: its data folder. Out: an id that stays with the folder when it is moved, and the folder's place, for people.
// The id is created once and never overwritten: with a new id, the folder would set its own tape aside as somebody else's.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { FxtapeError } from '@fxtape/ops';
import type { RecorderPlace } from '@fxtape/questdb';
import { z } from 'zod';

/** @throws RECORDER_ID_UNKNOWN (transient) */
export function thisRecorder(dataDir: string): RecorderPlace {
  const path = join(dataDir, 'recorder-id');
  try {
    mkdirSync(dataDir, { recursive: true });
    const id = idIn(path) ?? makeId(path);
    return { id: z.uuid().parse(id), place: `${hostname()}:${realpathSync(dataDir)}` };
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'it holds no id';
    throw new FxtapeError({
      code: 'RECORDER_ID_UNKNOWN',
      message: `${path} cannot be read or created (${why}), so fxtape cannot check whether another data folder records the same account; rows wait on the tape`,
      context: { path },
      cause,
    });
  }
}

/** Null: there is none yet. */
function idIn(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** The file is complete or absent. */
function makeId(path: string): string {
  const partial = `${path}.${process.pid}.partial`;
  const id = randomUUID();
  try {
    writeFileSync(partial, `${id}\n`, { flush: true });
    renameSync(partial, path);
    return id;
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}
