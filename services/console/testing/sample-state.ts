// A collector state for tests: one healthy account with two symbols, to be changed in the one place a test is about.
import type { AccountState, CollectorState, StreamState } from '../src/collector-state.ts';

export function sampleStream(change: Partial<StreamState> = {}): StreamState {
  return {
    stream: 'ticks',
    symbol: 'EURUSD',
    timeframe: null,
    phase: 'live',
    since: '2026-11-23T08:00:00.000Z',
    lastTsRecv: 1_795_431_234_123_456,
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
    tape: { appendedTsRecv: 1, syncedTsRecv: 1, segmentBytes: 1000, totalBytes: 5000 },
    sender: {
      phase: 'ok',
      code: null,
      message: null,
      cursorTsRecv: 1,
      answeredTsRecv: 1,
      appliedTsRecv: 1,
      lagMs: 40,
      backlogLines: 3,
    },
    streams: [sampleStream(), sampleStream({ symbol: 'XAUUSD' })],
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
