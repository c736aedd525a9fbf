// `fxtape doctor`: checks everything that recording depends on, once. In: the environment and the configuration. Out: facts, what to do,
// and how far back history reaches, for people or as one JSON document, and an exit code: 0 fine, 1 a check failed. Warnings do not fail.
import { styleText } from 'node:util';
import { FxtapeError, Redactor, systemClock } from '@fxtape/ops';
import { HistoryReader } from '@fxtape/questdb';
import { type Check, failedBy, ok, warning } from '../doctor/check.ts';
import { depthLines, depthRows, type DepthRow, type HistoryOffer } from '../doctor/depth.ts';
import { examineDisk } from '../doctor/disk.ts';
import { examineGateway } from '../doctor/gateway.ts';
import { examineQuestDb } from '../doctor/questdb.ts';
import { checkLines } from '../doctor/render.ts';
import { type CliEnv, readRunningEnv } from '../env.ts';
import { count } from '../print/quantity.ts';
import { out } from '../print/out.ts';
import { questDbView } from '../questdb.ts';
import { runMode, type RunMode } from '../run-mode.ts';
import { redisAnswers } from '@fxtape/stack';

const COLOURS = { ok: 'green', warning: 'yellow', failed: 'red' } as const;

export interface DoctorOptions {
  readonly json?: boolean;
}

/** Resolves with the exit code. Errors: ENV_INVALID, RUN_FILE_INVALID. */
export async function doctor(options: DoctorOptions): Promise<number> {
  const env = readRunningEnv();
  const mode = await modeOrFailure(env);
  const configured = mode instanceof FxtapeError ? null : mode;
  const accounts = configured?.config.accounts.map(({ name }) => name) ?? [];
  const [gateway, ...parts] = await Promise.all([
    configured === null ? { checks: [], offers: [] } : examineGateway(configured, env.FXTAPE_DATA_DIR),
    examineDisk(env.FXTAPE_DATA_DIR, accounts),
    examineQuestDb(env),
    examineRedis(env),
  ]);
  const first = mode instanceof FxtapeError ? failedBy('configuration', mode) : configurationCheck(mode);
  const checks = [first, ...gateway.checks, ...parts.flat()];
  const depth = await depthOf(env, gateway.offers);
  const fine = checks.every(({ state }) => state !== 'failed');
  const paint = (state: Check['state'], text: string) =>
    styleText(COLOURS[state], text, { stream: process.stdout });
  const text =
    options.json === true
      ? JSON.stringify({ fine, checks, depth }, null, 2)
      : [...checkLines(checks, paint), ...(depth.length === 0 ? [] : ['', ...depthLines(depth)])].join('\n');
  // No check prints a key, but an answer of another server might contain one.
  const keys = configured?.config.accounts.flatMap(({ keyVariable }) => configured.keyOf(keyVariable) ?? []);
  out(`${new Redactor(keys).redact(text)}\n`);
  return fine ? 0 : 1;
}

async function modeOrFailure(env: CliEnv): Promise<RunMode | FxtapeError> {
  try {
    return await runMode(env);
  } catch (error) {
    if (error instanceof FxtapeError) return error;
    throw error;
  }
}

function configurationCheck({ config, demo }: RunMode): Check {
  if (demo !== null) return ok('configuration', 'demonstration: the simulated gateway is recorded');
  return ok('configuration', config.source, count(config.accounts.length, 'account'));
}

/** A Redis that does not answer is not a failure: live recording does not need it, and history is fetched when it is back. */
async function examineRedis(env: CliEnv): Promise<Check[]> {
  const { host } = new URL(env.REDIS_URL);
  if (await redisAnswers(env.REDIS_URL)) return [ok('Redis', `answers at ${host}`)];
  const facts = [
    `does not answer at ${host}`,
    'live recording does not need it; history is not fetched meanwhile',
  ];
  return [
    warning('Redis', facts, 'Start it, or correct REDIS_URL; missing history is then planned by itself'),
  ];
}

/** Without limits when QuestDB cannot be queried; its own checks say why. */
async function depthOf(env: CliEnv, offers: readonly HistoryOffer[]): Promise<DepthRow[]> {
  if (offers.length === 0) return [];
  const { http } = questDbView(env);
  try {
    const reader = new HistoryReader({ http, clock: systemClock() });
    const rows = await Promise.all(
      offers.map(async (offer) => {
        const limits = await reader.historyLimits(offer.account.name).catch((error: unknown) => {
          if (error instanceof FxtapeError) return null;
          throw error;
        });
        return depthRows(offer, limits);
      }),
    );
    return rows.flat();
  } finally {
    http.close();
  }
}
