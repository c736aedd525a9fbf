// `fxtape backup`: copies tables, tape and configuration while everything runs. In: an address. Out: a backup, and a line about it.
import { readFileSync } from 'node:fs';
import { backUp, pruneBackups, sizeOf } from '@fxtape/backup';
import { openStore, proveSafe } from '@fxtape/datasets';
import { FxtapeError, systemClock } from '@fxtape/ops';
import type { QuestDbHttp } from '@fxtape/questdb';
import { type LastBackup, noteBackup } from '../backup/notes.ts';
import { ApplyJournal, isUnfinished } from '../clock-apply/apply-state.ts';
import { rowProgress } from '../dataset/row-progress.ts';
import { type CliEnv, readRunningEnv } from '../env.ts';
import { untilStopped } from '../interrupt.ts';
import { err, out } from '../print/out.ts';
import { count, spellBytes, spellDuration } from '../print/quantity.ts';
import { askRecorded, questDbView } from '../questdb.ts';
import { version } from '../version.ts';

export interface BackupCommandOptions {
  readonly keep?: number;
  readonly json?: boolean;
}

/** Resolves with the exit code. Errors: BACKUP_*, CLOCK_APPLY_UNDER_WAY, QDB_*, DATASET_*, ENV_INVALID. */
export async function backup(address: string, options: BackupCommandOptions): Promise<number> {
  const env = readRunningEnv();
  const clock = systemClock();
  const view = questDbView(env);
  let isMade = false;
  const stopped = (): string =>
    isMade
      ? 'Stopped. The backup is made; older ones may not be removed yet.'
      : 'Stopped. No backup was made; the next one uses the files that are stored already.';
  return untilStopped(stopped, (signal) =>
    askRecorded(view, async () => {
      const store = await openStore(address);
      try {
        const startedMs = performance.now();
        await proveSafe(store, signal);
        const before = await corrections(view.http);
        const made = await backUp({
          http: view.http,
          clock,
          store,
          dataDir: env.FXTAPE_DATA_DIR,
          fxtape: version(),
          demo: env.FXTAPE_DEMO ?? null,
          config: configText(env),
          onProgress: rowProgress(options.json === true),
          signal,
          stillValid: async () => {
            if ((await corrections(view.http)) !== before) throw correctedMeanwhile();
          },
        });
        isMade = true;
        const size = sizeOf(made);
        remember(env.FXTAPE_DATA_DIR, { id: made.id, address, ended: made.ended, ...size });
        if (made.tapes.length === 0)
          err(`no tape was found in ${env.FXTAPE_DATA_DIR}: the backup has tables alone\n`);
        const pruned =
          options.keep === undefined
            ? null
            : await pruneBackups(store, { keep: options.keep, nowMs: clock.nowMs(), signal });
        const ms = performance.now() - startedMs;
        const line = `Backup ${made.id} in ${address}: ${count(size.rows, 'row')}, ${count(made.tapes.length, 'tape')}, ${count(size.files, 'file')}, ${spellBytes(size.bytes)} (new ${spellBytes(made.newBytes)}), ${spellDuration(ms)}`;
        const lines = [
          line,
          ...(pruned === null
            ? []
            : [
                `Removed ${count(pruned.backups, 'older backup')}: ${count(pruned.files, 'file')}, ${spellBytes(pruned.bytes)}`,
              ]),
        ];
        out(
          options.json === true
            ? `${JSON.stringify({ id: made.id, address, ...size, newBytes: made.newBytes, ms: Math.round(ms), pruned }, null, 2)}\n`
            : `${lines.join('\n')}\n`,
        );
        return 0;
      } finally {
        store.close();
      }
    }),
  );
}

/** Only for `fxtape status`: the backup is made. */
function remember(dataDir: string, note: LastBackup): void {
  try {
    noteBackup(dataDir, note);
  } catch (error) {
    err(
      `the backup is made, but ${dataDir} cannot remember it (${(error as NodeJS.ErrnoException).code ?? 'unknown'})\n`,
    );
  }
}

function configText({ FXTAPE_CONFIG: path }: CliEnv): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Which corrections there were. @throws CLOCK_APPLY_UNDER_WAY */
async function corrections(http: QuestDbHttp): Promise<string> {
  const steps = await new ApplyJournal({ http, clock: systemClock() }).steps();
  const unfinished = steps.find(isUnfinished);
  if (unfinished === undefined) return JSON.stringify(steps);
  throw new FxtapeError({
    code: 'CLOCK_APPLY_UNDER_WAY',
    message: `a clock correction (${unfinished.applyId}) has not ended; tables would be saved from before and after it`,
    context: { applyId: unfinished.applyId },
  });
}

const correctedMeanwhile = (): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_UNDER_WAY',
    message: 'a clock correction ran during the backup: tables were saved from before and after it',
    hint: 'Run `fxtape backup` again',
  });
