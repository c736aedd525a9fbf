// A recording that is replayed into a fresh recorder: another data folder, an empty QuestDB. In: the first recording and what is replayed.
// Out: the command's lines, and the fresh recorder's tables.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DEMO_ACCOUNT,
  type QuestDbServer,
  Recorded,
  type Recording,
  type Service,
  startFxtape,
  startQuestDb,
  startService,
  until,
} from '@fxtape/testkit';

const STILL_MS = 3000;
export const RULE = 'America/New_York+7h';

export interface Told {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** What two recorders of one stream agree on. */
const CANONICAL =
  'cast(ts as long) ts, symbol, bid, ask, last, volume, utc_offset_s FROM ticks ORDER BY ts, symbol, bid, ask, last, volume';

export class Replayed {
  readonly #recording: Recording;
  readonly #closers: (() => Promise<unknown>)[] = [];
  /** Lines of the command so far. */
  lines: () => Told[] = () => [];
  exited: Promise<{ readonly code: number | null }> = Promise.resolve({ code: null });
  stop: (signal: NodeJS.Signals) => void = () => {};

  constructor(recording: Recording) {
    this.#recording = recording;
  }

  /**
   * Starts the command, by default on the recording's data folder, and waits until it listens. Rejects with what it printed when it ends
   * before.
   */
  async replay(
    ...asked: (string | { readonly account?: string; readonly dataDir?: string })[]
  ): Promise<Told> {
    const options = asked.filter((each) => typeof each === 'string');
    const of = asked.find((each) => typeof each === 'object');
    const { dataDir, dir, questdb } = this.#recording;
    const port = options.includes('--port') ? [] : ['--port', '0'];
    const child = await startFxtape(['replay', of?.account ?? 'demo', ...port, '--json', ...options], {
      dataDir: of?.dataDir ?? dataDir,
      env: { FXTAPE_CONFIG: join(dir, 'fxtape.yaml'), QDB_CLIENT_CONF: questdb.conf },
    });
    this.#closers.push(() => child.kill());
    this.lines = () =>
      child.stdout
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Told);
    this.exited = child.exited;
    this.stop = (signal) => child.signal(signal);
    await until(() => this.told('started') !== undefined || child.exit !== null, {
      what: 'the replay to start',
      deadlineMs: 60_000,
    });
    const started = this.told('started');
    if (started === undefined) throw new Error(child.logs);
    return started;
  }

  told(event: string): Told | undefined {
    return this.lines().find((line) => line.event === event);
  }

  /** A recorder that knows nothing yet, of the gateway at `url`. */
  async fresh(url: string, name = 'fresh'): Promise<FreshRecorder> {
    const questdb = await startQuestDb();
    this.#closers.push(() => questdb.close());
    const dataDir = join(this.#recording.dir, name);
    mkdirSync(dataDir, { recursive: true });
    const config = join(dataDir, 'fxtape.yaml');
    writeFileSync(
      config,
      `accounts:
  - id: ${DEMO_ACCOUNT}
    name: demo
    key: FXSOCKET_API_KEY
    market_data: { feed: demo, symbols: ["*"] }
    clock: { rule: ${RULE}, replayed: true }
defaults:
  timeframes: [M1]
`,
    );
    const service = await startService('collector', {
      dataDir,
      env: {
        FXTAPE_CONFIG: config,
        FXSOCKET_BASE_URL: url,
        FXSOCKET_API_KEY: 'fxs_ro_demo',
        QDB_CLIENT_CONF: questdb.conf,
      },
    });
    this.#closers.push(() => service.kill());
    return new FreshRecorder(questdb, service);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
  }
}

export class FreshRecorder extends Recorded {
  readonly questdb: QuestDbServer;
  readonly service: Service;
  constructor(questdb: QuestDbServer, service: Service) {
    super();
    this.questdb = questdb;
    this.service = service;
  }

  get gateway(): never {
    throw new Error('a replay has no control API');
  }

  protected override get sqlUrl(): string {
    return this.questdb.http;
  }

  /** Stops the recorder when it has written this many ticks, and its table stands still. */
  async finish(ticks: number): Promise<void> {
    let [count, sinceMs] = [0, performance.now()];
    await until(
      async () => {
        const now = await this.count();
        if (now !== count) [count, sinceMs] = [now, performance.now()];
        return count >= ticks && performance.now() - sinceMs > STILL_MS;
      },
      { what: `${ticks} ticks`, deadlineMs: 600_000, everyMs: 250, retryErrors: true },
    );
    await this.service.stop(30_000);
    await until(
      async () =>
        (
          await this.sql('SELECT count() FROM wal_tables() WHERE suspended OR writerTxn < sequencerTxn')
        )[0]?.[0] === 0,
      { what: 'everything to be applied', deadlineMs: 30_000 },
    );
  }
}

/** Ticks on their canonical columns. `where`: of the rows; `distinct`: equal ones once. */
export const canonicalTicks = (
  of: Recorded,
  o: { where?: string; distinct?: boolean } = {},
): Promise<unknown[][]> =>
  of.sql(
    `SELECT ${o.distinct === true ? 'DISTINCT ' : ''}${CANONICAL.replace('FROM ticks', `FROM ticks ${o.where ?? ''}`)}`,
  );
