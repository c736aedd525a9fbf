// Memory of the collector at 5,000 ticks/s: over ten minutes, and while the database is away for five. It must not grow, because waiting rows
// are on the tape. Heap figures come from the collector's metrics.
import { Recording, type Service, until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { marketNow } from './market-now.ts';
import type { BenchOptions } from './options.ts';
import { sight } from './processes.ts';
import { figure, median, note, table, title } from './report.ts';

const TICKS_PER_SECOND = 5000;
const EVERY_MS = 1000;

interface Sample {
  readonly atS: number;
  readonly rssMb: number;
  readonly heapMb: number;
  readonly outsideMb: number;
}

export const memory = async (o: BenchOptions): Promise<void> => {
  const [warmS, steadyS, awayS] = o.short ? [15, 40, 20] : [60, 600, 300];
  title(
    'memory: collector at 5,000 ticks/s (flat ±10 % over 10 minutes; under 400 MB with QuestDB away for 5 minutes)',
  );
  const market = marketNow(TICKS_PER_SECOND);
  const recording = await Recording.start(market);
  try {
    const service = await recording.collector();
    await recording.live(service);
    await delay(warmS * 1000);
    const steady = await watch(service, steadyS);
    await recording.questdb.kill();
    const away = await watch(service, awayS);
    await recording.questdb.start();
    const backMs = performance.now();
    const catching: Sample[] = [];
    const lag = async (): Promise<boolean> => {
      catching.push(...(await watch(service, 0)));
      const [[newest]] = (await recording.sql('SELECT cast(ts_recv as long) FROM ticks LIMIT -1')) as [
        [string],
      ];
      return Date.now() - Number(newest) / 1000 < 1000;
    };
    await until(lag, { what: 'the database to be up to date', deadlineMs: 300_000, retryErrors: true });
    const caughtUpS = (performance.now() - backMs) / 1000;
    table(
      [
        'MB',
        'RSS: median',
        'least',
        'most',
        'from the median',
        'heap used: median',
        'most',
        'outside the heap: median',
      ],
      [
        row(`${steadyS} s of recording`, steady),
        row(`${awayS} s without the database`, away),
        row(`${figure(caughtUpS, 1)} s of catching up`, catching),
      ],
    );
    table(
      ['recording, by part', ...parts(steady).map((_, i) => `${i + 1}`)],
      [
        ['RSS, MB: median', ...parts(steady).map((part) => figure(median(part.map((each) => each.rssMb))))],
        [
          'heap used, MB: median',
          ...parts(steady).map((part) => figure(median(part.map((each) => each.heapMb)))),
        ],
      ],
    );
    note(
      `${figure(awayS * TICKS_PER_SECOND)} ticks waited on the tape and were in SQL ${figure(caughtUpS, 1)} s after the database was back.`,
    );
  } finally {
    await recording.close();
  }
};

const row = (name: string, samples: readonly Sample[]): (string | number)[] => {
  const rss = samples.map((each) => each.rssMb);
  const middle = median(rss);
  const off = Math.max(Math.max(...rss) - middle, middle - Math.min(...rss)) / middle;
  const heap = samples.map((each) => each.heapMb);
  const most = Math.max(...rss);
  return [
    name,
    figure(middle),
    figure(Math.min(...rss)),
    figure(most),
    `±${figure(100 * off, 1)} %`,
    figure(median(heap)),
    figure(Math.max(...heap)),
    figure(median(samples.map((each) => each.outsideMb))),
  ];
};

/** Ten stretches of equal length. */
const parts = (samples: readonly Sample[]): Sample[][] => {
  const size = Math.max(1, Math.ceil(samples.length / 10));
  return Array.from({ length: Math.ceil(samples.length / size) }, (_, i) =>
    samples.slice(i * size, (i + 1) * size),
  );
};

/** A sample every second; at least one. */
const watch = async (service: Service, seconds: number): Promise<Sample[]> => {
  const samples: Sample[] = [];
  const startMs = performance.now();
  do {
    samples.push(await sample(service, (performance.now() - startMs) / 1000));
    if (seconds > 0) await delay(EVERY_MS);
  } while (performance.now() - startMs < seconds * 1000);
  return samples;
};

const sample = async (service: Service, atS: number): Promise<Sample> => {
  const text = await (await fetch(`${service.http}/metrics`)).text();
  const metric = (name: string): number =>
    Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1] ?? Number.NaN) / 2 ** 20;
  return {
    atS,
    rssMb: sight(service.pid)?.rssMb ?? metric('process_resident_memory_bytes'),
    heapMb: metric('nodejs_heap_size_used_bytes'),
    outsideMb: metric('nodejs_external_memory_bytes'),
  };
};
