// `fxtape credentials rotate`: new passwords for the engines that fxtape started for this data folder. They apply from the next start, so
// nothing may be running on the folder.
import { resolve } from 'node:path';
import { FxtapeError } from '@fxtape/ops';
import { holdDataDir, openDataDir } from '../data-dir.ts';
import { readRunningEnv } from '../env.ts';
import { out } from '../print/out.ts';
import { readCredentials, renewCredentials } from '@fxtape/stack';

/** Errors: ALREADY_RUNNING, CREDENTIALS_NONE, CREDENTIALS_INVALID, DATA_DIR_UNUSABLE. */
export function credentialsRotate(options: { json?: boolean }): void {
  const dataDir = resolve(readRunningEnv().FXTAPE_DATA_DIR);
  // Does not create the folder: it may be the wrong one.
  if (readCredentials(dataDir) === null) {
    throw new FxtapeError({
      code: 'CREDENTIALS_NONE',
      message: `fxtape has not started an engine for ${dataDir} yet, so there are no passwords`,
      context: { dataDir },
    });
  }
  openDataDir(dataDir);
  holdDataDir(dataDir, 'up');
  renewCredentials(dataDir);
  out(
    options.json === true
      ? `${JSON.stringify({ rotated: true, dataDir })}\n`
      : `New passwords for the engines of ${dataDir} apply from the next \`fxtape up\`. Connected tools need them: \`fxtape sql\` shows them.\n`,
  );
}
