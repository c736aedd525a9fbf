// The commands that look, against a real recording: what they say and which code they end with while it is down, well and degraded, and
// that no key is in anything they print.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandOutcome, Recording, runFxtape, type Service, startFxtape, until } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownRedis } from '../own-servers.ts';

const READ_ONLY = 'fxs_ro_demo';
const FULL = 'fxs_live_demo';
let recording: Recording;
let service: Service;
const printed: string[] = [];

beforeAll(async () => {
  // Development mode lets a test suspend a table.
  recording = await Recording.start({
    ticksPerSecond: 200,
    questdbSettings: { QDB_DEV_MODE_ENABLED: 'true' },
  });
});
afterAll(() => recording?.close());

async function fxtape(args: readonly string[], env: Record<string, string> = {}): Promise<CommandOutcome> {
  const outcome = await runFxtape(args, {
    dataDir: recording.dataDir,
    env: {
      FXTAPE_CONFIG: join(recording.dir, 'fxtape.yaml'),
      FXSOCKET_BASE_URL: recording.gateway.url,
      FXSOCKET_API_KEY: READ_ONLY,
      QDB_CLIENT_CONF: recording.questdb.conf,
      QUESTDB_PG_URL: recording.questdb.pg,
      REDIS_URL: ownRedis().url,
      ...env,
    },
  });
  printed.push(outcome.output);
  return outcome;
}

interface Checked {
  readonly fine: boolean;
  readonly checks: {
    name: string;
    state: string;
    code: string | null;
    facts: string[];
    todo: string | null;
  }[];
}
async function doctor(env: Record<string, string> = {}) {
  const outcome = await fxtape(['doctor', '--json'], env);
  const { checks, fine } = JSON.parse(outcome.stdout) as Checked;
  const of = (name: string) => checks.find((check) => check.name === name);
  const failures = checks
    .filter(({ state }) => state === 'failed')
    .map(({ code, name }) => `${name}: ${code}`);
  return { code: outcome.code, fine, failures, of };
}

test('before anything was recorded', async () => {
  expect(await fxtape(['status'])).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/^fxtape is DOWN .*\n {2}! the collector is not running\n/),
  });
  for (const command of ['gaps', 'outages', 'clock']) {
    expect(await fxtape([command])).toMatchObject({
      code: 1,
      stdout: '',
      output: expect.stringMatching(/^QDB_NO_TABLE: nothing is recorded yet: .*fxtape up.*\n$/),
    });
  }
  const { code, failures, of } = await doctor();
  expect({ code, failures }).toEqual({ code: 0, failures: [] });
  expect(of('tables')?.facts.join()).toContain('none yet');
  expect(of('account demo')?.facts).toContain('nothing of it is recorded yet');
});

test('well: status, gaps, outages, doctor', async () => {
  service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(500);
  const status = await fxtape(['status', '--json']);
  expect(status.code, status.output).toBe(0);
  const report = JSON.parse(status.stdout) as {
    verdict: string;
    accounts: {
      rates: { ticksPerSecond: number };
      lag_ms: number;
      tape: { bytes: number };
      streams: object[];
    }[];
  };
  expect(report.verdict).toBe('well');
  const [account] = report.accounts;
  expect(account?.rates.ticksPerSecond).toBeGreaterThan(50);
  expect(account?.lag_ms).toBeLessThan(10_000);
  expect(account?.tape.bytes).toBeGreaterThan(10_000);
  expect(account?.streams).toContainEqual(
    expect.objectContaining({
      stream: 'ticks',
      symbol: 'BTCUSD',
      phase: 'live',
      last_ago_ms: expect.any(Number),
    }),
  );
  expect((await fxtape(['status'])).stdout).toMatch(/BTCUSD +live +\d+ .* ago +M1 live/);

  for (const [args, said] of [
    [['gaps', '--symbol', 'BTCUSDD'], /^SYMBOL_UNKNOWN: .*"BTCUSD".*\n$/],
    [['gaps', '--account', 'dmeo'], /^ACCOUNT_UNKNOWN: .*"demo".*\n$/],
    [['outages', '--account', 'dmeo'], /^ACCOUNT_UNKNOWN: .*"demo".*\n$/],
  ] as const)
    expect(await fxtape(args)).toMatchObject({ code: 1, stdout: '', output: expect.stringMatching(said) });

  await recording.gateway.fault('reset');
  await recording.live(service);
  const closed = await until(
    async () => {
      const { stdout } = await fxtape(['gaps', '--symbol', 'BTCUSD', '--stream', 'ticks', '--json']);
      const { gaps } = JSON.parse(stdout) as {
        gaps: { cause: string; ts_from: string; ts_to: string | null }[];
      };
      return gaps.find(({ cause, ts_to: to }) => cause === 'disconnect' && to !== null);
    },
    { what: 'the gap of the reset', deadlineMs: 20_000 },
  );
  expect(closed.ts_from).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  expect(await fxtape(['gaps', '--open', '--stream', 'ticks', '--limit', '2'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      / (disconnect|not_subscribed) +open .*\n\nthe newest 2 gaps; more with --limit/,
    ),
  });
  expect((await fxtape(['gaps', '--to', '2020-01-01'])).stdout).toBe('No gaps.\n');
  expect((await fxtape(['outages'])).stdout).toMatch(/ demo +disconnect +/);

  const { code, failures, of } = await doctor();
  expect({ code, failures }).toEqual({ code: 0, failures: [] });
  expect(of('key FXSOCKET_API_KEY')?.facts).toContain('is read-only');
  expect(of('account demo')?.facts).toContain('is the account to which its tape belongs');
  expect(of('tape of demo')?.facts.join()).toContain(`the collector (process ${service.pid}) is writing it`);
  expect(of('clock of demo')?.facts).toContain('they agree');
  expect(of('tables')?.facts.join()).toContain('as defined');
  expect(of('OpenAPI of demo')?.state).toBe('ok');
  const table = await fxtape(['doctor']);
  expect(table.stdout).toMatch(
    /\nACCOUNT +SYMBOL +STREAM +EARLIEST.*\ndemo +BTCUSD +ticks .* no: this bridge has no \/QuoteTicks\n/,
  );
  expect(table.stdout).toMatch(/\ndemo +BTCUSD +bars M1 .* \/PriceHistory +yes\n/);
  const noRedis = await doctor({ REDIS_URL: 'redis://127.0.0.1:9' });
  expect([noRedis.code, noRedis.of('Redis')?.state]).toEqual([0, 'warning']);
});

