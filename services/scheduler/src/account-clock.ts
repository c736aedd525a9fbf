// Settles the clock rule of one account's server, with each plan. In: stored evidence and decisions, and the configuration. Out: the rule to
// read history with, whether history may be read yet, and a job that gathers more evidence when that is due. A new decision is written to
// `clock_rules`, with a warning in the log if it replaces another rule.
//
//   no evidence ──► only the job `clock` is planned ──► evidence ──► inferred, or provisional and what would settle it ──► history
//
// No history is read before the first evidence, because rows written with a wrong rule cannot be deleted. A terminal that shows no bar of any
// symbol (it has probably just started) gives no evidence; after ten minutes of that, history is read anyway.
import type { AccountConfig } from '@fxtape/config';
import type { PlannedJob } from '@fxtape/jobs';
import { type ClockRule, parseBrokerTime, parseClockRule, type TableRow } from '@fxtape/market';
import type { ServerTimezone } from '@fxtape/fxsocket';
import type { Clock, Log } from '@fxtape/ops';
import type { AppliedWriter, HistoryReader } from '@fxtape/questdb';
import {
  clockRuleRows,
  type Confidence,
  decideClock,
  isRefuted,
  knownRules,
  ruleInForce,
  SURE,
} from './clock-decision.ts';
import { awaitsEvidence, evidenceIsDue, gathered } from './clock-evidence.ts';
import type { InferenceMemory } from './inference-memory.ts';
import { clockJob } from './plan/clock-job.ts';

export interface ClockState {
  readonly rule: string;
  readonly confidence: Confidence;
  /** What would settle it. */
  readonly settles: readonly string[];
  /** History waits for the first evidence. */
  readonly awaitsEvidence: boolean;
}

export interface SettledClock {
  readonly rule: ClockRule;
  readonly job: Extract<PlannedJob, { name: 'clock' }> | null;
  readonly state: ClockState;
  /** The rule that this plan replaced; null: none. */
  readonly replaced: string | null;
}

export interface AccountClockOptions {
  readonly reader: Pick<HistoryReader, 'clockRules' | 'clockEvidence'>;
  readonly writer: Pick<AppliedWriter, 'write'>;
  readonly clock: Clock;
  readonly log: Log;
}

export async function settleClock(
  o: AccountClockOptions & {
    readonly config: AccountConfig;
    readonly server: string;
    readonly listed: readonly string[];
    /** Configured symbols of the account's feed. */
    readonly configured: readonly string[];
    readonly recordedRule: string | null;
    /** Kept between plans. */
    readonly memory: InferenceMemory;
    readonly timezone: () => Promise<ServerTimezone>;
    readonly signal: AbortSignal;
  },
): Promise<SettledClock> {
  const { clock, config, reader, recordedRule, server, signal } = o;
  const options = { signal, waitMs: 10_000 };
  const [rules, rows] = await Promise.all([
    reader.clockRules(server, options),
    reader.clockEvidence(server, options),
  ]);
  const inForce = ruleInForce(rules);
  const wallUs = clock.nowUs();
  const decidedUs = rules.reduce((first, { ts_decided: us }) => Math.min(first, us), wallUs);
  const seen = gathered(rows, knownRules(rules), wallUs, decidedUs);
  const decision = await decideClock({
    account: config.name,
    clock: config.clock,
    evidence: seen?.evidence ?? null,
    recordedRule,
    infer: (evidence) => o.memory.infer(evidence),
    timezone: o.timezone,
    nowMs: clock.nowMs(),
  });
  const fresh = clockRuleRows({ account: config.name, server }, decision, inForce, wallUs);
  if (fresh.length > 0) await write(o, fresh, inForce, signal);
  const [row] = fresh;
  const configured = config.clock.rule !== 'auto';
  const inForceNow = configured ? decision.rule.id : (row?.rule_id ?? inForce?.rule_id ?? decision.rule.id);
  const rule = parseClockRule(inForceNow);
  const confidence = (
    configured ? 'configured' : ((row ?? inForce)?.confidence ?? 'provisional')
  ) as Confidence;
  const doubted =
    isRefuted(inForceNow, decision) ||
    (recordedRule !== null &&
      !config.clock.replayed &&
      parseClockRule(recordedRule).offsetAt(wallUs / 1000) !== rule.offsetAt(wallUs / 1000));
  const settled = confidence !== 'provisional' && decision.settles.length === 0;
  const sinceUs = seen?.sinceUs ?? wallUs;
  const readUs = seen?.readUs ?? null;
  const due = !configured && evidenceIsDue({ readUs, sinceUs, wallUs, settled, doubted });
  // A replayed gateway has the history of its old day. Its stated time says which day that is, exact enough for this.
  const stated = due && config.clock.replayed ? parseBrokerTime((await o.timezone()).serverTime) : null;
  const nowUs = stated === null ? wallUs : stated.ms * 1000;
  return {
    rule,
    job: due ? clockJob({ ...o, account: config.name, nowUs }) : null,
    state: {
      rule: rule.id,
      confidence,
      settles: configured ? [] : decision.settles,
      awaitsEvidence: !SURE.includes(confidence) && awaitsEvidence(seen, sinceUs, wallUs),
    },
    replaced: row === undefined || inForce?.rule_id === rule.id ? null : (inForce?.rule_id ?? null),
  };
}

async function write(
  { log, writer }: AccountClockOptions,
  rows: readonly TableRow<'clock_rules'>[],
  before: TableRow<'clock_rules'> | null,
  signal: AbortSignal,
): Promise<void> {
  await writer.write({ clock_rules: rows }, { signal });
  const [{ confidence, evidence, rule_id: rule, server }] = rows as [TableRow<'clock_rules'>];
  const news = { server, rule, confidence };
  if (before === null || before.rule_id === rule)
    return log.info(news, 'decided the clock rule of the server');
  log.warn(
    {
      code: 'CLOCK_RULE_CHANGED',
      ...news,
      before: before.rule_id,
      validFrom: rows.map((row) => `${new Date(row.ts / 1000).toISOString()} ${row.rule}`),
      evidence,
    },
    SURE.includes(confidence)
      ? 'the clock rule of this server has changed; run `fxtape clock apply` to correct rows written with the old one'
      : 'another clock rule is now more likely for this server; `fxtape clock` shows what would settle it',
  );
}
