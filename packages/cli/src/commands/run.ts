// `fxtape run SERVICE`: one service in the foreground, in this process. In: its name. Out: whatever the service does until a signal stops
// it. Two services of one kind need two data folders: each is found by its run file.
import { resolve } from 'node:path';
import { refuseUnfinishedRestore } from '@fxtape/ops';
import { fileURLToPath } from 'node:url';
import { holdDataDir, openDataDir, refuseBesideUp } from '../data-dir.ts';
import { endWithParent } from '../end-with-parent.ts';
import { readCliEnv } from '../env.ts';
import type { ProcessName } from '../processes.ts';

/** Errors: ALREADY_RUNNING, RESTORE_UNFINISHED, DATA_DIR_UNUSABLE, and those of the service's start. */
export async function run(service: ProcessName, options: { withParent?: boolean }): Promise<void> {
  if (options.withParent === true) endWithParent();
  else {
    const dataDir = resolve(readCliEnv().FXTAPE_DATA_DIR);
    openDataDir(dataDir);
    refuseBesideUp(dataDir);
    refuseUnfinishedRestore(dataDir);
    holdDataDir(dataDir, service);
  }
  await import(fileURLToPath(new URL(`../../../../services/${service}/src/main.ts`, import.meta.url)));
}
