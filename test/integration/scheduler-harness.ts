// A scheduler in this process, over a simulated gateway in this process and the run's QuestDB and Redis. In: accounts as fxtape.yaml has
// them. Out: the scheduler, its queues, and what stands in both stores. Names are fresh: no other test sees this account.
import { type Config, parseConfig } from '@fxtape/config';
import { JobQueues, type PlannedJob } from '@fxtape/jobs';
import { type Clock, Metrics, systemClock } from '@fxtape/ops';
import {
  AppliedWatch,
  AppliedWriter,
  HistoryReader,
  migrate,
  AuditReader,
  TradeReader,
  PlanningReader,
  QuestDbHttp,
  TableWriter,
} from '@fxtape/questdb';
import { Scheduler } from '@fxtape/scheduler';
import { type ScenarioInput, type Simulator, startSimulator } from '@fxtape/simulator';
import { freshPrefix, quietLog } from './jobs-harness.ts';

const machineClock = systemClock();

export const accountId = (n: number): string => `0f9c2d4e-6a1b-4c3d-8e5f-${n.toString(16).padStart(12, '0')}`;

/** A gateway that trades crypto pairs, which are open on every day of the week. */
export const startGateway = (accounts: number, o: ScenarioInput = {}): Promise<Simulator> =>
  startSimulator(
    {
      accounts: Array.from({ length: accounts }, (_, n) => ({
        id: accountId(n),
        nickname: `eval-${n}`,
        login: 1000 + n,
      })),
      source: { kind: 'market', ticksPerSecond: 5, symbols: ['BTCUSD', 'ETHUSD'] },
      ledger: 'counts',
      ...o,
    },
    { addr: '127.0.0.1:0', controlAddr: null },
  );

export interface SchedulerRig {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly queues: JobQueues;
  readonly http: QuestDbHttp;
  readonly writer: AppliedWriter;
  readonly reader: HistoryReader;
  readonly config: (accounts: string) => Config;
  /** Jobs in the queue of an account, by kind of job. */
  readonly standing: (account?: string) => Promise<Map<string, PlannedJob[]>>;
  /** Another scheduler of the same installation. */
  readonly another: (config?: Config) => Scheduler;
  readonly close: () => Promise<void>;
}

/** `accounts`: entries of fxtape.yaml, one a line; `$` stands for a fresh name. */
export async function schedulerRig(o: {
  accounts: string;
  gateway: string;
  conf: string;
  redisUrl: string;
  /** Default: the machine's. */
  clock?: Clock;
}): Promise<SchedulerRig> {
  const clock = o.clock ?? machineClock;
  const name = freshPrefix();
  const log = quietLog();
  const http = new QuestDbHttp({ conf: o.conf });
  await migrate({ client: http, log });
  const tableWriter = new TableWriter({ http, log, clock, random: Math.random });
  const writer = new AppliedWriter({ writer: tableWriter, applied: new AppliedWatch({ http, clock }) });
  const reader = new HistoryReader({ http, clock });
  const config = (accounts: string): Config =>
    parseConfig(`accounts:\n${accounts.replaceAll('$', name).trim().replaceAll(/^\s*/gm, '  - ')}\n`, 'test');
  const started: Scheduler[] = [];
  const another = (of: Config = config(o.accounts)): Scheduler => {
    const scheduler = new Scheduler({
      config: of,
      keyOf: () => 'fxs_ro_demo',
      baseUrl: o.gateway,
      redisUrl: o.redisUrl,
      prefix: name,
      readers: {
        history: reader,
        planning: new PlanningReader({ http, clock }),
        audit: new AuditReader({ http, clock }),
        trades: new TradeReader({ http, clock }),
      },
      writer,
      metrics: new Metrics(),
      clock,
      log,
    });
    started.push(scheduler);
    return scheduler;
  };
  const queues = new JobQueues({ redisUrl: o.redisUrl, log, prefix: name });
  return {
    name,
    scheduler: another(),
    queues,
    http,
    writer,
    reader,
    config,
    another,
    async standing(account = name) {
      const jobs = (await queues.standing(account)).map(({ job }) => job);
      return Map.groupBy(jobs, ({ name: kind }) => kind);
    },
    async close() {
      await Promise.all(started.map((scheduler) => scheduler.stop()));
      await queues.close();
      tableWriter.close();
    },
  };
}
