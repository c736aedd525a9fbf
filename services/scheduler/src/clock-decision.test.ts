import { expect, test, vi } from 'vitest';
import { type ClockDecision, clockRuleRow, decideClock, ruleInForce } from './clock-decision.ts';
import { parseClockRule } from '@fxtape/market';

const NOW_MS = Date.UTC(2026, 5, 24, 12);
const timezone = vi.fn(async () => ({ serverTime: '2026-06-24T15:00:00Z', utcOffsetSeconds: 10_800 }));
const decide = (rule: string, recordedRule: string | null, replayed = false) =>
  decideClock({ clock: { rule, replayed }, recordedRule, timezone, nowMs: NOW_MS });

test('configured before recorded before what today’s offset suggests, and the gateway is asked only then', async () => {
  timezone.mockClear();
  expect(await decide('UTC+2h', 'Europe/Athens')).toMatchObject({
    rule: { id: 'UTC+2h' },
    confidence: 'configured',
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

test('the today of a replayed gateway is its own', async () => {
  // In January the same offset of three hours is neither New York's nor Athens'.
  timezone.mockResolvedValueOnce({ serverTime: '2026-01-14T15:00:00Z', utcOffsetSeconds: 10_800 });
  expect((await decide('auto', null, true)).rule.id).toBe('UTC+3h');
});

const decision = (rule: string, confidence: ClockDecision['confidence']): ClockDecision => ({
  rule: parseClockRule(rule),
  confidence,
  evidence: 'because',
});

test('a row is appended only for news, and the surer decision stays', () => {
  const first = clockRuleRow('Broker', decision('UTC+3h', 'provisional'), null, 1000);
  expect(first).toMatchObject({
    server: 'Broker',
    ts_decided: 1000,
    rule_id: 'UTC+3h',
    confidence: 'provisional',
  });
  expect(clockRuleRow('Broker', decision('UTC+3h', 'provisional'), first, 2000)).toBeNull();
  const recorded = clockRuleRow('Broker', decision('Europe/Athens', 'recorded'), first, 2000);
  expect(recorded).toMatchObject({ rule_id: 'Europe/Athens', confidence: 'recorded', ts: first?.ts });
  expect(clockRuleRow('Broker', decision('UTC+3h', 'provisional'), recorded, 3000)).toBeNull();
  expect(clockRuleRow('Broker', decision('UTC+2h', 'configured'), recorded, 3000)).toMatchObject({
    rule_id: 'UTC+2h',
  });
  // A clock of this machine that was set back does not make the new decision the older one.
  expect(clockRuleRow('Broker', decision('UTC+2h', 'configured'), recorded, 5)?.ts_decided).toBe(2001);
});

test('the newest decision is in force, wherever it stands', () => {
  const row = (ts_decided: number, rule_id: string) => ({ ts: 0, server: 's', ts_decided, rule_id });
  expect(ruleInForce([row(5, 'b'), row(9, 'c'), row(1, 'a')])?.rule_id).toBe('c');
  expect(ruleInForce([])).toBeNull();
});
