// How far a correction is, on disk: `<data>/clock-apply.json`, written whole by rename and synced, before each step that it names. In: the
// data folder. Out: the state as it was last written, null when there is none.
//
//   filling ──► pausing ──► paused ──► swapping ──► swapped ──► done
//      └───────────┴──────────┴─ may go back: copies are dropped, the pause is taken back ─► (no file)
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { stateUnreadable } from './errors.ts';

export const APPLY_STEPS = ['filling', 'pausing', 'paused', 'swapping', 'swapped', 'done'] as const;
export type ApplyStep = (typeof APPLY_STEPS)[number];

const serverClock = z.object({
  server: z.string(),
  /** Id of the rule that is right. */
  rule: z.string(),
  /** Rules that history was read with before. */
  oldRules: z.array(z.string()),
  accounts: z.array(z.object({ name: z.string(), feed: z.string().nullable(), replayed: z.boolean() })),
  /** Of replayed gateways: from when on rows of a repeated hour were received in its second pass, by the hour's start, µs. */
  splits: z.array(z.object({ feed: z.string(), hourUs: z.number(), splitUs: z.number().nullable() })),
});
/** A broker's server, its right rule, and whose rows it is about. */
export type ServerClock = z.infer<typeof serverClock>;

const mark = z.object({ name: z.string().nullable(), history: z.boolean(), us: z.number() });
const tableState = z.object({
  name: z.string(),
  shadow: z.string(),
  before: z.string(),
  marks: z.array(mark).nullable(),
  /** Everything before is copied; null: nothing yet. */
  copiedUs: z.number().nullable(),
  filled: z.boolean(),
  /** Last entry of the old table's log when the copy was complete. */
  txn: z.number().nullable(),
});
export type TableState = z.infer<typeof tableState>;

const state = z.object({
  v: z.literal(1),
  id: z.string(),
  startedAt: z.iso.datetime(),
  step: z.enum(APPLY_STEPS),
  servers: z.array(serverClock),
  tables: z.array(tableState),
});
export type ApplyState = z.infer<typeof state>;

export interface ApplyJournal {
  load(): ApplyState | null;
  save(state: ApplyState): void;
  remove(): void;
}

export const applyStatePath = (dataDir: string): string => join(dataDir, 'clock-apply.json');

/** Errors: CLOCK_APPLY_STATE. */
export const applyJournal = (dataDir: string): ApplyJournal => {
  const path = applyStatePath(dataDir);
  return {
    load() {
      let text: string;
      try {
        text = readFileSync(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
      try {
        return state.parse(JSON.parse(text));
      } catch (cause) {
        throw stateUnreadable(path, cause);
      }
    },
    save(next) {
      const file = openSync(`${path}.partial`, 'w', 0o600);
      try {
        writeSync(file, `${JSON.stringify(next)}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(`${path}.partial`, path);
      syncFolder(dirname(path));
    },
    remove() {
      rmSync(path, { force: true });
      syncFolder(dirname(path));
    },
  };
};

/** A rename is durable when its folder is. Windows knows no such thing and needs none. */
function syncFolder(dir: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(dir, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
