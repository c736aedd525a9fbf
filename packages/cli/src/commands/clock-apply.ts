// `fxtape clock apply`: corrects the times of rows that were written with another clock rule, without downloading anything. In: the
// configuration, QuestDB, and what an earlier run left there. Out: corrected tables and progress, or the plan (`--dry-run`).
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, createLog, FxtapeError, type Log, redactorOf, systemClock } from '@fxtape/ops';
import { HistoryReader, isSqlCorrected, migrate, type QuestDbHttp } from '@fxtape/questdb';
import { lockTape, type TapeLock } from '@fxtape/tape';
import { ClockApply } from '../clock-apply/apply.ts';
import { applyOwner } from '../clock-apply/apply-owner.ts';
import { ApplyJournal, type ApplyState, beforeOf, isUnfinished } from '../clock-apply/apply-state.ts';
import { dropOldTables } from '../clock-apply/drop-old.ts';
import {
  noneUnderWay,
  noRoom,
  nothingToDo,
  ownColumns,
  provisional,
  running,
  unfinished,
} from '../clock-apply/errors.ts';
import { freeRoom, isAffected, measure } from '../clock-apply/measure.ts';
import { type Plan, planLines } from '../clock-apply/render.ts';
import { type DecidedClock, sameClocks, serverClocks } from '../clock-apply/server-clocks.ts';
import { strandedIds, takeBack } from '../clock-apply/take-back.ts';
import { type CliEnv, readRunningEnv } from '../env.ts';
import { err, out } from '../print/out.ts';
import { questDbView } from '../questdb.ts';
import { runMode } from '../run-mode.ts';

export interface ClockApplyOptions {
  readonly dryRun?: boolean;
  readonly dropOld?: boolean;
  readonly abort?: boolean;
  readonly json?: boolean;
}

/** What the parts of this command need. */
interface Command {
  readonly env: CliEnv;
  readonly options: ClockApplyOptions;
  readonly http: QuestDbHttp;
  readonly clock: Clock;
  readonly journal: ApplyJournal;
  readonly log: Log;
  /** Prints progress to stderr. */
  readonly say: (line: string) => void;
}

/** Errors: CLOCK_APPLY_*, CLOCK_RULES_DISAGREE, CONFIG_*, QDB_*. */
export async function clockApply(options: ClockApplyOptions): Promise<void> {
  const env = readRunningEnv();
  const { http } = questDbView(env);
  const clock = systemClock();
  const level = env.LOG_LEVEL === 'info' ? 'warn' : env.LOG_LEVEL;
  const log = createLog({ service: 'clock-apply', level, redactor: redactorOf(env) });
  const say = (line: string): void => void err(`${line}\n`);
  const command = { env, options, http, clock, log, say, journal: new ApplyJournal({ http, clock }) };
  if (options.dryRun !== true) mkdirSync(env.FXTAPE_DATA_DIR, { recursive: true, mode: 0o700 });
  const lock = options.dryRun === true ? null : lockApply(env.FXTAPE_DATA_DIR);
  try {
    if (options.dryRun === true) await dryRun(command);
    else if (options.abort === true) await abort(command);
    else await applyOrDrop(command);
  } finally {
    lock?.release();
    http.close();
  }
}

async function dryRun(command: Command): Promise<void> {
  const { journal, options, say } = command;
  for (const { applyId, step } of (await journal.steps()).filter(isUnfinished))
    say(`the correction ${applyId} has not ended (${step}); without --dry-run it is finished or rolled back`);
  const plan = await makePlan(command, await readServers(command));
  sayUnsettled(plan, say);
  const document = {
    servers: [...plan.servers, ...plan.unsettled].map(({ confidence, rule, server }) => ({
      server,
      rule,
      confidence,
    })),
    leftAlone: plan.leftAlone,
    ...plan.measured,
    free: plan.free,
  };
  tell(options, document, planLines(plan));
}

/** Rolls back every unfinished correction, whoever began it. */
async function abort(command: Command): Promise<void> {
  const { journal, options } = command;
  const ids = (await journal.steps()).filter(isUnfinished).map(({ applyId }) => applyId);
  const all = [...new Set([...ids, ...(await strandedIds(command.http, journal))])];
  if (all.length === 0) throw noneUnderWay();
  const kept: string[] = [];
  // The newest first: it may build on what an older one left.
  for (const id of all.toReversed()) kept.push(...(await takeBack(command, id)));
  tell(options, { abandoned: all, kept }, [
    `everything is as it was before ${all.join(', ')}; rows are written again`,
    ...(kept.length === 0 ? [] : [`a program wrote to copies meanwhile; they are kept: ${kept.join(', ')}`]),
  ]);
}

