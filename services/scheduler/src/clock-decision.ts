// Decides which clock rule the history of an account is read with. In, in this order: the configuration, the evidence gathered about the
// server's clock, the rule that the collector recorded with, and the offset that the gateway states today. Out: the rule with its confidence,
// and the rows of `clock_rules` if the decision is new.
import type { AccountConfig } from '@fxtape/config';
import type { ServerTimezone } from '@fxtape/fxsocket';
import {
  type ClockEvidence,
  type ClockInference,
  clockOffset,
  type ClockRule,
  defaultRule,
  parseBrokerTime,
  parseClockRule,
  type TableRow,
  utcMs,
} from '@fxtape/market';
import { EARLIEST_TS_US } from '@fxtape/questdb';

/** From most to least certain. */
const CONFIDENCES = ['configured', 'inferred', 'recorded', 'provisional'] as const;
export type Confidence = (typeof CONFIDENCES)[number];
/** Certain decisions: history does not wait for evidence, and a move from one rule to another counts as known. */
export const SURE: readonly unknown[] = ['configured', 'inferred'] satisfies Confidence[];

export interface ClockDecision {
  readonly rule: ClockRule;
  readonly confidence: Confidence;
  /** JSON, or a sentence. */
  readonly evidence: string;
  /** What would settle it; empty: it is settled. */
  readonly settles: readonly string[];
  /** The running clock was measured: this offset at this time. */
  readonly measured: { readonly utcMs: number; readonly offsetS: number } | null;
}

type RuleRow = TableRow<'clock_rules'>;

/** Names the account, so that only that account withdraws it. */
const configuredFor = (account: string): string => `configured for ${account}`;

/** Asks the gateway only if nothing else is known. Errors: those of `timezone`. */
export async function decideClock(o: {
  account: string;
  clock: AccountConfig['clock'];
  /** Null: none was gathered yet. */
  evidence: ClockEvidence | null;
  recordedRule: string | null;
  infer: (evidence: ClockEvidence) => ClockInference;
  timezone: () => Promise<ServerTimezone>;
  nowMs: number;
}): Promise<ClockDecision> {
  const plain = { settles: [], measured: null };
  if (o.clock.rule !== 'auto') {
    const rule = parseClockRule(o.clock.rule);
    return { ...plain, rule, confidence: 'configured', evidence: configuredFor(o.account) };
  }
  if (o.evidence !== null) return inferred(o.evidence, o.recordedRule, o.infer);
  if (o.recordedRule !== null) {
    const rule = parseClockRule(o.recordedRule);
    return {
      ...plain,
      rule,
      confidence: 'recorded',
      evidence: 'the newest live coverage was recorded with it',
    };
  }
  const { serverTime, utcOffsetSeconds } = await o.timezone();
  // A replayed gateway has its own today.
  const stated = o.clock.replayed ? parseBrokerTime(serverTime) : null;
  const offsetS = clockOffset(utcOffsetSeconds);
  const today = stated === null ? utcMs(o.nowMs) : utcMs(stated.ms - (offsetS ?? 0) * 1000);
  return {
    ...plain,
    rule: defaultRule(utcOffsetSeconds, today),
    confidence: 'provisional',
    evidence:
      offsetS === null
        ? `the gateway states a UTC offset of ${utcOffsetSeconds} s, which no clock has`
        : `the gateway states a UTC offset of ${offsetS} s today`,
  };
}

function inferred(
  evidence: ClockEvidence,
  recordedRule: string | null,
  infer: (evidence: ClockEvidence) => ClockInference,
): ClockDecision {
  const known = recordedRule === null ? evidence.known : [...evidence.known, recordedRule];
  const found = infer({ ...evidence, known });
  const { rule, settles, today } = found;
  const measured = today === null || today.source === 'stated' ? null : today;
  const told = { rule, evidence: spellEvidence(found), settles, measured };
  if (found.confidence === 'inferred') return { ...told, confidence: 'inferred' };
  // Live ticks agreed with the rule they were recorded with, and evidence does not contradict it for today. Other seasons stay open.
  const now = evidence.nowUtcMs;
  const same = recordedRule !== null && rule.pieceAt(now) === parseClockRule(recordedRule).pieceAt(now);
  return { ...told, confidence: same ? 'recorded' : 'provisional' };
}