test('status --watch draws again until SIGINT, and ends with the code of its last look', async () => {
  const child = await startFxtape(['status', '--watch'], {
    dataDir: recording.dataDir,
    env: {
      FXTAPE_CONFIG: join(recording.dir, 'fxtape.yaml'),
      QDB_CLIENT_CONF: recording.questdb.conf,
    },
  });
  await until(() => child.stdout.split('fxtape is WELL').length > 2, {
    what: 'a second look',
    deadlineMs: 20_000,
  });
  child.signal('SIGINT');
  expect(await child.exited).toEqual({ code: 0, signal: null });
});

test('doctor names what is wrong with key, account, symbols and clock', async () => {
  const full = await doctor({ FXSOCKET_API_KEY: FULL });
  expect(full.code).toBe(0);
  expect(full.of('key FXSOCKET_API_KEY')).toMatchObject({
    state: 'warning',
    todo: expect.stringContaining('read-only'),
  });
  expect((await doctor({ FXSOCKET_API_KEY: 'fxs_ro_of_nobody' })).failures).toEqual([
    'key FXSOCKET_API_KEY: FXSOCKET_UNAUTHORIZED',
  ]);
  expect((await doctor({ FXSOCKET_API_KEY: '' })).failures).toEqual(['key FXSOCKET_API_KEY: KEY_MISSING']);
  expect((await doctor({ FXTAPE_CONFIG: join(recording.dir, 'none.yaml') })).failures).toEqual([
    'configuration: CONFIG_NOT_FOUND',
  ]);
  const file = join(recording.dir, 'wrong.yaml');
  const write = (id: string, rest: string) =>
    writeFileSync(
      file,
      `accounts: [{ name: other, id: ${id}, market_data: { symbols: [BTCUSD, NOSUCH] }${rest} }]\n`,
    );
  write('0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f', ', clock: UTC+9h');
  const wrong = await doctor({ FXTAPE_CONFIG: file });
  expect(wrong.failures).toEqual(['clock of other: CLOCK_CONFLICT']);
  expect(wrong.of('symbols of other')).toMatchObject({
    state: 'warning',
    facts: expect.arrayContaining(['it does not list NOSUCH']),
  });
  write('00000000-6a1b-4c3d-8e5f-7a9b0c1d2e3f', '');
  expect((await doctor({ FXTAPE_CONFIG: file })).failures).toEqual(['account other: FXSOCKET_NOT_FOUND']);
});

