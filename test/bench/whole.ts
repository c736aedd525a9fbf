// Throughput of the whole path on one machine: simulated gateway → collector → QuestDB, next to a plain script. The market waits for the socket,
// so that back-pressure sets the pace instead of dropped frames. Afterwards the rows are compared with the gateway's count, and gaps are
// listed.
import { Recording, until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { marketNow } from './market-now.ts';
import { gatewayAccount, NAIVE_TABLE, startNaive } from './naive.ts';
import type { BenchOptions } from './options.ts';
import { childNamed, cpuShare, type ProcessSight, sight } from './processes.ts';
import { figure, note, table, title } from './report.ts';

/** More than the recorder can take, so the market waits for it. */
const OFFERED = 400_000;

interface Measured {
  readonly what: string;
  readonly rows: number;
  readonly seconds: number;
  readonly drainSeconds: number;
  readonly cpu: readonly number[];
}

export const whole = async (o: BenchOptions): Promise<void> => {
  title(
    'whole: simulator → collector → QuestDB (aim 150,000 ticks/s over 60 s without a gap, not under 60,000)',
  );
  const market = marketNow(OFFERED);
  const recording = await Recording.start(market);
  try {
    const { gateway } = recording;
    await gateway.command('pause');
    const questdb = childNamed('java');
    const ours = await recorded(recording, o, questdb);
    const naive = await scripted(recording, Math.max(5, o.seconds / 4), questdb);
    table(
      [
        '',
        'ticks/s, visible in SQL',
        'rows',
        'seconds',
        'of these after the last tick',
        'CPU: gateway',
        'recorder',
        'QuestDB',
      ],
      [ours, naive].map(({ cpu, drainSeconds, rows, seconds, what }) => [
        what,
        rows / seconds,
        rows,
        figure(seconds, 1),
        figure(drainSeconds, 1),
        ...cpu.map((share) => `${figure(100 * share)} %`),
      ]),
    );
  } finally {
    await recording.close();
  }
};

const visible = async (recording: Recording, name: string): Promise<number> =>
  Number((await recording.sql(`SELECT count() FROM ${name}`))[0]?.[0]);

/** Lets the market run for a time, then waits until all that it sent is visible. */
const measure = async (
  recording: Recording,
  what: string,
  run: { seconds: number; pids: readonly (number | null)[]; done: (sent: number) => Promise<boolean> },
): Promise<Measured & { sent: number }> => {
  const { gateway } = recording;
  const before = await gatewayAccount(recording);
  const look = (): (ProcessSight | null)[] => run.pids.map(sight);
  const from = look();
  const startMs = performance.now();
  await gateway.command('resume');
  await delay(run.seconds * 1000);
  await gateway.command('pause');
  const pausedMs = performance.now();
  const to = look();
  const sent = (await gatewayAccount(recording)).written - before.written;
  await until(() => run.done(sent), { what: 'the last tick in SQL', deadlineMs: 120_000, everyMs: 20 });
  const endMs = performance.now();
  return {
    what,
    sent,
    rows: sent,
    seconds: (endMs - startMs) / 1000,
    drainSeconds: (endMs - pausedMs) / 1000,
    cpu: from.map((each, i) => cpuShare(each, to[i] ?? null)),
  };
};

const recorded = async (recording: Recording, o: BenchOptions, questdb: number | null): Promise<Measured> => {
  const service = await recording.collector(
    recording.dataDir,
    o.profileDir === null ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${o.profileDir}` },
  );
  await recording.live(service);
  // Longer than a snapshot can take: from here on every tick frame is live.
  await delay(3000);
  const count = () => visible(recording, "ticks WHERE source = 'live'");
  const first = await count();
  const result = await measure(recording, 'fxtape collector', {
    seconds: o.seconds,
    pids: [recording.gateway.pid, service.pid, questdb],
    done: async (sent) => (await count()) - first >= sent,
  });
  await delay(3000);
  const account = await gatewayAccount(recording);
  const stored = (await count()) - first;
  const gaps = await recording.sql("SELECT cause, count() FROM gaps WHERE cause <> 'not_subscribed'");
  const open = await recording.sql('SELECT count() FROM gaps WHERE ts_to IS NULL');
  note(
    `sent ${figure(result.sent)}, stored ${figure(stored)}, dropped by the gateway ${figure(account.withheld)}; ` +
      `gaps beside the start: ${gaps.map(([cause, n]) => `${String(cause)} ${String(n)}`).join(', ') || 'none'}; open: ${String(open[0]?.[0])}`,
  );
  await service.stop(30_000);
  return result;
};

const scripted = async (recording: Recording, seconds: number, questdb: number | null): Promise<Measured> => {
  const child = await startNaive(recording);
  await delay(2000);
  const count = () => visible(recording, NAIVE_TABLE);
  const first = await count();
  // The script's client flushes with the next row, so the measurement ends when the script stops.
  let stopping = false;
  const result = await measure(recording, 'script: ws + official client', {
    seconds,
    pids: [recording.gateway.pid, child.pid, questdb],
    done: async (sent) => {
      if (!stopping) {
        stopping = true;
        child.signal('SIGTERM');
      }
      return child.exit !== null && (await count()) - first >= Math.min(sent, 1);
    },
  });
  const rows = (await count()) - first;
  note(`the script stored ${figure(rows)} of ${figure(result.sent)} ticks`);
  return { ...result, rows };
};
