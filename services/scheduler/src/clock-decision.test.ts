import type { BrokerTime } from '@fxtape/fxsocket';
import {
  type ClockEvidence,
  inferClock,
  type OffsetSample,
  parseClockRule,
  utcMs,
  weekEdges,
} from '@fxtape/market';
import { expect, test, vi } from 'vitest';
import {
  type ClockDecision,
  clockRuleRows,
  decideClock,
  isRefuted,
  knownRules,
  ruleInForce,
} from './clock-decision.ts';
import { awaitsEvidence, evidenceIsDue, type EvidenceRow, gathered } from './clock-evidence.ts';
import { InferenceMemory } from './inference-memory.ts';

const NOW_MS = Date.UTC(2026, 5, 24, 12);
const HOUR = 3_600_000;
const says = (serverTime: string, utcOffsetSeconds: number) => ({
  serverTime: serverTime as BrokerTime,
  utcOffsetSeconds,
});
const timezone = vi.fn(async () => says('2026-06-24T15:00:00Z', 10_800));
const decide = (
  rule: string,
  recordedRule: string | null,
  o: { replayed?: boolean; evidence?: ClockEvidence } = {},
) =>
  decideClock({
    account: 'icm',
    clock: { rule, replayed: o.replayed ?? false },
    evidence: o.evidence ?? null,
    recordedRule,
    infer: inferClock,
    timezone,
    nowMs: NOW_MS,
  });

/** Two years of a currency that trades from Sunday to Friday, 17:00 New York, on a broker's clock. */
const evidence = (
  clock: string,
  o: { days?: number; source?: OffsetSample['source'] } = {},
): ClockEvidence => {
  const [rule, newYork] = [parseClockRule(clock), parseClockRule('America/New_York')];
  const opens = [];
  for (let utc = NOW_MS - (o.days ?? 730) * 24 * HOUR; utc < NOW_MS; utc += HOUR) {
    const local = new Date(utc + newYork.offsetAt(utc) * 1000);
    const weekHour = local.getUTCDay() * 24 + local.getUTCHours();
    if (weekHour >= 17 && weekHour < 137) opens.push(rule.toBroker(utcMs(utc)));
  }
  const sample = { utcMs: NOW_MS, offsetS: rule.offsetAt(NOW_MS), source: o.source ?? 'ticks' };
  return {
    nowUtcMs: NOW_MS,
    samples: [sample],
    histories: [{ symbol: 'EURUSD', edges: weekEdges(opens) }],
    known: [],
  };
};

test('configured before inferred before recorded before what today’s offset suggests, and the gateway is asked only then', async () => {
  timezone.mockClear();
  const seen = { evidence: evidence('Europe/Athens') };
  expect(await decide('UTC+2h', 'Europe/Athens', seen)).toMatchObject({
    rule: { id: 'UTC+2h' },
    confidence: 'configured',
  });
  expect(await decide('auto', 'America/New_York+7h', seen)).toMatchObject({
    rule: { id: 'Europe/Athens' },
    confidence: 'inferred',
    settles: [],
    measured: { offsetS: 10_800 },
  });
  expect(await decide('auto', 'Europe/Athens')).toMatchObject({
    rule: { id: 'Europe/Athens' },
    confidence: 'recorded',
  });
  expect(timezone).not.toHaveBeenCalled();
  expect(await decide('auto', null)).toMatchObject({
    rule: { id: 'America/New_York+7h' },
    confidence: 'provisional',
  });
});

test('evidence that leaves several rules goes on with the recorded one, and says what would settle it', async () => {
  const little = { evidence: evidence('Europe/Athens', { days: 60 }) };
  const recorded = await decide('auto', 'Europe/Athens', little);
  expect(recorded).toMatchObject({ rule: { id: 'Europe/Athens' }, confidence: 'recorded' });
  expect(recorded.settles.join()).toContain('2026-10-25');
  expect(await decide('auto', null, little)).toMatchObject({
    rule: { id: 'America/New_York+7h' },
    confidence: 'provisional',
  });
  const told = JSON.parse(recorded.evidence) as { rivals: { rule: string }[]; settles: string[] };
  expect(told.rivals.map(({ rule }) => rule)).toContain('America/New_York+7h');
  expect(told.settles).toEqual(recorded.settles);
});

