// `fxtape tape cat|check`: reads an account's tape without touching it. `cat` prints the lines as they are on the tape, and unreadable
// stretches as lines of their own; `check` reports what each segment contains.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FxtapeError } from '@fxtape/ops';
import { lineText, readTape, verifyTape } from '@fxtape/tape';
import { readRunningEnv } from '../env.ts';
import { out } from '../print/out.ts';

const folderOf = (account: string): string => {
  const dir = join(readRunningEnv().FXTAPE_DATA_DIR, 'tape', account);
  if (existsSync(dir)) return dir;
  throw new FxtapeError({
    code: 'TAPE_NOT_FOUND',
    message: `there is no tape of "${account}" in this data folder`,
    context: { account },
  });
};

const write = (line: string): Promise<void> =>
  new Promise((done) => {
    if (out(`${line}\n`)) done();
    else process.stdout.once('drain', done);
  });

export const tapeCat = async (account: string): Promise<void> => {
  for await (const batch of readTape(folderOf(account), null)) {
    for (const item of batch.items) await write('kind' in item ? JSON.stringify(item) : lineText(item));
  }
};

/** Resolves with the exit code: 0, or 2 when something cannot be read. */
export const tapeCheck = async (account: string, options: { json?: boolean }): Promise<number> => {
  let damaged = 0;
  for await (const report of verifyTape(folderOf(account))) {
    damaged += report.damage.length;
    const { bytes, damage, events, frames, path } = report;
    await write(
      options.json === true
        ? JSON.stringify(report)
        : `${path}  ${frames} frames  ${events} events  ${bytes} bytes`,
    );
    if (options.json !== true)
      for (const each of damage)
        await write(`  damage: ${each.reason}, ${each.bytes ?? 'unknown'} bytes at ${each.at.offset}`);
  }
  return damaged === 0 ? 0 : 2;
};
