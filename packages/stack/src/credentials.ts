// The passwords of the engines that fxtape starts. In: the data folder. Out: random passwords, made at the first start and kept in
// `<data>/credentials.json`, which only its owner can read. An engine gets them from files at each start and keeps none itself: a data
// folder of an older release gets them at its next start, and new ones apply from the next start.
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FxtapeError } from '@fxtape/ops';
import { writePrivate } from './private-file.ts';

/** Of letters that stand as they are in URLs, configuration strings and settings files. */
const password = z.string().regex(/^[A-Za-z0-9_-]{16,}$/);

const file = z.object({
  questdb: z.object({
    /** Over HTTP and the PostgreSQL wire; may do everything. */
    admin: password,
    /** Over the PostgreSQL wire; reads only. */
    reader: password,
  }),
  redis: password,
});
export type Credentials = z.infer<typeof file>;
export type QuestDbCredentials = Credentials['questdb'];

/** What is kept for this data folder, made first where there is none yet. @throws CREDENTIALS_INVALID */
export function provideCredentials(dataDir: string): Credentials {
  return readCredentials(dataDir) ?? renewCredentials(dataDir);
}

/** Null where none were made. @throws CREDENTIALS_INVALID */
export function readCredentials(dataDir: string): Credentials | null {
  const path = pathIn(dataDir);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  // A copy from a backup may have come with wider permissions.
  chmodSync(path, 0o600);
  try {
    return file.parse(JSON.parse(text));
  } catch {
    // Without its cause: that may quote the text.
    throw new FxtapeError({
      code: 'CREDENTIALS_INVALID',
      message: `${path} does not contain the passwords that fxtape wrote there`,
    });
  }
}

/** New passwords, which hold for engines that are started from now on. */
export function renewCredentials(dataDir: string): Credentials {
  const credentials = { questdb: { admin: random(), reader: random() }, redis: random() };
  writePrivate(pathIn(dataDir), `${JSON.stringify(credentials, null, 2)}\n`);
  return credentials;
}

const random = (): string => randomBytes(24).toString('base64url');

const pathIn = (dataDir: string): string => join(dataDir, 'credentials.json');
