import { FxtapeError, type ThrownCode } from '@fxtape/ops';
import { expect, test } from 'vitest';
import type { StatusFacts } from './facts.ts';
import { gapLine } from './gap-line.ts';
import { type JobAccount, jobLines } from './job-lines.ts';
import { ratesBetween } from './rates.ts';
import { screen } from './render.ts';
import { reportOf } from './report.ts';
import { AT_MS, sampleAccount, sampleFacts, sampleState, sampleStream } from '../../testing/sample-facts.ts';

const all = { rows: Number.POSITIVE_INFINITY };
const failure = (code: ThrownCode, message: string) =>
  new FxtapeError({ code, message, hint: `Do something about ${code}` });

test('well', () => {
  const report = reportOf(sampleFacts());
  expect(report).toMatchObject({ verdict: 'well', reasons: [], remarks: [] });
  expect(screen(report, all).join('\n')).toMatchInlineSnapshot(`
    "fxtape is WELL   2026-11-23T12:00:00.000Z   ./data

    SERVICE
    collector  up  since 2026-11-23T07:59:00Z  127.0.0.1:4000
    console    up  since 2026-11-23T07:59:00Z  127.0.0.1:7070
    QuestDB    up                              http://127.0.0.1:9000  9.3.4

    ACCOUNT  FEED  PHASE  CONN  CLOCK                     SKEW  TICKS/S  TAPE→SQL     TAPE
    demo     demo  live      1  America/New_York+7h  12 ± 8 ms     51.2     40 ms  12.3 MB

    deals live
    SYMBOL  TICKS  COUNT  LAST IN SQL  BARS
    EURUSD  live      12   400 ms ago  M1 live
    XAUUSD  live       7               M1 live

    JOBS  none

    GAPS  none
    DISK  50 GB free · full in 41 days at this rate
    BACKUP  none of this data folder"
  `);
});

test('what a clock makes unknown is not told as nothing', () => {
  const clock = sampleAccount().clock as never as object;
  const account = sampleAccount({
    clock: { ...clock, skew: null } as never,
    sender: { ...sampleAccount().sender, lagMs: null } as never,
  });
  // Received in an hour that has not come yet, because the clock was set back since.
  const newest = new Map([['demo', new Map([['EURUSD', (AT_MS + 3_600_000) * 1000]])]]);
  const report = reportOf(sampleFacts({ collector: sampleState(account), newest }));
  expect(report.accounts[0]).toMatchObject({ lag_ms: null, clock: { skew: null } });
  expect(report.accounts[0]?.streams.find(({ stream }) => stream === 'ticks')?.last_ago_ms).toBeNull();
  const text = screen(report, all).join('\n');
  expect(text).not.toContain('SKEW');
  expect(text).not.toContain('TAPE→SQL');
  // Two readings of one clock, a moment apart.
  const soon = new Map([['demo', new Map([['EURUSD', (AT_MS + 3) * 1000]])]]);
  expect(reportOf(sampleFacts({ newest: soon })).accounts[0]?.streams[1]?.last_ago_ms).toBe(0);
});

