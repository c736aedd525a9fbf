// Which clock rule the history of an account is read with. In: the configuration, what the collector recorded with, and what the gateway
// says of its offset today, in this order. Out: the rule with how sure it is, and a row of `clock_rules` when that is news.
import type { AccountConfig } from '@fxtape/config';
import type { ServerTimezone } from '@fxtape/fxsocket';
import { type ClockRule, defaultRule, parseBrokerTime, parseClockRule, utcMs } from '@fxtape/market';
import { EARLIEST_TS_US, type TableRow } from '@fxtape/questdb';

/** From sure to less sure. */
const CONFIDENCES = ['configured', 'recorded', 'provisional'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

export interface ClockDecision {
  readonly rule: ClockRule;
  readonly confidence: Confidence;
  readonly evidence: string;
}

type RuleRow = TableRow<'clock_rules'>;

/** Asks the gateway only when nothing else is known. Errors: those of `timezone`. */
export async function decideClock(o: {
  clock: AccountConfig['clock'];
  recordedRule: string | null;
  timezone: () => Promise<ServerTimezone>;
  nowMs: number;
}): Promise<ClockDecision> {
  if (o.clock.rule !== 'auto') {
    return { rule: parseClockRule(o.clock.rule), confidence: 'configured', evidence: 'configured' };
  }
  if (o.recordedRule !== null) {
    const rule = parseClockRule(o.recordedRule);
    return { rule, confidence: 'recorded', evidence: 'the newest live coverage was recorded with it' };
  }
  const { serverTime, utcOffsetSeconds } = await o.timezone();
  // A replayed gateway's today is its own.
  const stated = o.clock.replayed ? parseBrokerTime(serverTime) : null;
  const today = stated === null ? utcMs(o.nowMs) : utcMs(stated.ms - utcOffsetSeconds * 1000);
  return {
    rule: defaultRule(utcOffsetSeconds, today),
    confidence: 'provisional',
    evidence: `the gateway stands ${utcOffsetSeconds} s before UTC today`,
  };
}

/** The rule in force of a server; null when none was decided yet. */
export const ruleInForce = (rows: readonly RuleRow[]): RuleRow | null =>
  rows.reduce<RuleRow | null>(
    (newest, row) => (newest === null || row.ts_decided > newest.ts_decided ? row : newest),
    null,
  );

/**
 * The row to append; null when nothing changes. A less sure decision never replaces a surer one: accounts of one server share its rule,
 * and one of them may know more. It holds from the earliest instant on, because history is read with one rule as a whole.
 */
export function clockRuleRow(
  server: string,
  decision: ClockDecision,
  inForce: RuleRow | null,
  decidedUs: number,
): RuleRow | null {
  const { rule, confidence, evidence } = decision;
  if (inForce !== null) {
    const sureness = (word: unknown): number => {
      const at = CONFIDENCES.indexOf(word as Confidence);
      return at === -1 ? CONFIDENCES.length : at;
    };
    if (sureness(confidence) > sureness(inForce.confidence)) return null;
    if (inForce.rule_id === rule.id && inForce.confidence === confidence) return null;
  }
  return {
    ts: EARLIEST_TS_US,
    server,
    ts_decided: inForce === null ? decidedUs : Math.max(decidedUs, Number(inForce.ts_decided) + 1),
    rule: rule.id,
    rule_id: rule.id,
    confidence,
    evidence,
  };
}
