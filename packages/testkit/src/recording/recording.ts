// A whole recording under test: a simulated gateway, a real QuestDB, and collectors on one data folder. In: what differs from the defaults. Out: handles to
// control and break each part.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type QuestDbServer, startQuestDb } from '../questdb-server.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { type Service, startService } from '../service.ts';
import { tempDir } from '../temp-dir.ts';
import { until } from '../until.ts';
import { SimulatedGateway } from './gateway.ts';
import { Recorded } from './recorded.ts';

/** Symbols that trade around the clock, so that tests also work on a Sunday. */
export const CRYPTO = ['BTCUSD', 'ETHUSD', 'SOLUSD'];

/** The default account of a scenario. */
export const DEMO_ACCOUNT = '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f';

/** An account of fxtape.yaml. */
export interface RecordedAccount {
  readonly id: string;
  readonly name: string;
  /** Default: the name. Null: no market data. */
  readonly feed?: string | null;
  readonly symbols?: readonly string[];
  /** `clock:` of this account; default: that of the recording. */
  readonly clock?: string;
  /** The variable with its key; default FXSOCKET_API_KEY. */
  readonly key?: string;
}

export interface RecordingOptions {
  /** The simulator's scenario; default: three crypto symbols at `ticksPerSecond`. */
  readonly scenario?: object;
  readonly ticksPerSecond?: number;
  /** The gateway's life (README of the simulator); default: faultless. */
  readonly life?: { readonly seed: number; readonly drops?: boolean };
  /** `clock:` of the account in fxtape.yaml; default auto. */
  readonly clock?: string;
  readonly symbols?: readonly string[];
  /** Default: one called `demo`, with feed `demo` and `symbols`. */
  readonly accounts?: readonly RecordedAccount[];
  readonly timeframes?: readonly string[];
  /** `backfill:` of fxtape.yaml; default: that of the product. */
  readonly backfill?: object;
  /** A Redis for scheduler and backfill; default false. */
  readonly redis?: boolean;
  /** Folder of the tape; default: a temporary one. */
  readonly dataDir?: string;
  readonly questdbSettings?: Readonly<Record<string, string>>;
  /** For the simulator's process. */
  readonly gatewayEnv?: Readonly<Record<string, string>>;
}

export class Recording extends Recorded {
  readonly dir: string;
  readonly dataDir: string;
  readonly gateway: SimulatedGateway;
  /** Services that start afterwards use it. */
  questdb: QuestDbServer;
  readonly #redis: RedisServer | null;
  #workers = 0;
  readonly #closers: (() => Promise<unknown>)[];

  private constructor(
    parts: Pick<Recording, 'dir' | 'dataDir' | 'gateway' | 'questdb'>,
    redis: RedisServer | null,
    closers: (() => Promise<unknown>)[],
  ) {
    super();
    this.dir = parts.dir;
    this.dataDir = parts.dataDir;
    this.gateway = parts.gateway;
    this.questdb = parts.questdb;
    this.#redis = redis;
    this.#closers = closers;
  }

  static async start(o: RecordingOptions = {}): Promise<Recording> {
    const closers: (() => Promise<unknown>)[] = [];
    try {
      const folder = tempDir('recording');
      closers.push(() => folder.remove());
      const questdb = await startQuestDb(o.questdbSettings);
      closers.push(() => questdb.close());
      const redis = o.redis === true ? await startRedis() : null;
      if (redis !== null) closers.push(() => redis.close());
      const scenario = o.scenario ?? {
        source: { kind: 'market', ticksPerSecond: o.ticksPerSecond ?? 1000, symbols: CRYPTO },
      };
      const gateway = await SimulatedGateway.start({
        dir: folder.path,
        scenario: o.life === undefined ? scenario : { life: o.life, ...scenario },
        ...(o.gatewayEnv === undefined ? {} : { env: o.gatewayEnv }),
      });
      closers.push(() => gateway.kill());
      const dataDir = o.dataDir ?? join(folder.path, 'data');
      mkdirSync(dataDir, { recursive: true });
      const recording = new Recording({ dir: folder.path, dataDir, gateway, questdb }, redis, closers);
      recording.configure(o);
      return recording;
    } catch (error) {
      for (const close of closers.toReversed()) await close();
      throw error;
    }
  }