test('degraded: a stream that is not live, late rows, a console that is gone', () => {
  const gap = { cause: 'stalled', tsFrom: '2026-11-23T11:59:00.000Z' };
  const account = sampleAccount({
    phase: 'behind',
    ready: false,
    reasons: ['behind (rows reach QuestDB 65 s late)', 'incomplete (not live yet: EURUSD ticks)'],
    remarks: ['the broker does not list X ticks'],
    streams: [
      sampleStream({ phase: 'pending', openGap: gap }),
      sampleStream({ symbol: 'X', phase: 'unlisted' }),
    ],
    sender: { ...sampleAccount().sender, lagMs: 65_000 } as never,
  });
  const gone = { name: 'console', addr: null, answers: false, since: null, expected: true };
  const report = reportOf(
    sampleFacts({
      collector: sampleState(account),
      services: [gone],
      gaps: [{ cause: 'stalled', state: 'open', gaps: 3, unended: 1 }],
    }),
  );
  expect(report.verdict).toBe('degraded');
  expect(screen(report, all).join('\n')).toMatchInlineSnapshot(`
    "fxtape is DEGRADED   2026-11-23T12:00:00.000Z   ./data
      ! demo: behind (rows reach QuestDB 65 s late)
      ! demo: incomplete (not live yet: EURUSD ticks)
      ! the console does not answer
      · demo: the broker does not list X ticks

    SERVICE
    collector  up    since 2026-11-23T07:59:00Z  127.0.0.1:4000
    console    DOWN
    QuestDB    up                                http://127.0.0.1:9000  9.3.4

    ACCOUNT  FEED  PHASE   CONN  CLOCK                     SKEW  TICKS/S   TAPE→SQL     TAPE
    demo     demo  behind     1  America/New_York+7h  12 ± 8 ms     51.2  1 min 5 s  12.3 MB

    SYMBOL  TICKS                              COUNT  LAST IN SQL  BARS
    EURUSD  pending (stalled since 11:59:00Z)     12   400 ms ago
    X       unlisted                              12

    JOBS  none

    GAPS  3 open (1 not ended): stalled 3
    DISK  50 GB free · full in 41 days at this rate
    BACKUP  none of this data folder"
  `);
});

test('degraded, not down: QuestDB is gone, and the tape goes on', () => {
  const gone = failure('QDB_UNREACHABLE', 'QuestDB cannot be reached');
  const report = reportOf(sampleFacts({ questdb: gone, gaps: gone, newest: new Map() }));
  expect(report).toMatchObject({
    verdict: 'degraded',
    reasons: ['QuestDB: QuestDB cannot be reached'],
    remarks: ['Do something about QDB_UNREACHABLE'],
    gaps: null,
  });
});

test('degraded: gaps that cannot be told; well: nothing recorded yet', () => {
  const suspended = failure('QDB_SUSPENDED', 'gap_events is suspended');
  expect(reportOf(sampleFacts({ gaps: suspended }))).toMatchObject({
    verdict: 'degraded',
    reasons: [
      'gaps cannot be read: QDB_SUSPENDED: gap_events is suspended. Do something about QDB_SUSPENDED.',
    ],
  });
  expect(reportOf(sampleFacts({ gaps: failure('QDB_NO_TABLE', 'no table') }))).toMatchObject({
    verdict: 'well',
    remarks: ['nothing is recorded in this QuestDB yet'],
  });
});

test('down: no collector, or no account that is live', () => {
  const gone = failure('COLLECTOR_NOT_RUNNING', 'the collector is not running');
  const report = reportOf(sampleFacts({ collector: gone }));
  expect(report.verdict).toBe('down');
  expect(screen(report, all).join('\n')).toMatchInlineSnapshot(`
    "fxtape is DOWN   2026-11-23T12:00:00.000Z   ./data
      ! the collector is not running
      · Do something about COLLECTOR_NOT_RUNNING

    SERVICE
    collector  DOWN                              127.0.0.1:4000  COLLECTOR_NOT_RUNNING
    console    up    since 2026-11-23T07:59:00Z  127.0.0.1:7070
    QuestDB    up                                http://127.0.0.1:9000  9.3.4

    JOBS  none

    GAPS  none
    DISK  50 GB free · full in 41 days at this rate
    BACKUP  none of this data folder"
  `);
  const refused = sampleAccount({
    phase: 'backing_off',
    ready: false,
    recording: false,
    reasons: ['backing_off (HTTP 401)'],
  });
  expect(reportOf(sampleFacts({ collector: sampleState(refused) }))).toMatchObject({
    verdict: 'down',
    reasons: ['demo: backing_off (HTTP 401)'],
  });
  const one = sampleState(refused, sampleAccount({ account: 'b' }));
  expect(reportOf(sampleFacts({ collector: one })).verdict).toBe('degraded');
});

test('degraded, not down: the tape takes it, and rows wait', () => {
  const held = sampleAccount({
    phase: 'clock_conflict',
    ready: false,
    reasons: ['clock_conflict (ticks contradict the rule UTC)'],
  });
  expect(reportOf(sampleFacts({ collector: sampleState(held) })).verdict).toBe('degraded');
});