async function applyOrDrop(command: Command): Promise<void> {
  const { clock, env, http, journal, log, options, say } = command;
  const owner = applyOwner(env.FXTAPE_DATA_DIR);
  const apply = new ClockApply({ http, journal, owner, clock, log, onStep: progress(say) });
  const earlier = await apply.unfinished();
  if (options.dropOld === true && earlier !== null) throw unfinished(earlier.id);
  for (const id of earlier === null ? await strandedIds(http, journal) : []) {
    say(`the database no longer has the state of the correction ${id}: rolling it back`);
    await takeBack(command, id);
  }
  // Once tables are renamed they cannot be read for a new plan, so the correction can only go on.
  if (earlier !== null && !(await apply.canGoBack(earlier))) return await goOn(command, apply, earlier);
  const read = await readServers(command);
  if (options.dropOld === true) return await dropOld(command, read.servers);
  if (earlier !== null) {
    if (sameClocks(earlier, read.servers)) return await goOn(command, apply, earlier);
    say(`the rules have changed since the correction ${earlier.id} began: rolling it back`);
    await takeBack(command, earlier.id);
  }
  await migrate({ client: http, log });
  const plan = await makePlan(command, read);
  requirePossible(plan);
  for (const line of planLines(plan)) say(line);
  sayUnsettled(plan, say);
  const tables = plan.measured.tables.filter(isAffected).map(({ table }) => table);
  const state = await apply.begin(plan.servers, tables.filter(isSqlCorrected));
  await apply.run(state);
  tellDone(state, options);
}

async function goOn(command: Command, apply: ClockApply, earlier: ApplyState): Promise<void> {
  const { options, say } = command;
  say(`resuming the correction ${earlier.id} at step "${earlier.step}"`);
  await apply.run(earlier);
  tellDone(earlier, options);
  if (!sameClocks(earlier, (await readServers(command)).servers))
    say('the rules have changed since the correction began: run `fxtape clock apply` again for the new ones');
}

type Servers = Pick<Plan, 'servers' | 'leftAlone'>;

async function readServers({ clock, env, http }: Command): Promise<Servers> {
  const { config } = await runMode(env);
  return serverClocks({ configured: config.accounts, reader: new HistoryReader({ http, clock }), http });
}

interface SettledPlan extends Plan {
  /** Brokers whose rule is provisional: their rows are not touched. */
  readonly unsettled: readonly DecidedClock[];
}

async function makePlan({ clock, env, http }: Command, read: Servers): Promise<SettledPlan> {
  const isSettled = ({ confidence }: DecidedClock): boolean => confidence !== 'provisional';
  const servers = read.servers.filter(isSettled);
  const unsettled = read.servers.filter((each) => !isSettled(each));
  const measured = await measure({ http, clock, servers });
  return {
    servers,
    unsettled,
    leftAlone: read.leftAlone,
    measured,
    free: await freeRoom(env.FXTAPE_DATA_DIR),
  };
}

function sayUnsettled({ unsettled }: SettledPlan, say: Command['say']): void {
  for (const { rule, server } of unsettled)
    say(`rows of ${server} are left as they are: its clock rule is not settled (${rule} is provisional)`);
}

function requirePossible({ free, measured, unsettled: [unsettled] }: SettledPlan): void {
  const affected = measured.tables.filter(isAffected);
  if (affected.length === 0)
    throw unsettled === undefined ? nothingToDo() : provisional(unsettled.server, unsettled.rule);
  const own = affected.find((each) => each.own.length > 0);
  if (own !== undefined) throw ownColumns(own.table, own.own);
  if (free !== null && free.bytes < measured.needBytes)
    throw noRoom(measured.needBytes, free.bytes, free.where);
}

/** The lock is held until the process ends. */
function lockApply(dataDir: string): TapeLock {
  try {
    return lockTape(join(dataDir, 'run', 'clock-apply'));
  } catch (error) {
    if (error instanceof FxtapeError && error.code === 'TAPE_LOCKED') throw running(error);
    throw error;
  }
}

const progress = (say: (line: string) => void) => {
  let last = '';
  return (step: string, done: number, of: number): void => {
    const percent = of <= 1 ? '' : ` ${Math.floor((done / of) * 100)} %`;
    const line = `${step}${percent}`;
    if (line !== last) say(line);
    last = line;
  };
};

const tell = ({ json }: ClockApplyOptions, document: object, lines: readonly string[]): void =>
  void out(`${json === true ? JSON.stringify(document, null, 2) : lines.join('\n')}\n`);

function tellDone({ id, servers, tables }: ApplyState, options: ClockApplyOptions): void {
  const old = tables.map(({ name }) => beforeOf(name, id));
  tell(options, { applyId: id, servers, old }, [
    `corrected ${tables.map(({ name }) => name).join(', ')}`,
    `the old tables stay as ${old.join(', ')}`,
    'remove them with: fxtape clock apply --drop-old',
  ]);
}

async function dropOld(command: Command, servers: readonly DecidedClock[]): Promise<void> {
  const dropped = await dropOldTables({ ...command, servers });
  const names = dropped.map(({ name }) => name);
  tell(command.options, { dropped }, [
    ...dropped.flatMap(({ name, putBack }) =>
      putBack === 0 ? [] : [`${putBack} rows of ${name} were missing from the new table and have been added`],
    ),
    names.length === 0 ? 'there are no old tables' : `dropped ${names.join(', ')}`,
  ]);
}
