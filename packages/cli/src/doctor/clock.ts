// Whether the clock rule fits the broker's clock today. In: the configured rule, the tape's, and the answer of `/ServerTimezone`. Out: a
// check. Today's offset can refute a rule but not prove it: rules that agree today may differ in another season.
import {
  clockOffset,
  ClockRuleError,
  defaultRule,
  parseBrokerTime,
  parseClockRule,
  utcMs,
} from '@fxtape/market';
import { spellDuration } from '../print/quantity.ts';
import { type Check, failed, ok, warning } from './check.ts';

export interface ClockFacts {
  readonly name: string;
  readonly configured: { readonly rule: string; readonly replayed: boolean };
  /** The rule in force on the tape; null when there is none yet. */
  readonly onTape: string | null;
  /** Broker's wall clock minus UTC, as the gateway says. */
  readonly statedS: number;
  readonly serverTime: string;
  readonly nowMs: number;
}

/** A clock that is off by more does not show the present. */
const PRESENT_MS = 20 * 60_000;

export function clockCheck(facts: ClockFacts): Check {
  const { configured, name, nowMs, onTape, statedS } = facts;
  const auto = configured.rule === 'auto';
  const chosen = auto ? (onTape ?? defaultRule(statedS, utcMs(nowMs)).id) : configured.rule;
  const origin = !auto ? 'configured' : onTape === null ? 'default for this offset' : 'in force on the tape';
  const offsetS = clockOffset(statedS);
  if (offsetS === null)
    return warning(
      name,
      [`the gateway reports an offset of ${statedS} s from UTC, which no time zone has`, `rule ${chosen}`],
      'Report it to whoever runs the gateway; while recording, fxtape compares its running clock with the rule',
    );
  const said = [`the broker's clock is ${spellOffset(offsetS)} today`, `rule ${chosen} (${origin})`];
  if (configured.replayed) {
    return ok(
      name,
      ...said,
      'the configuration says that the gateway replays another day: its clock is not compared with the present',
    );
  }
  const offNow = presentBy(facts, offsetS);
  if (offNow !== null) {
    const todo = 'If this gateway replays an old day, set `clock: replayed` in the configuration';
    return failed(
      name,
      [...said, `its time is ${spellDuration(Math.abs(offNow))} off`],
      todo,
      'CLOCK_CONFLICT',
    );
  }
  const ruleOffsetS = offsetOf(chosen, nowMs);
  if (ruleOffsetS === null)
    return failed(name, said, 'Write a rule such as America/New_York+7h', 'CLOCK_RULE_INVALID');
  if (ruleOffsetS !== offsetS) {
    const todo = auto
      ? 'Set `clock` in the configuration to the rule of this broker'
      : 'Correct `clock` in the configuration: rows that were held back then come from the tape';
    return failed(name, [...said, `which is ${spellOffset(ruleOffsetS)} today`], todo, 'CLOCK_CONFLICT');
  }
  if (chosen.startsWith('UTC') && auto) {
    const todo = 'Set `clock` in the configuration if this broker observes daylight saving';
    return warning(name, [...said, 'a fixed offset has no daylight saving'], todo);
  }
  return ok(name, ...said, 'they agree');
}

/** How far the gateway's time is from the present; null when it is close, or cannot be read. */
function presentBy({ nowMs, serverTime }: ClockFacts, offsetS: number): number | null {
  const stated = parseBrokerTime(serverTime);
  if (stated === null) return null;
  const offMs = stated.ms - offsetS * 1000 - nowMs;
  return Math.abs(offMs) < PRESENT_MS ? null : offMs;
}

function offsetOf(rule: string, nowMs: number): number | null {
  try {
    return parseClockRule(rule).offsetAt(nowMs);
  } catch (error) {
    if (error instanceof ClockRuleError) return null;
    throw error;
  }
}

function spellOffset(offsetS: number): string {
  const minutes = Math.abs(Math.round(offsetS / 60));
  const rest = minutes % 60 === 0 ? '' : `${minutes % 60}m`;
  return `UTC${offsetS < 0 ? '-' : '+'}${Math.floor(minutes / 60)}h${rest}`;
}
