// Facts for tests: a collector with one live account of two symbols, everything answering; to be changed in the one place that a test is
// about.
import type { AccountState, CollectorState, StreamState } from '@fxtape/console';
import type { StatusFacts } from '../src/status/facts.ts';

export const AT_MS = Date.parse('2026-11-23T12:00:00Z');

export function sampleStream(change: Partial<StreamState> = {}): StreamState {
  return {
    stream: 'ticks',
    symbol: 'EURUSD',
    timeframe: null,
    phase: 'live',
    since: '2026-11-23T08:00:00.000Z',
    lastTsRecv: null,
    frames: 12,
    openGap: null,
    ...change,
  };
}

export function sampleAccount(change: Partial<AccountState> = {}): AccountState {
  return {
    account: 'demo',
    feed: 'demo',
    phase: 'live',
    reason: null,
    ready: true,
    recording: true,
    reasons: [],
    remarks: [],
    since: '2026-11-23T08:00:00.000Z',
    conn: 1,
    clock: {
      rule: 'America/New_York+7h',
      ruleId: 'America/New_York+7h',
      confirmed: true,
      replayed: false,
      skew: { ms: 12, uncertaintyMs: 8, sights: 60 },
    },
    tape: { appendedTsRecv: 1, syncedTsRecv: null, segmentBytes: 1000, totalBytes: null },
    sender: {
      phase: 'sending',
      code: null,
      message: null,
      cursorTsRecv: 1,
      answeredTsRecv: 1,
      appliedTsRecv: 1,
      lagMs: 40,
      backlogLines: null,
    },
    streams: [
      sampleStream({ stream: 'deals', symbol: null }),
      sampleStream(),
      sampleStream({ stream: 'bars', timeframe: 'M1' }),
      sampleStream({ symbol: 'XAUUSD', frames: 7 }),
      sampleStream({ symbol: 'XAUUSD', stream: 'bars', timeframe: 'M1' }),
    ],
    counters: { frames: 24, ticks: 24 },
    ...change,
  };
}

export function sampleState(...accounts: AccountState[]): CollectorState {
  return {
    service: 'collector',
    startedAt: '2026-11-23T07:59:00.000Z',
    accounts: accounts.length === 0 ? [sampleAccount()] : accounts,
  };
}

export function sampleFacts(change: Partial<StatusFacts> = {}): StatusFacts {
  return {
    atMs: AT_MS,
    dataDir: './data',
    collector: sampleState(),
    collectorAddr: '127.0.0.1:4000',
    services: [
      {
        name: 'console',
        addr: '127.0.0.1:7070',
        answers: true,
        since: '2026-11-23T07:59:00.000Z',
        expected: true,
      },
      { name: 'scheduler', addr: null, answers: false, since: null, expected: false },
      { name: 'simulator', addr: null, answers: false, since: null, expected: false },
    ],
    questdb: { url: 'http://127.0.0.1:9000', version: '9.3.4' },
    gaps: [],
    jobs: { plan_requests: 0, accounts: [] },
    withoutPastTicks: [],
    backup: null,
    disk: { freeBytes: 50e9, perDayBytes: 1.2e9 },
    tapes: new Map([['demo', { bytes: 12_345_678, segments: 2 }]]),
    rates: new Map([['demo', { ticksPerSecond: 51.2, framesPerSecond: 53 }]]),
    newest: new Map([['demo', new Map([['EURUSD', (AT_MS - 400) * 1000]])]]),
    ...change,
  };
}
