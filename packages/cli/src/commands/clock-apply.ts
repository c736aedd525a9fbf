// `fxtape clock apply`: rows that were written under another clock rule than the one that holds get their right time, without a download.
// In: the configuration, QuestDB, the state of an earlier run. Out: corrected tables, progress, or what would be done (`--dry-run`).
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLog, FxtapeError, redactorOf, systemClock } from '@fxtape/ops';
import { HistoryReader, isSqlCorrected, migrate, type QuestDbHttp } from '@fxtape/questdb';
import { lockTape, type TapeLock } from '@fxtape/tape';
import { ClockApply } from '../clock-apply/apply.ts';
import { applyJournal, type ApplyState } from '../clock-apply/apply-state.ts';
import { noRoom, nothingToDo, provisional, running, unfinished } from '../clock-apply/errors.ts';
import { freeRoom, isAffected, measure, type Measured } from '../clock-apply/measure.ts';
import { dropOldTables, oldTables } from '../clock-apply/old-tables.ts';
import { measuredLines } from '../clock-apply/render.ts';
import { type DecidedClock, serverClocks } from '../clock-apply/server-clocks.ts';
import { type CliEnv, readRunningEnv } from '../env.ts';
import { err, out } from '../print/out.ts';
import { questDbView } from '../questdb.ts';
import { runMode } from '../run-mode.ts';

export interface ClockApplyOptions {
  readonly dryRun?: boolean;
  readonly dropOld?: boolean;
  readonly json?: boolean;
}

/** Room beside the copies: the log of the server holds rows for a while. */
const ROOM_FACTOR = 1.3;

/** Errors: CLOCK_APPLY_*, CLOCK_RULES_DISAGREE, CONFIG_*, QDB_*. */
export async function clockApply(options: ClockApplyOptions): Promise<void> {
  const env = readRunningEnv();
  const view = questDbView(env);
  const clock = systemClock();
  const level = env.LOG_LEVEL === 'info' ? 'warn' : env.LOG_LEVEL;
  const log = createLog({ service: 'clock-apply', level, redactor: redactorOf(env) });
  const say = (line: string): void => void err(`${line}\n`);
  const journal = applyJournal(env.FXTAPE_DATA_DIR);
  mkdirSync(env.FXTAPE_DATA_DIR, { recursive: true });
  const lock = options.dryRun === true ? null : lockApply(env.FXTAPE_DATA_DIR);
  try {
    const onStep = progress(say);
    const apply = new ClockApply({ http: view.http, journal, clock, log, onStep });
    const earlier = await apply.unfinished();
    if (options.dropOld === true && earlier !== null) throw unfinished(earlier.id);
    if (options.dropOld === true && options.dryRun !== true)
      return await dropOld(view.http, journal, options);
    // Once tables are away nothing else can be read, and nothing else is possible than to go on.
    const goesOn = earlier !== null && !apply.canGoBack(earlier);
    const servers = goesOn ? [] : await readServers(env, view.http);
    if (earlier !== null && options.dryRun === true)
      say(
        `the correction ${earlier.id} stopped at "${earlier.step}"; run it without --dry-run to finish it or roll it back`,
      );
    if (earlier !== null && options.dryRun !== true) {
      if (goesOn || sameRules(earlier, servers)) {
        say(`resuming the correction ${earlier.id} at "${earlier.step}"`);
        await apply.run(earlier);
        return tellDone(earlier, options);
      }
      say(`the clock rules have changed since the correction ${earlier.id} began: rolling it back`);
      await apply.goBack(earlier);
    }
    if (options.dryRun !== true) await migrate({ client: view.http, log });
    const measured = await measure({ http: view.http, clock, servers });
    const free = await freeRoom(env.FXTAPE_DATA_DIR);
    if (options.dryRun === true) return tell(servers, measured, free, options);
    if (!measured.tables.some(isAffected)) throw nothingToDo();
    const unsettled = servers.find(({ confidence }) => confidence === 'provisional');
    if (unsettled !== undefined) throw provisional(unsettled.server, unsettled.rule);
    const needBytes = Math.ceil(measured.needBytes * ROOM_FACTOR);
    if (free !== null && free.bytes < needBytes) throw noRoom(needBytes, free.bytes, free.where);
    for (const line of measuredLines(servers, measured, free)) say(line);
    const tables = measured.tables
      .filter(isAffected)
      .flatMap(({ table }) => (isSqlCorrected(table) ? [table] : []));
    const state = apply.begin(servers, tables);
    await apply.run(state);
    tellDone(state, options);
  } finally {
    lock?.release();
    view.http.close();
  }
}

async function readServers(env: CliEnv, http: QuestDbHttp): Promise<DecidedClock[]> {
  const { config } = await runMode(env);
  const reader = new HistoryReader({ http, clock: systemClock() });
  return serverClocks({ configured: config.accounts, reader, http });
}

/** Held as long as the process lives. */
function lockApply(dataDir: string): TapeLock {
  try {
    return lockTape(join(dataDir, 'run', 'clock-apply'));
  } catch (error) {
    if (error instanceof FxtapeError && error.code === 'TAPE_LOCKED') throw running(error);
    throw error;
  }
}

const sameRules = (state: ApplyState, servers: readonly DecidedClock[]): boolean =>
  state.servers.every(({ rule, server }) => servers.find((each) => each.server === server)?.rule === rule);

const progress = (say: (line: string) => void) => {
  let last = '';
  return (step: string, done: number, of: number): void => {
    const percent = of <= 1 ? '' : ` ${Math.floor((done / of) * 100)} %`;
    const line = `${step}${percent}`;
    if (line !== last) say(line);
    last = line;
  };
};

function tell(
  servers: readonly DecidedClock[],
  measured: Measured,
  free: { where: string; bytes: number } | null,
  { json }: ClockApplyOptions,
): void {
  const document = {
    servers: servers.map(({ confidence, rule, server }) => ({ server, rule, confidence })),
    ...measured,
    free,
  };
  const text =
    json === true ? JSON.stringify(document, null, 2) : measuredLines(servers, measured, free).join('\n');
  out(`${text}\n`);
}

function tellDone(state: ApplyState, { json }: ClockApplyOptions): void {
  const old = state.tables.map(({ before }) => before);
  const text =
    json === true
      ? JSON.stringify({ applyId: state.id, servers: state.servers, old }, null, 2)
      : `corrected ${state.tables.map(({ name }) => name).join(', ')}\nthe old tables stay as ${old.join(', ')}\nremove them with: fxtape clock apply --drop-old`;
  out(`${text}\n`);
}

async function dropOld(
  http: QuestDbHttp,
  journal: ReturnType<typeof applyJournal>,
  { json }: ClockApplyOptions,
): Promise<void> {
  const old = await oldTables(http);
  await dropOldTables(http, old);
  journal.remove();
  const text =
    json === true
      ? JSON.stringify({ dropped: old })
      : old.length === 0
        ? 'there are no old tables'
        : `dropped ${old.join(', ')}`;
  out(`${text}\n`);
}
