// Which recorder this is. In: its data folder. Out: an id that stays with the folder wherever it is moved, and where the folder is, for people.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Log } from '@fxtape/ops';
import type { RecorderPlace } from '@fxtape/questdb';
import { z } from 'zod';

const FILE = 'recorder-id';

/** A folder that takes no file has another id at each start: then what it recorded before is watched for half a minute like anybody's. */
export function thisRecorder(dataDir: string, log: Pick<Log, 'warn'>): RecorderPlace {
  const id = idIn(dataDir) ?? randomUUID();
  try {
    mkdirSync(dataDir, { recursive: true });
    if (idIn(dataDir) === null) writeFileSync(join(dataDir, FILE), `${id}\n`, { flush: true });
    return { id, place: `${hostname()}:${realpathSync(dataDir)}` };
  } catch (error) {
    log.warn({ err: error }, `cannot write ${FILE} into the data folder`);
    return { id, place: `${hostname()}:${dataDir}` };
  }
}

const idIn = (dataDir: string): string | null => {
  try {
    return z.uuid().safeParse(readFileSync(join(dataDir, FILE), 'utf8').trim()).data ?? null;
  } catch {
    return null; // not there yet
  }
};