  /** Writes fxtape.yaml; running services pick it up. */
  configure(o: Pick<RecordingOptions, 'accounts' | 'backfill' | 'clock' | 'symbols' | 'timeframes'>): void {
    const accounts = o.accounts ?? [{ id: DEMO_ACCOUNT, name: 'demo', symbols: o.symbols ?? ['*'] }];
    const yaml = [
      'accounts:',
      ...accounts.flatMap(({ clock, feed, id, key, name, symbols }) => [
        `  - id: ${id}`,
        `    name: ${name}`,
        `    key: ${key ?? 'FXSOCKET_API_KEY'}`,
        feed === null
          ? '    market_data: false'
          : `    market_data: { feed: ${feed ?? name}, symbols: ${JSON.stringify(symbols ?? ['*'])} }`,
        `    clock: ${clock ?? o.clock ?? 'auto'}`,
      ]),
      'defaults:',
      `  timeframes: ${JSON.stringify(o.timeframes ?? ['M1'])}`,
      ...(o.backfill === undefined ? [] : [`  backfill: ${JSON.stringify(o.backfill)}`]),
      '',
    ];
    writeFileSync(join(this.dir, 'fxtape.yaml'), yaml.join('\n'));
  }

  /** @throws Error when the recording was started without `redis: true`. */
  get redis(): RedisServer {
    if (this.#redis === null) throw new Error('this recording has no Redis: start it with redis: true');
    return this.#redis;
  }

  /** Starts a collector, by default on the recording's data folder. */
  async collector(dataDir = this.dataDir, env: Readonly<Record<string, string>> = {}): Promise<Service> {
    return this.#start('collector', { dataDir, logFile: join(this.dir, 'collector.log'), env });
  }

  /** Starts a scheduler. */
  scheduler(env: Readonly<Record<string, string>> = {}): Promise<Service> {
    return this.#start('scheduler', { dataDir: this.dataDir, env });
  }

  /** Starts a backfill process. Each has its own data folder for its run file. */
  backfill(env: Readonly<Record<string, string>> = {}): Promise<Service> {
    const dataDir = join(this.dir, `backfill-${++this.#workers}`);
    mkdirSync(dataDir, { recursive: true });
    return this.#start('backfill', { dataDir, logFile: join(this.dir, 'backfill.log'), env });
  }

  async #start(
    name: string,
    o: { dataDir: string; logFile?: string; env: Readonly<Record<string, string>> },
  ): Promise<Service> {
    const service = await startService(name, {
      ...o,
      env: {
        FXTAPE_CONFIG: join(this.dir, 'fxtape.yaml'),
        FXSOCKET_BASE_URL: this.gateway.url,
        FXSOCKET_API_KEY: 'fxs_ro_demo',
        QDB_CLIENT_CONF: this.questdb.conf,
        ...(this.#redis === null ? {} : { REDIS_URL: this.#redis.url }),
        ...o.env,
      },
    });
    this.#closers.push(() => service.kill());
    return service;
  }

  /** Waits until every configured stream is live. A starting terminal may not be ready for a minute. */
  async live(service: Service, deadlineMs = 120_000): Promise<void> {
    let reasons = '';
    try {
      await until(
        async () => {
          const answer = await fetch(`${service.http}/readyz`);
          reasons = await answer.text();
          return answer.status === 200;
        },
        { what: 'every stream live', deadlineMs, everyMs: 50 },
      );
    } catch (error) {
      throw new Error(`${String(error)}\n${reasons}\n${service.child.lastLines(30)}`, { cause: error });
    }
  }

  protected override get sqlUrl(): string {
    return this.questdb.http;
  }

  /** Ends everything, in reverse order of starting. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
  }
}