test('a small screen shows what is not live first and counts the rest', () => {
  const symbols = Array.from({ length: 30 }, (_none, i) => sampleStream({ symbol: `S${i}` }));
  symbols[20] = sampleStream({ symbol: 'LATE', phase: 'failed' });
  const facts = sampleFacts({ collector: sampleState(sampleAccount({ streams: symbols })) });
  const lines = screen(reportOf(facts), { rows: 24 });
  expect(lines.length).toBeLessThanOrEqual(24);
  expect(lines.find((line) => line.startsWith('LATE'))).toContain('failed');
  expect(lines.find((line) => /^and \d+ more symbols, all live$/.test(line))).toBeDefined();
});

test('how long the disk lasts', () => {
  const line = (disk: StatusFacts['disk']): string | undefined =>
    screen(reportOf(sampleFacts({ disk })), { rows: Number.POSITIVE_INFINITY }).find((each) =>
      each.startsWith('DISK'),
    );
  expect(line({ freeBytes: 50e9, perDayBytes: 1.2e9 })).toBe(
    'DISK  50 GB free · full in 41 days at this rate',
  );
  expect(line({ freeBytes: 50e9, perDayBytes: null })).toBe('DISK  50 GB free');
  expect(line({ freeBytes: 50e9, perDayBytes: 0 })).toContain('more than ten years');
  expect(line(null)).toBeUndefined();
});

test('the age of the last backup, or that there is none', () => {
  const last = (facts: Partial<StatusFacts>): string | undefined =>
    screen(reportOf(sampleFacts(facts)), { rows: Number.POSITIVE_INFINITY }).at(-1);
  expect(last({})).toBe('BACKUP  none of this data folder');
  const atMs = sampleFacts().atMs;
  const backup = {
    id: 'x',
    address: 's3://b/x',
    ended: new Date(atMs - 7_200_000).toISOString(),
    rows: 5,
    bytes: 1e9,
  };
  expect(last({ backup })).toBe('BACKUP  2 h ago, 1 GB in s3://b/x');
  // A clock that was set back since.
  expect(last({ backup: { ...backup, ended: new Date(atMs + 5000).toISOString() } })).toContain('0 ms ago');
});

test('gaps in one line', () => {
  expect(gapLine(null)).toBe('GAPS  not known');
  expect(gapLine([])).toBe('GAPS  none');
  expect(
    gapLine([
      { cause: 'disconnect', state: 'open', gaps: 3, unended: 0 },
      { cause: 'stalled', state: 'open', gaps: 2, unended: 1 },
      { cause: 'stalled', state: 'healed', gaps: 4, unended: 0 },
      { cause: 'stalled', state: 'unrecoverable', gaps: 6, unended: 0 },
    ]),
  ).toBe('GAPS  5 open (1 not ended): disconnect 3, stalled 2 · 4 healed or empty · 6 unrecoverable');
  expect(gapLine([{ cause: 'stalled', state: 'unrecoverable', gaps: 6, unended: 0 }])).toBe(
    'GAPS  none open · 6 unrecoverable',
  );
});

test('rates need two looks at the same run of the collector', () => {
  const at = (monoMs: number, ticks: number, startedAt = 'a') => ({
    monoMs,
    state: { ...sampleState(sampleAccount({ counters: { ticks, frames: ticks * 2 } })), startedAt },
  });
  expect(ratesBetween(null, at(0, 5))).toEqual(new Map());
  expect(ratesBetween(at(0, 5), at(2000, 105)).get('demo')).toEqual({
    ticksPerSecond: 50,
    framesPerSecond: 100,
  });
  expect(ratesBetween(at(0, 500), at(2000, 5, 'b'))).toEqual(new Map());
});

const account = (change: Partial<JobAccount> = {}): JobAccount => ({
  account: 'demo',
  waiting: 12,
  active: 4,
  delayed: 1,
  failed: 0,
  oldest_waiting_ms: 65_000,
  workers: 2,
  held_ms: 0,
  away: null,
  budget: { requests: 2, at_most: 3, reason: 'slow' },
  failures: [],
  ...change,
});

