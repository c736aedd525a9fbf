// One run over canned answers. In: a JSON argument. Out: one line of JSON. `backfill` runs the service's handlers as two concurrent jobs, with all they do:
// check, normalise, compare, revisions, bars, claims. `script` is a hand-written alternative: JSON.parse and the official client, for `bars` alone.
import { AccountContexts, backfillHandlers, backfillParts } from '@fxtape/backfill';
import { type Payload, type RunningJob, Turns } from '@fxtape/jobs';
import { createLog, Metrics, systemClock } from '@fxtape/ops';
import { tableDef } from '@fxtape/market';
import {
  AppliedWatch,
  AppliedWriter,
  AuditReader,
  HistoryReader,
  QuestDbHttp,
  Reader,
  TableWriter,
  TradeReader,
} from '@fxtape/questdb';
import { addRows, officialClient } from './official-client.ts';

export interface BarsRun {
  readonly how: 'backfill' | 'script';
  readonly conf: string;
  readonly gateway: string;
  readonly account: string;
  readonly symbols: number;
  readonly fromUs: number;
  readonly barsPerSymbol: number;
}

export interface BarsResult {
  readonly rows: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

const MINUTE_US = 60_000_000;
const JOB_BARS = 50_000;
const log = createLog({ service: 'bench', level: 'error' });
const clock = systemClock();

type Job = Payload<'bars'>;

const jobsOf = (run: BarsRun): Job[] =>
  Array.from({ length: run.symbols }, (_, i) => `S${i}`).flatMap((symbol) =>
    Array.from({ length: Math.ceil(run.barsPerSymbol / JOB_BARS) }, (_, n): Job => {
      const from = n * JOB_BARS;
      const to = Math.min(run.barsPerSymbol, from + JOB_BARS);
      return {
        account: run.account,
        feed: run.account,
        symbol,
        timeframe: 'M1',
        fromUs: run.fromUs + from * MINUTE_US,
        toUs: run.fromUs + to * MINUTE_US,
        why: 'history',
      };
    }),
  );

async function backfill(run: BarsRun, http: QuestDbHttp): Promise<number> {
  const writer = new TableWriter({ http, log, clock, random: Math.random, commitEveryMs: 20 });
  const reader = new HistoryReader({ http, clock });
  const contexts = new AccountContexts({
    accounts: () => [
      {
        name: run.account,
        id: 'canned',
        match: null,
        discoverMs: null,
        keyVariable: 'KEY',
        tlsVerify: true,
        allowHttp: false,
        marketData: { feed: run.account, symbols: ['*'] },
        accountData: [],
        timeframes: ['M1'],
        clock: { rule: 'UTC', replayed: true },
        backfill: { bars: {}, ticks: null, deals: null },
      },
    ],
    keyOf: () => 'canned',
    baseUrl: run.gateway,
    reader,
    clock,
  });
  const parts = backfillParts({
    contexts,
    reader,
    audit: new AuditReader({ http, clock }),
    trades: new TradeReader({ http, clock }),
    gaps: new Reader({ http, clock }),
    writer: new AppliedWriter({ writer, applied: new AppliedWatch({ http, clock }) }),
    clock,
    log,
    metrics: new Metrics(),
  });
  const handler = backfillHandlers(parts).bars;
  if (handler === undefined) throw new Error('no handler of bars');
  const { signal } = new AbortController();
  const turns = new Turns();
  const queue = jobsOf(run);
  let rows = 0;
  const worker = async (): Promise<void> => {
    for (let payload = queue.shift(); payload !== undefined; payload = queue.shift()) {
      const job: RunningJob<Job> = {
        id: 'bench',
        name: 'bars',
        payload,
        attempt: 1,
        alone: (name, work) => turns.hold(name, signal, work),
        request: (_kind, work) => work(signal),
      };
      const outcome = await handler(job, signal, { value: null, save: async () => {} });
      if (!('rows' in outcome)) throw new Error('an answer was not believed');
      rows += outcome.rows;
    }
  };
  await Promise.all([worker(), worker()]);
  await contexts.close();
  writer.close();
  return rows;
}

async function script(run: BarsRun, http: QuestDbHttp): Promise<number> {
  const sender = await officialClient(2, run.conf);
  const def = tableDef('bars');
  let rows = 0;
  for (const job of jobsOf(run)) {
    const bound = (us: number): string => new Date(us / 1000).toISOString().slice(0, 19);
    const query = new URLSearchParams({
      symbol: job.symbol,
      from: bound(job.fromUs),
      to: bound(job.toUs - 1),
    });
    const answer = await fetch(`${run.gateway}/mt5/canned/PriceHistory?${query.toString()}`);
    const bars = (await answer.json()) as Record<string, number | string>[];
    const seenUs = clock.nowUs();
    const made = bars.map((bar) => ({
      ts: Date.parse(bar['time'] as string) * 1000,
      feed: job.feed,
      symbol: job.symbol,
      timeframe: 'M1',
      open: bar['open'],
      high: bar['high'],
      low: bar['low'],
      close: bar['close'],
      tick_volume: bar['tickVolume'],
      real_volume: bar['realVolume'],
      spread_points: bar['spread'],
      utc_offset_s: 0,
      ts_seen: seenUs,
    }));
    await addRows(sender, def, made);
    await sender.flush();
    rows += made.length;
  }
  await sender.close();
  const watch = new AppliedWatch({ http, clock });
  await watch.waitApplied(await watch.tokens(['bars']));
  return rows;
}

const run = JSON.parse(process.argv[2] ?? '{}') as BarsRun;
const http = new QuestDbHttp({ conf: run.conf });
const cpu = process.cpuUsage();
const startMs = performance.now();
const rows = await (run.how === 'backfill' ? backfill(run, http) : script(run, http));
const seconds = (performance.now() - startMs) / 1000;
const { system, user } = process.cpuUsage(cpu);
http.close();
const result: BarsResult = {
  rows,
  seconds,
  cpuSeconds: (system + user) / 1e6,
  peakRssMb: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