test('clock: what is decided, and a rule by hand in a configuration that stays as it was written', async () => {
  // Only the scheduler decides, and none runs here.
  const undecided = await fxtape(['clock']);
  expect(undecided).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^demo\n {2}no rule is decided yet/),
  });
  expect(await fxtape(['clock', '--account', 'nobody'])).toMatchObject({
    code: 1,
    output: expect.stringMatching(/^ACCOUNT_UNKNOWN: .*\n$/),
  });
  const file = join(recording.dir, 'by-hand.yaml');
  const text =
    '# ours\naccounts:\n  - { name: demo, id: 0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f, account_data: [deals], market_data: false } # one\n';
  writeFileSync(file, text);
  const env = { FXTAPE_CONFIG: file };
  const moved = 'Europe/Athens until 2025-06-21T12:00Z then America/New_York+7h';
  expect((await fxtape(['clock', 'set', moved, '--account', 'demo'], env)).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe(text.replace('name: demo,', `name: demo, clock: "${moved}",`));
  const shown = JSON.parse((await fxtape(['clock', '--json'], env)).stdout) as { accounts: object[] };
  expect(shown.accounts).toMatchObject([
    { account: 'demo', rule: moved, confidence: 'configured', decided_at: null, pieces: [{}, {}] },
  ]);
  expect(await fxtape(['clock', 'set', 'Mars/Olympus', '--account', 'demo'], env)).toMatchObject({
    code: 1,
    output: expect.stringMatching(/^CLOCK_RULE_INVALID: .*\n$/),
  });
  expect((await fxtape(['clock', 'set', 'UTC'], env)).code).toBe(64);
  // The demonstration has no file.
  const nowhere = { FXTAPE_CONFIG: join(recording.dir, 'nowhere.yaml'), FXSOCKET_API_KEY: '' };
  expect(await fxtape(['clock', 'set', 'UTC', '--account', 'demo'], nowhere)).toMatchObject({
    code: 1,
    output: expect.stringMatching(/^CONFIG_NOT_FOUND: .*\n$/),
  });
});

test('a suspended table is named by all who would be misled by it', async () => {
  await recording.sql('ALTER TABLE gap_events SUSPEND WAL');
  expect((await doctor()).failures).toEqual(['rows: QDB_SUSPENDED']);
  expect(await fxtape(['gaps'])).toMatchObject({
    code: 1,
    output: expect.stringMatching(/^QDB_SUSPENDED: .*RESUME WAL.*\n$/),
  });
  expect(await fxtape(['status'])).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('gaps cannot be read: QDB_SUSPENDED'),
  });
  await recording.sql('ALTER TABLE gap_events RESUME WAL');
});

test('degraded: QuestDB is gone and the tape goes on; down: the gateway is gone', async () => {
  await recording.questdb.kill();
  const status = await fxtape(['status']);
  expect(status).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^fxtape is DEGRADED[\s\S]*QuestDB +DOWN/),
  });
  expect(await fxtape(['gaps'])).toMatchObject({
    code: 1,
    output: expect.stringMatching(/^QDB_UNREACHABLE: .*\n$/),
  });
  expect(await fxtape(['gaps', '--json'])).toMatchObject({
    code: 1,
    output: expect.stringMatching(/^\{"error":\{"code":"QDB_UNREACHABLE"/),
  });
  expect((await doctor()).failures).toEqual(['QuestDB: QDB_UNREACHABLE']);
  await recording.questdb.start();
  await recording.gateway.kill();
  await until(async () => (await fxtape(['status'])).code === 2, {
    what: 'a verdict of down',
    deadlineMs: 20_000,
  });
  expect((await doctor()).failures).toEqual(['key FXSOCKET_API_KEY: FXSOCKET_UNREACHABLE']);
});

test('config show and schema', async () => {
  const shown = await fxtape(['config', 'show'], {
    QDB_CLIENT_CONF: 'http::addr=h:1;username=u;password=hush;;hush;',
  });
  expect(shown.code).toBe(0);
  expect(shown.stdout).toContain('name: demo');
  expect(shown.stdout).not.toContain('hush');
  const file = join(recording.dir, 'again.yaml');
  writeFileSync(file, shown.stdout);
  const again = JSON.parse(
    (await fxtape(['config', 'show', '--json'], { FXTAPE_CONFIG: file })).stdout,
  ) as object;
  const first = JSON.parse((await fxtape(['config', 'show', '--json'])).stdout) as object;
  expect(again).toMatchObject({ config: (first as { config: object }).config });
  expect(JSON.parse((await fxtape(['config', 'schema'])).stdout)).toMatchObject({ title: 'fxtape.yaml' });
});

test('help lists what works, and what cannot be understood is 64', async () => {
  const help = await fxtape(['--help']);
  expect(help.code).toBe(0);
  const commands = [...help.stdout.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1] as string);
  expect(commands).toEqual(
    expect.arrayContaining(['up', 'run', 'status', 'gaps', 'outages', 'doctor', 'config', 'tape']),
  );
  for (const command of commands) expect((await fxtape([command, '--help'])).code, command).toBe(0);
  expect((await fxtape(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  for (const args of [
    [],
    ['nonsense'],
    ['gaps', '--from', 'soon'],
    ['gaps', '--limit', '0'],
    ['run', 'nothing'],
    ['status', 'x'],
  ])
    expect((await fxtape(args)).code, args.join(' ')).toBe(64);
});

test('no key is in anything that was printed', () => {
  expect(printed.length).toBeGreaterThan(30);
  expect(printed.join('\n')).not.toMatch(/fxs_(ro|live)_[a-z]/);
});