test('the today of a replayed gateway is its own', async () => {
  // In January the same offset of three hours is neither New York's nor Athens'.
  timezone.mockResolvedValueOnce(says('2026-01-14T15:00:00Z', 10_800));
  expect((await decide('auto', null, { replayed: true })).rule.id).toBe('UTC+3h');
});

test('an offset that no clock has is unknown: it is said, makes no rule and ends nothing', async () => {
  for (const utcOffsetSeconds of [12_345, 54_000, 1_782_000_000]) {
    timezone.mockResolvedValueOnce(says('2026-06-24T15:00:00Z', utcOffsetSeconds));
    const told = await decide('auto', null);
    expect(told).toMatchObject({ rule: { id: 'America/New_York+7h' }, confidence: 'provisional' });
    expect(told.evidence).toContain('which no clock has');
  }
});

const OF = { account: 'icm', server: 'Broker' };
const decision = (
  rule: string,
  confidence: ClockDecision['confidence'],
  measured: ClockDecision['measured'] = null,
): ClockDecision => ({
  rule: parseClockRule(rule),
  confidence,
  evidence: 'because',
  settles: [],
  measured,
});

test('a row is appended only for news, and the surer decision stays', () => {
  const [first] = clockRuleRows(OF, decision('UTC+3h', 'provisional'), null, 1000);
  expect(first).toMatchObject({
    server: 'Broker',
    ts_decided: 1000,
    rule_id: 'UTC+3h',
    confidence: 'provisional',
  });
  if (first === undefined) return;
  expect(clockRuleRows(OF, decision('UTC+3h', 'provisional'), first, 2000)).toEqual([]);
  const [recorded] = clockRuleRows(OF, decision('Europe/Athens', 'recorded'), first, 2000);
  expect(recorded).toMatchObject({ rule_id: 'Europe/Athens', confidence: 'recorded', ts: first.ts });
  if (recorded === undefined) return;
  expect(clockRuleRows(OF, decision('UTC+3h', 'provisional'), recorded, 3000)).toEqual([]);
  expect(clockRuleRows(OF, decision('UTC+2h', 'inferred'), recorded, 3000)).toMatchObject([
    { rule_id: 'UTC+2h' },
  ]);
  // A clock of this machine that was set back does not make the new decision the older one.
  expect(clockRuleRows(OF, decision('UTC+2h', 'configured'), recorded, 5)[0]?.ts_decided).toBe(2001);
});

test('a broker that moved has a row for each of its rules, and one name for all of them', () => {
  const moved = 'Europe/Athens until 2025-06-21T12:00Z then America/New_York+7h';
  const rows = clockRuleRows(OF, decision(moved, 'inferred'), null, 1000);
  expect(rows.map(({ rule, rule_id, ts_decided }) => [rule, rule_id, ts_decided])).toEqual([
    ['Europe/Athens', moved, 1000],
    ['America/New_York+7h', moved, 1000],
  ]);
  expect(rows.map(({ ts }) => ts)[1]).toBe(Date.UTC(2025, 5, 21, 12) * 1000);
  const [last] = rows.slice(-1);
  expect(clockRuleRows(OF, decision(moved, 'inferred'), last ?? null, 2000)).toEqual([]);
});

test('a rule that the running clock refutes gives way to a less sure one, but for one that somebody configured', () => {
  const march = { utcMs: Date.UTC(2026, 2, 18), offsetS: 10_800 };
  const [athens] = clockRuleRows(OF, decision('Europe/Athens', 'inferred'), null, 1000);
  const newYork = decision('America/New_York+7h', 'provisional', march);
  expect(isRefuted('Europe/Athens', newYork)).toBe(true);
  expect(clockRuleRows(OF, newYork, athens ?? null, 2000)).toMatchObject([
    { rule_id: 'America/New_York+7h', confidence: 'provisional' },
  ]);
  const unseen = decision('America/New_York+7h', 'provisional');
  expect(clockRuleRows(OF, unseen, athens ?? null, 2000)).toEqual([]);
  const [byHand] = clockRuleRows(OF, decision('Europe/Athens', 'configured'), null, 1000);
  expect(clockRuleRows(OF, newYork, byHand ?? null, 2000)).toEqual([]);
});

