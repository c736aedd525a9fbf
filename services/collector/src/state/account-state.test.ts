// One state of an account: which word, in which order, and what is said.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACCOUNT_STATES, type AccountFacts, type AccountStateName, accountState } from './account-state.ts';

const well: AccountFacts = {
  notRecording: null,
  obstacle: null,
  session: { phase: 'live', reason: '' },
  clock: { wait: null, reason: '' },
  feedWaits: null,
  failures: [],
  database: {
    unmigrated: null,
    paused: null,
    applied: { phase: 'idle', code: null, message: null },
    gate: null,
    writers: [{ table: 'ticks', phase: 'ok', code: null, message: null }],
  },
  lagMs: 40,
  streams: [{ name: 'EURUSD ticks', phase: 'live' }],
  former: [],
};
const database = (change: Partial<AccountFacts['database']>) => ({
  database: { ...well.database, ...change },
});
const writer = (phase: 'retrying' | 'refused') =>
  database({ writers: [{ table: 'ticks', phase, code: 'QDB_X', message: 'no' }] });
const session = (phase: NonNullable<AccountFacts['session']>['phase']) => ({
  session: { phase, reason: 'because' },
});
const waits = (state: NonNullable<AccountFacts['notRecording']>['state']) => ({
  notRecording: { state, reason: 'because' },
  session: null,
});

/** What leads to each state, and to what sentence. */
const LEADS: Record<Exclude<AccountStateName, 'live'>, [Partial<AccountFacts>, string]> = {
  refused: [waits('refused'), 'refused (because)'],
  failed: [waits('failed'), 'failed (because)'],
  waiting_for_tape: [waits('waiting_for_tape'), 'waiting_for_tape (because)'],
  waiting_for_questdb: [waits('waiting_for_questdb'), 'waiting_for_questdb (because)'],
  waiting_for_gateway: [waits('waiting_for_gateway'), 'waiting_for_gateway (because)'],
  starting: [{ notRecording: { state: 'starting', reason: null } }, 'starting'],
  tape_full: [{ obstacle: 'TAPE_FULL: no room' }, 'tape_full (TAPE_FULL: no room)'],
  stalled: [session('stalled'), 'stalled (because)'],
  contended: [session('contended'), 'contended (because)'],
  backing_off: [session('backing_off'), 'backing_off (because)'],
  paused: [session('paused'), 'paused (because)'],
  connecting: [session('connecting'), 'connecting (because)'],
  subscribing: [session('subscribing'), 'subscribing (because)'],
  closed: [session('closed'), 'closed (because)'],
  idle: [{ session: { phase: 'idle', reason: '' } }, 'idle'],
  clock_conflict: [
    { clock: { wait: 'clock_conflict', reason: 'because' } },
    'clock_conflict (CLOCK_CONFLICT: because)',
  ],
  clock_unconfirmed: [
    { clock: { wait: 'clock_unconfirmed', reason: 'because' } },
    'clock_unconfirmed (CLOCK_UNCONFIRMED: because)',
  ],
  feed_waits: [{ feedWaits: 'because' }, 'feed_waits (FEED_WAITS: because)'],
  part_failed: [
    { failures: [{ part: 'sending', code: 'TAPE_IO', message: 'EMFILE', times: 3 }] },
    'part_failed (sending, 3 times in a row: TAPE_IO: EMFILE)',
  ],
  database_refuses: [writer('refused'), 'database_refuses (rows wait: QDB_X: no)'],
  database_away: [writer('retrying'), 'database_away (rows wait: QDB_X: no)'],
  behind: [{ lagMs: 65_000 }, 'behind (rows reach QuestDB 65 s late; the tape has what is missing)'],
  incomplete: [
    {
      streams: [
        { name: 'EURUSD ticks', phase: 'live' },
        { name: 'XAUUSD ticks', phase: 'pending' },
      ],
    },
    'incomplete (not live yet: XAUUSD ticks)',
  ],
};

test('all is well: live, ready, recording, and nothing to say', () => {
  expect(accountState(well)).toEqual({
    state: 'live',
    reason: null,
    ready: true,
    recording: true,
    reasons: [],
    remarks: [],
    database: null,
  });
});