test('jobs: the busiest accounts, their budget and what fails', () => {
  const failure = {
    id: 'bars-1',
    job: 'bars',
    line: 'SYMBOL_NOT_LISTED: X',
    at: '2026-11-23T11:00:00Z',
    attempts: 1,
  };
  const accounts = [
    account({ account: 'idle', waiting: 0, active: 0, oldest_waiting_ms: null, budget: null }),
    account({ failed: 1, failures: [failure] }),
    account({
      account: 'held',
      waiting: 3,
      held_ms: 12_000,
      budget: { requests: 3, at_most: 3, reason: 'start' },
    }),
  ];
  const report = reportOf(sampleFacts({ jobs: { plan_requests: 1, accounts } }));
  expect(report).toMatchObject({
    verdict: 'well',
    remarks: ['demo: 1 job failed and will be planned again; the newest: SYMBOL_NOT_LISTED: X'],
  });
  expect(jobLines(report.jobs).join('\n')).toMatchInlineSnapshot(`
    "JOBS  WAITING  ACTIVE  DELAYED  FAILED     OLDEST  WORKERS  REQUESTS AT ONCE
    demo       12       4        1       1  1 min 5 s        2  2 of 3 (slow)
    held        3       4        1       0  1 min 5 s        2  3, requests paused for 12 s
    idle        0       0        1       0                   2
    1 plan request not picked up yet"
  `);
  const many = Array.from({ length: 12 }, (_, i) => account({ account: `a${i}`, waiting: i }));
  expect(jobLines({ plan_requests: 0, accounts: many }).at(-1)).toBe('and 4 more accounts');
});

test('degraded: nobody works, a job waits too long, no Redis where it is needed', () => {
  const reasons = (jobs: StatusFacts['jobs'], change: Partial<StatusFacts> = {}) =>
    reportOf(sampleFacts({ jobs, ...change })).reasons;
  const of = (change: Partial<JobAccount>) => ({ plan_requests: 0, accounts: [account(change)] });
  expect(reasons(of({ workers: 0 }))).toEqual(['demo: 12 jobs wait, and no backfill worker serves it']);
  expect(reasons(of({ workers: 0, oldest_waiting_ms: 3000 }))).toEqual([]);
  expect(reasons(of({ oldest_waiting_ms: 2 * 3_600_000 }))).toEqual([
    'demo: the oldest job has waited for 2 h',
  ]);
  const gone = failure('QUEUE_UNREACHABLE', 'no connection to Redis');
  expect(reasons(gone)).toEqual([]);
  const scheduler = { name: 'scheduler', addr: '127.0.0.1:1', answers: true, since: null, expected: true };
  expect(reasons(gone, { services: [scheduler] })).toEqual(['jobs: no connection to Redis']);
  expect(jobLines(null)).toEqual(['JOBS  not known']);
});

test('a gateway that gives an account nothing: degraded with the reason, and forgotten when it is back', () => {
  const reasons = (away: JobAccount['away']) =>
    reportOf(sampleFacts({ jobs: { plan_requests: 0, accounts: [account({ away })] } })).reasons;
  const sinceMs = sampleFacts({}).atMs - 90_000;
  const since = new Date(sinceMs).toISOString();
  const line = 'FXSOCKET_UNAUTHORIZED: /status answered HTTP 401';
  expect(reasons({ since, until: null, line })).toEqual([
    `demo: no history for 1 min 30 s, its jobs wait: ${line}`,
  ]);
  expect(reasons({ since, until: new Date(sinceMs + 60_000).toISOString(), line })).toEqual([]);
});

test('a bridge without past ticks is a remark', () => {
  expect(reportOf(sampleFacts({ withoutPastTicks: ['demo'] }))).toMatchObject({
    verdict: 'well',
    remarks: ["demo: its bridge offers no past ticks; tick gaps are judged by the broker's bars"],
  });
});