test('an inferred rule that the evidence of today leaves open is not inferred any more', async () => {
  const [athens] = clockRuleRows(OF, decision('Europe/Athens', 'inferred'), null, 1000);
  const open = await decide('auto', null, { evidence: evidence('Europe/Athens', { days: 60 }) });
  expect(open.settles.length).toBeGreaterThan(0);
  const [row, ...more] = clockRuleRows(OF, open, athens ?? null, 2000);
  expect(more).toEqual([]);
  expect(row).toMatchObject({ confidence: 'provisional' });
  // Written again only when something else would settle it.
  expect(clockRuleRows(OF, open, row ?? null, 3000)).toEqual([]);
  const other = { ...open, settles: ['a person'], evidence: '{"settles":["a person"]}' };
  expect(clockRuleRows(OF, other, row ?? null, 3000)).toMatchObject([{ evidence: other.evidence }]);
});

test('a move is known where it was inferred or given by hand; of others the pieces are', () => {
  const moved = 'Europe/Athens until 2025-06-21T12:00Z then America/New_York+7h';
  const row = (rule_id: string, confidence: string, ts_decided: number) => ({
    ts: 0,
    server: 's',
    ts_decided,
    rule: rule_id,
    rule_id,
    confidence,
    evidence: null,
  });
  expect(knownRules([row('UTC', 'recorded', 1), row(moved, 'inferred', 2)])).toEqual([moved, 'UTC']);
  expect(knownRules([row('UTC', 'recorded', 1), row(moved, 'provisional', 2)])).toEqual([
    'America/New_York+7h',
    'Europe/Athens',
    'UTC',
  ]);
  expect(knownRules([])).toEqual([]);
});

test('a rule that was configured is taken back by its own account alone', async () => {
  const configured = await decide('UTC+2h', null);
  const [row] = clockRuleRows(OF, configured, null, 1000);
  const inferred = decision('Europe/Athens', 'inferred');
  expect(clockRuleRows({ ...OF, account: 'other' }, inferred, row ?? null, 2000)).toEqual([]);
  expect(clockRuleRows(OF, inferred, row ?? null, 2000)).toMatchObject([{ rule_id: 'Europe/Athens' }]);
});

test('an inference is remembered for the evidence it was made from, and for no other', () => {
  const memory = new InferenceMemory();
  const first = evidence('Europe/Athens');
  const found = memory.infer(first);
  expect(memory.infer(evidence('Europe/Athens'))).toBe(found);
  const more = [...first.samples, { utcMs: NOW_MS - 1, offsetS: 0, source: 'stated' as const }];
  for (const other of [
    { ...first, nowUtcMs: NOW_MS + 1 },
    { ...first, samples: more },
    { ...first, known: ['UTC'] },
    evidence('UTC+2h'),
  ])
    expect(memory.infer(other)).not.toBe(found);
  expect(memory.infer(evidence('UTC+2h')).rule.id).toBe('UTC+2h');
});

test('the newest decision is in force, wherever it stands', () => {
  const row = (ts_decided: number, rule_id: string) => ({
    ts: 0,
    server: 's',
    ts_decided,
    rule: rule_id,
    rule_id,
    confidence: null,
    evidence: null,
  });
  expect(ruleInForce([row(5, 'b'), row(9, 'c'), row(1, 'a')])?.rule_id).toBe('c');
  expect(ruleInForce([])).toBeNull();
});