test.each(Object.entries(LEADS))('%s', (state, [change, reason]) => {
  const found = accountState({ ...well, ...change });
  expect(found).toMatchObject({ state, ready: false, reasons: [reason] });
  // Beyond the tape nothing keeps frames from being recorded.
  const order: readonly string[] = ACCOUNT_STATES;
  expect(found.recording).toBe(order.indexOf(state) >= order.indexOf('clock_conflict'));
});

test('law: of any things that are wrong at once the weightiest is the state, each is said, and ready means none', () => {
  const states = Object.keys(LEADS) as (keyof typeof LEADS)[];
  fc.assert(
    fc.property(fc.subarray(states), (wrong) => {
      // One fact holds one value: of several session phases the last one counts.
      const facts = Object.assign({}, well, ...wrong.map((state) => LEADS[state][0])) as AccountFacts;
      const found = accountState(facts);
      expect(found.ready).toBe(wrong.length === 0);
      expect(found.state === 'live').toBe(found.ready);
      expect(found.reasons.length > 0).toBe(!found.ready);
      const order = found.reasons.map((text) =>
        ACCOUNT_STATES.indexOf(text.split(' ')[0] as AccountStateName),
      );
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      expect(order[0] === undefined || ACCOUNT_STATES[order[0]] === found.state).toBe(true);
      if (found.recording) expect(facts.notRecording).toBeNull();
    }),
  );
});

describe('what stands between rows and the database', () => {
  test.each([
    [
      'tables that are not there yet',
      { unmigrated: { code: 'QDB_UNREACHABLE', message: 'away' } },
      'database_away',
    ],
    [
      'a correction',
      { paused: { code: 'CLOCK_APPLY_UNDER_WAY', message: 'm', hint: 'h' } },
      'database_refuses',
    ],
    [
      'a suspended table',
      { applied: { phase: 'suspended', code: 'QDB_SUSPENDED', message: 'm' } },
      'database_refuses',
    ],
    [
      'rows that nobody applies',
      { applied: { phase: 'unreachable', code: null, message: null } },
      'database_away',
    ],
    [
      'nothing to write, and nobody to write it to',
      { gate: { code: 'QDB_UNREACHABLE', message: 'm' } },
      'database_away',
    ],
  ] as const)('%s', (_what, change, state) => {
    const found = accountState({ ...well, ...database(change as Partial<AccountFacts['database']>) });
    expect(found).toMatchObject({ state, ready: false, recording: true });
    expect(found.database).not.toBeNull();
  });
});

test('a symbol that the broker does not list is a remark; refused and many streams are told in short', () => {
  const streams = (phase: 'unlisted' | 'failed' | 'pending', count: number) =>
    Array.from({ length: count }, (_, n) => ({ name: `S${n} ticks`, phase }));
  expect(accountState({ ...well, streams: [...well.streams, ...streams('unlisted', 1)] })).toMatchObject({
    ready: true,
    remarks: ['the broker does not list S0 ticks'],
  });
  expect(accountState({ ...well, streams: streams('pending', 30) }).reasons).toEqual([
    'incomplete (not live yet: S0 ticks, S1 ticks, S2 ticks, S3 ticks, S4 ticks and 25 more)',
  ]);
  expect(accountState({ ...well, streams: streams('failed', 1) }).reasons).toEqual([
    'incomplete (the gateway refuses S0 ticks)',
  ]);
  expect(accountState({ ...well, streams: [] }).reasons).toEqual(['incomplete (no stream is known yet)']);
});

test('a name that the account had before is told, and how to go on with its series', () => {
  const former = [
    { name: 'old', feed: 'old' },
    { name: 'older', feed: null },
  ];
  expect(accountState({ ...well, former })).toMatchObject({
    ready: true,
    remarks: [
      'server and login are those of the account recorded as "old"; to continue its feed, set market_data: { feed: old }',
      'server and login are those of the account recorded as "older"',
    ],
  });
});

test('every state stands in its document, in the order of weight', () => {
  const text = readFileSync(new URL('../../../../docs/account-states.md', import.meta.url), 'utf8');
  expect([...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, state]) => state)).toEqual([...ACCOUNT_STATES]);
});
