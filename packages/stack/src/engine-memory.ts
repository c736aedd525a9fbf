// Which engines a data folder uses. In: the folder. Out: `<data>/engines.json`, written at each start: how each engine was obtained and
// where it listens, so that it comes back there. A folder never switches to another database by itself: that one would be empty, or
// somebody else's.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FxtapeError } from '@fxtape/ops';
import { writePrivate } from './private-file.ts';

export type EngineName = 'questdb' | 'redis';

const memory = z.object({
  /** `given`: by the environment. `found`: one that answered at the default address, which nobody named. */
  how: z.enum(['given', 'found', 'docker', 'local']),
  /** `host:port`, for people. */
  where: z.string(),
  /** Of an engine that fxtape starts, in the order of its spec. */
  ports: z.array(z.int()).optional(),
});
export type EngineMemory = z.infer<typeof memory>;

const file = z.object({ questdb: memory.optional(), redis: memory.optional() });

/** Null for a folder that used none yet, or one of an older release. @throws ENGINES_FILE */
export function rememberedEngine(dataDir: string, name: EngineName): EngineMemory | null {
  return readAll(dataDir)[name] ?? null;
}

export function rememberEngine(dataDir: string, name: EngineName, engine: EngineMemory): void {
  const all = { ...readAll(dataDir), [name]: engine };
  writePrivate(pathIn(dataDir), `${JSON.stringify(all, null, 2)}\n`);
}

/** Whether this folder has recorded before. */
export const hasRecorded = (dataDir: string): boolean => existsSync(join(dataDir, 'tape'));

function readAll(dataDir: string): z.infer<typeof file> {
  const path = pathIn(dataDir);
  try {
    return file.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new FxtapeError({
      code: 'ENGINES_FILE',
      message: `${path} does not contain what fxtape wrote there`,
      cause,
    });
  }
}

const pathIn = (dataDir: string): string => join(dataDir, 'engines.json');