test('rows become evidence: offsets of any time, the edges that were read last, and nothing before history was read', () => {
  const row = {
    server: 's',
    account: 'a',
    symbol: null,
    utc_offset_s: null,
    bars: null,
    edges: null,
    reason: null,
  };
  const offset = { ...row, ts: NOW_MS * 1000, kind: 'ticks', utc_offset_s: 7200 };
  expect(gathered([offset], [], NOW_MS * 1000, 0)).toBeNull();
  const noClock = { ...offset, ts: NOW_MS * 1000 + 1, utc_offset_s: 12_345 };
  const edges = {
    ...row,
    ts: NOW_MS * 1000 + 5,
    kind: 'edges',
    symbol: 'EURUSD',
    edges: '{"open":["2026-06-22T00:00"],"close":["2026-06-20T00:00"]}',
  };
  const found = gathered([offset, noClock, edges, { ...edges, symbol: 'NOPE', edges: null }], ['UTC'], 0, 0);
  expect(found).toMatchObject({
    sinceUs: NOW_MS * 1000,
    readUs: NOW_MS * 1000 + 5,
    evidence: {
      nowUtcMs: NOW_MS,
      known: ['UTC'],
      samples: [{ utcMs: NOW_MS, offsetS: 7200, source: 'ticks' }],
      histories: [{ symbol: 'EURUSD' }],
    },
  });
  // Offsets of a replayed gateway are older than the first decision, and say nothing of when it was looked at.
  expect(gathered([offset, edges], [], 0, NOW_MS * 1000 + 3)).toMatchObject({ sinceUs: NOW_MS * 1000 + 3 });
  const kinds = found?.evidence.histories[0]?.edges.map(({ kind, week }) => [kind, week]);
  expect(kinds).toEqual([
    ['close', kinds?.[1]?.[1] === undefined ? 0 : Number(kinds[1][1]) - 1],
    ['open', kinds?.[1]?.[1]],
  ]);
});

test('a terminal that shows nothing yet is no evidence, and one that lists nothing of ours is', () => {
  const none: EvidenceRow = {
    ts: NOW_MS * 1000,
    server: 's',
    account: 'a',
    kind: 'edges',
    symbol: 'EURUSD',
    utc_offset_s: null,
    bars: 0,
    edges: null,
    reason: null,
  };
  const read = { ...none, symbol: 'XAUUSD', bars: 9, edges: '{"open":[],"close":[]}' };
  const seen = (...rows: EvidenceRow[]) => gathered(rows, [], 0, 0);
  const [minute, unlisted] = [
    60_000_000,
    { ...none, reason: 'SYMBOL_NOT_LISTED: the broker lists no EURUSD' },
  ];
  const unread = [
    seen({ ...none, reason: 'HISTORY_NOT_READY: not loaded' }),
    seen({ ...none, symbol: '', reason: 'no symbol is listed' }),
    // An answer without a bar, to a question about years.
    seen({ ...none, edges: '{"open":[],"close":[]}' }, unlisted),
  ];
  for (const each of [null, ...unread]) {
    expect(awaitsEvidence(each, 0, 9 * minute)).toBe(true);
    // Not for ever: a gateway may have no hourly bars at all.
    expect(awaitsEvidence(each, 0, 10 * minute)).toBe(each === null);
  }
  for (const each of [seen(unlisted), seen(read, none)]) expect(awaitsEvidence(each, 0, minute)).toBe(false);
});

test('evidence is gathered again sooner when it leaves something open, and soonest for a new server', () => {
  const minute = 60_000_000;
  const day = 1440 * minute;
  const old = { readUs: 0, sinceUs: -9 * day };
  const due = (age: number, settled: boolean, doubted = false): boolean =>
    evidenceIsDue({ ...old, wallUs: age, settled, doubted });
  expect(evidenceIsDue({ ...old, readUs: null, wallUs: 0, settled: true, doubted: false })).toBe(true);
  expect([due(2 * day, true), due(3 * day, true)]).toEqual([false, true]);
  expect([due(day / 2, false), due(day, false)]).toEqual([false, true]);
  expect([due(day / 25, true, true), due(day / 24, true, true)]).toEqual([false, true]);
  let readUs = 0;
  const looks: number[] = [];
  for (let wallUs = 0; wallUs < 2 * day; wallUs += minute / 2) {
    if (!evidenceIsDue({ readUs, sinceUs: 0, wallUs, settled: false, doubted: false })) continue;
    looks.push(wallUs / minute);
    readUs = wallUs;
  }
  expect(looks).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]);
});
