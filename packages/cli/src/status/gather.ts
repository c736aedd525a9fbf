// Gathers what `fxtape status` shows from the collector, the other services, QuestDB, the queues, and the tape's folder. In: the environment
// and the last sample. Out: the facts, errors included: a part that is down is a finding, not a failure of the command.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CollectorState, fetchCollectorState, jobsOf } from '@fxtape/console';
import { JobQueues } from '@fxtape/jobs';
import { createLog, formatAddr, FxtapeError, parseListenAddr, readServiceInfo } from '@fxtape/ops';
import { asObjects, type Reader } from '@fxtape/questdb';
import { tapeBytes } from '@fxtape/tape';
import { readLastBackup } from '../backup/notes.ts';
import { type CliEnv, isGiven } from '../env.ts';
import { notRunning, whereNothingRuns } from '../not-running.ts';
import { type QuestDbView, questDbView } from '../questdb.ts';
import { readStackFile } from '../stack-file.ts';
import { diskOf } from './disk.ts';
import type { ServiceFact, StatusFacts, TapeFact } from './facts.ts';
import { ratesBetween, type Sample } from './rates.ts';

const ANSWER_MS = 1500;
const SAMPLE_MS = 1000;
const NEWEST_US = 86_400_000_000;

/** `sample` is `before` of the next call, for the rates. Errors: QDB_CONF_INVALID, RUN_FILE_INVALID. */
export async function gather(
  env: CliEnv,
  before: Sample | null,
): Promise<{ facts: StatusFacts; sample: Sample | null }> {
  const dataDir = env.FXTAPE_DATA_DIR;
  const view = questDbView(env);
  try {
    const [first, services] = await Promise.all([before ?? takeSample(env), askServices(env)]);
    // Where nothing of this folder runs, an engine at a default address is somebody else's.
    const stopped =
      first instanceof FxtapeError &&
      readStackFile(dataDir) === null &&
      services.every(({ answers }) => !answers);
    const [questdb, jobs] = await Promise.all([
      stopped && !isGiven('QDB_CLIENT_CONF') ? notRunning('QDB_CLIENT_CONF') : askQuestDb(view),
      stopped && !isGiven('REDIS_URL') ? notRunning('REDIS_URL') : askJobs(env),
    ]);
    const gaps = questdb instanceof FxtapeError ? questdb : await known(view.reader.gapCounts());
    const withoutPastTicks =
      gaps instanceof FxtapeError ? gaps : await known(view.reader.accountsWithoutPastTicks());
    if (before === null && !(first instanceof FxtapeError)) {
      await delay(Math.max(0, SAMPLE_MS - (performance.now() - first.monoMs)));
    }
    const sample = await takeSample(env);
    const collector = sample instanceof FxtapeError ? sample : sample.state;
    const earlier = first instanceof FxtapeError ? null : first;
    const facts: StatusFacts = {
      atMs: Date.now(),
      dataDir,
      collector,
      collectorAddr: env.FXTAPE_COLLECTOR_URL ?? readServiceInfo(dataDir, 'collector')?.http ?? null,
      services,
      questdb,
      gaps,
      jobs,
      backup: readLastBackup(dataDir),
      disk: await diskOf(dataDir, view.http, Date.now()),
      withoutPastTicks: withoutPastTicks instanceof FxtapeError ? [] : withoutPastTicks,
      tapes: collector instanceof FxtapeError ? new Map() : await tapesOf(dataDir, collector),
      rates: sample instanceof FxtapeError ? new Map() : ratesBetween(earlier, sample),
      newest:
        collector instanceof FxtapeError || questdb instanceof FxtapeError
          ? new Map()
          : await newestTicks(view.reader, collector),
    };
    return { facts, sample: sample instanceof FxtapeError ? null : sample };
  } finally {
    view.http.close();
  }
}

async function takeSample(env: CliEnv): Promise<Sample | FxtapeError> {
  const url = env.FXTAPE_COLLECTOR_URL;
  const state = await known(
    fetchCollectorState({
      dataDir: env.FXTAPE_DATA_DIR,
      token: env.FXTAPE_API_TOKEN,
      deadlineMs: ANSWER_MS,
      ...(url === undefined ? {} : { url }),
    }),
  );
  return state instanceof FxtapeError ? state : { monoMs: performance.now(), state };
}

async function askQuestDb(view: QuestDbView): Promise<StatusFacts['questdb']> {
  const answer = await known(view.http.exec('SELECT build() build', { deadlineMs: ANSWER_MS }));
  if (answer instanceof FxtapeError) return answer;
  const build = String(asObjects(answer)[0]?.['build'] ?? '');
  return { url: view.url, version: /QuestDB ([\d.]+)/.exec(build)?.[1] ?? 'of an unknown version' };
}

function askServices(env: CliEnv): Promise<ServiceFact[]> {
  const dataDir = env.FXTAPE_DATA_DIR;
  const expected = new Set(readStackFile(dataDir)?.services ?? []);
  return Promise.all(
    ['scheduler', 'backfill', 'console', 'simulator'].map(async (name) => {
      const info = readServiceInfo(dataDir, name);
      const addr = info?.http ?? null;
      const answers = addr !== null && (await isHealthy(addr));
      return { name, addr, answers, since: info?.startedAt ?? null, expected: expected.has(name) };
    }),
  );
}

async function askJobs(env: CliEnv): Promise<StatusFacts['jobs']> {
  const queues = new JobQueues({
    redisUrl: env.REDIS_URL,
    log: createLog({ service: 'fxtape', level: 'silent' }),
    connectWithinMs: ANSWER_MS,
  });
  try {
    const report = await known(queues.report());
    return report instanceof FxtapeError ? report : jobsOf(report);
  } finally {
    await queues.close();
  }
}

async function isHealthy(addr: string): Promise<boolean> {
  const { host, port } = parseListenAddr(addr);
  const reachable = formatAddr({ host: host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port });
  try {
    return (await fetch(`http://${reachable}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) })).ok;
  } catch {
    return false; // refused or too late: it does not answer
  }
}

async function tapesOf(dataDir: string, collector: CollectorState): Promise<Map<string, TapeFact>> {
  const tapes = new Map<string, TapeFact>();
  for (const { account } of collector.accounts) {
    const dir = join(dataDir, 'tape', account);
    if (statSync(dir, { throwIfNoEntry: false }) === undefined) continue;
    tapes.set(account, await tapeBytes(dir));
  }
  return tapes;
}

/** Feeds whose table lags or is suspended are left out: its newest tick would look like silence. */
async function newestTicks(reader: Reader, collector: CollectorState): Promise<StatusFacts['newest']> {
  const newest = new Map<string, Map<string, number>>();
  const feeds = new Set(collector.accounts.flatMap(({ feed }) => (feed === null ? [] : [feed])));
  for (const feed of feeds) {
    const ticks = await known(reader.latestTicks(feed, { sinceUs: Date.now() * 1000 - NEWEST_US }));
    if (ticks instanceof FxtapeError) continue;
    newest.set(feed, new Map([...ticks.values()].map((tick) => [tick.symbol, tick.ts_recv])));
  }
  return newest;
}

async function known<T>(answer: Promise<T>): Promise<T | FxtapeError> {
  try {
    return await answer;
  } catch (cause) {
    const error = whereNothingRuns(cause);
    if (error instanceof FxtapeError) return error;
    throw error;
  }
}