const MOST_LISTED = 12;

/** Everything behind the decision, for people and `fxtape clock`. Long lists of weeks are cut. */
const spellEvidence = (found: ClockInference): string => {
  const { contradicts, moves, rivals, settles, today, weeks } = found;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return JSON.stringify({
    today:
      today === null ? null : { at: iso(today.utcMs), utc_offset_s: today.offsetS, source: today.source },
    weeks,
    rivals: rivals.slice(0, MOST_LISTED).map((rival) => ({
      rule: rival.rule,
      weeks_against: rival.against.length,
      weeks_for: rival.for.length,
      against: rival.against.slice(-MOST_LISTED),
      for: rival.for.slice(-MOST_LISTED),
    })),
    contradicting_weeks: contradicts.slice(-MOST_LISTED),
    moves: moves.map((move) => ({
      from: move.from,
      to: move.to,
      at: iso(move.atUtcMs),
      after: iso(move.afterUtcMs),
      before: iso(move.beforeUtcMs),
    })),
    settles,
  });
};

/** A row of the server's decision in force; null: none was made yet. */
export const ruleInForce = (rows: readonly RuleRow[]): RuleRow | null =>
  rows.reduce<RuleRow | null>(
    (newest, row) => (newest === null || row.ts_decided > newest.ts_decided ? row : newest),
    null,
  );

/** Whether the measured clock contradicts this rule. */
export const isRefuted = (rule: string | null, { measured }: Pick<ClockDecision, 'measured'>): boolean =>
  rule !== null && measured !== null && parseClockRule(rule).offsetAt(measured.utcMs) !== measured.offsetS;

/** Whether a stored decision leaves the same questions open. */
const leavesOpen = (evidence: string | null | undefined, settles: readonly string[]): boolean =>
  settles.length === 0 || evidence?.includes(`"settles":${JSON.stringify(settles)}`) === true;

/** The rules decided for a server, the one in force first. An uncertain rule with a move counts as its pieces, newest first. */
export const knownRules = (rows: readonly RuleRow[]): string[] => {
  const inForce = ruleInForce(rows);
  const decided = [...(inForce === null ? [] : [inForce]), ...rows].flatMap((row) => {
    if (typeof row.rule_id !== 'string') return [];
    const { id, pieces } = parseClockRule(row.rule_id);
    return SURE.includes(row.confidence) ? [id] : pieces.map(({ rule }) => rule).toReversed();
  });
  return [...new Set(decided)];
};

/**
 * The rows to append, one for each piece of the rule; none if nothing changes. A less certain decision never replaces a more certain one,
 * because accounts of one server share its rule, and one of them may know more. Exceptions: the rule in force is refuted by the running
 * clock; it was inferred, and the evidence leaves it open today; or it was configured for this account and no longer is.
 */
export function clockRuleRows(
  { account, server }: { account: string; server: string },
  decision: ClockDecision,
  inForce: RuleRow | null,
  decidedUs: number,
): RuleRow[] {
  const { rule, confidence, evidence, settles } = decision;
  if (inForce !== null) {
    const sureness = (word: unknown): number => {
      const at = CONFIDENCES.indexOf(word as Confidence);
      return at === -1 ? CONFIDENCES.length : at;
    };
    const refuted = inForce.confidence !== 'configured' && isRefuted(inForce.rule_id ?? null, decision);
    const withdrawn = inForce.confidence === 'configured' && inForce.evidence === configuredFor(account);
    const open = inForce.confidence === 'inferred' && settles.length > 0;
    if (sureness(confidence) > sureness(inForce.confidence) && !refuted && !withdrawn && !open) return [];
    const same = inForce.rule_id === rule.id && inForce.confidence === confidence;
    if (same && leavesOpen(inForce.evidence, settles)) return [];
  }
  const tsDecided = inForce === null ? decidedUs : Math.max(decidedUs, Number(inForce.ts_decided) + 1);
  return rule.pieces.map((piece) => ({
    ts: Number.isFinite(piece.fromUtcMs) ? piece.fromUtcMs * 1000 : EARLIEST_TS_US,
    server,
    ts_decided: tsDecided,
    rule: piece.rule,
    rule_id: rule.id,
    confidence,
    evidence,
  }));
}
