// SIGKILL of every service at every place that writes, the first time that anybody gets there: while tables are made, rows sent, jobs added and
// ended, files written and renamed. And a disk that fails once at each of them. What is started afterwards makes everything right.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { judgeBars, judgeDeals, judgePositions, type Service, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { begin, historyExact, promiseKept } from './lane.ts';

const HOOK = `--import=${new URL('passing-hook.mjs', import.meta.url).href}`;
const SYMBOLS = ['BTCUSD', 'ETHUSD'];
const DAY_MS = 86_400_000;
/** Some of them, all of which have to be passed. */
const EXPECTED = [
  'migrate: record',
  'tape: sync',
  'compress: write',
  'questdb: write ticks',
  'questdb: write coverage',
  'questdb: wrote bars',
  'questdb: wrote deals',
  'queue: added',
  'job: end bars',
  'job: end deals',
];

test('killed-writes: collector, scheduler and backfill at every place that writes', async () => {
  const recording = await begin({
    redis: true,
    symbols: SYMBOLS,
    backfill: { bars: { M1: '3d' }, ticks: false, deals: 'all' },
    scenario: {
      source: { kind: 'market', ticksPerSecond: 100, symbols: SYMBOLS },
      history: { days: 40, trader: { dealsPerDay: 20, days: 20 } },
    },
  });
  const file = join(recording.dir, 'places');
  const env = { NODE_OPTIONS: HOOK, PASSING_FILE: file, PASSING_KILL_AT: 'new' };
  const places = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
  const ends: string[] = [];
  let done = false;

  /** Starts it again whenever it was killed. Any other end is a fault. */
  const alwaysUp = async (start: () => Promise<Service>): Promise<void> => {
    while (!done) {
      const exit = await start().then((service) => {
        const ended = until(() => done, { what: 'the end', deadlineMs: 1e9, everyMs: 200 });
        return Promise.race([service.exited, ended.then(() => service.kill())]);
      }, String);
      if (!done && !JSON.stringify(exit).includes('SIGKILL')) ends.push(JSON.stringify(exit));
      if (ends.length > 0) return;
    }
  };
  const services = [
    alwaysUp(() => recording.collector(recording.dataDir, env)),
    alwaysUp(() => recording.scheduler(env)),
    alwaysUp(() => recording.backfill(env)),
  ];
  const toMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
  const quiet = { places: 0, sinceMs: performance.now() };
  await until(
    () => {
      expect(ends).toEqual([]);
      const { length } = places();
      if (length !== quiet.places) Object.assign(quiet, { places: length, sinceMs: performance.now() });
      const isQuiet = performance.now() - quiet.sinceMs > 45_000;
      return isQuiet && EXPECTED.every((place) => places().includes(place));
    },
    { what: 'no place that is new for 45 s', deadlineMs: 1_700_000, everyMs: 500 },
  );
  done = true;
  await Promise.all(services);
  const passed = places();
  process.stdout.write(`killed-writes: ${passed.length} places: ${passed.join(', ')}\n`);
  // What has to come right now is done by services that nobody kills.
  await recording.live(await recording.collector());
  await recording.scheduler();
  await recording.backfill();

  const range = { fromMs: toMs - 2 * DAY_MS, toMs };
  const exact = async (): Promise<void> => {
    for (const symbol of SYMBOLS)
      historyExact(`${symbol} M1`, await judgeBars(recording, { symbol, timeframe: 'M1', ...range }));
    historyExact('deals', await judgeDeals(recording, { account: 'demo', fromMs: 0, toMs }));
    historyExact('positions', await judgePositions(recording, { account: 'demo', fromMs: 0, toMs }));
  };
  await until(() => exact().then(() => true), {
    what: 'the history of the gateway in the tables',
    deadlineMs: 300_000,
    everyMs: 5000,
    retryErrors: true,
  });
  await promiseKept('killed at every place that writes', recording);
}, 2_400_000);

/** The third: the tape is lost before, so that a segment is made. */
const FAULTS = [
  ['tape: mkdir', 'ENOSPC', true],
  ['tape: create', 'ENOSPC', true],
  ['tape: sync folder', 'EIO', true],
  ['tape: write', 'ENOSPC', false],
  ['tape: write', 'EIO', false],
  ['tape: sync', 'EIO', false],
  ['tape: sync', 'ENOSPC', false],
  ['run file: write', 'ENOSPC', false],
  ['run file: rename', 'EIO', false],
] as const;

test('failing-disk: each write, sync and rename fails once, at the start and later', async () => {
  const recording = await begin({ ticksPerSecond: 200 });
  for (const [place, code, lost] of FAULTS)
    for (const every of lost || place.startsWith('run') ? [1] : [1, 3]) {
      const what = `${place} ${code} at pass ${every}`;
      const file = join(recording.dir, `places of ${what}`);
      if (lost) rmSync(join(recording.dataDir, 'tape'), { recursive: true, force: true });
      const service = await recording.collector(recording.dataDir, {
        NODE_OPTIONS: HOOK,
        PASSING_FILE: file,
        PASSING_THROW_AT: place,
        PASSING_CODE: code,
        PASSING_EVERY: String(every),
        PASSING_TIMES: '1',
      });
      await recording.live(service);
      await recording.moreTicks(400);
      expect(service.child.exit, what).toBeNull();
      expect(readFileSync(file, 'utf8').split('\n'), what).toContain(place);
      await service.kill('SIGKILL');
    }
  await recording.live(await recording.collector());
  await recording.moreTicks(400);
  await promiseKept('a disk that fails once at each place', recording);
}, 1_200_000);
