// Errors of broker clock rules: a rule that cannot be read, or that the broker's clock contradicts.
import { state, terminal, warning } from './entry.ts';

export const clockRulesErrors = {
  CLOCK_CONFLICT: state(
    "the broker's running clock contradicts the clock rule; a single tick never does. Rows after the last heartbeat that agreed wait on the tape",
    "If the rule was not given, wait: fxtape takes another rule as soon as one fits, and sets the stretch aside when the clock agrees again for a minute. If you set `clock` in the configuration, correct it; the rows then come from the tape. If this machine's clock is wrong, set it: earlier lines are judged by corrected receive times",
  ),
  CLOCK_UNCONFIRMED: state(
    'no running clock has been compared with the rule yet; or a replayed gateway has no rule, neither configured nor inferred',
    'Wait: two heartbeats confirm the rule. Without heartbeats (a shut market), fxtape takes after ten seconds a rule that fits the offset stated by the gateway, if a clock can have that offset. For a replayed gateway run scheduler and backfill, or set `clock`',
  ),
  CLOCK_SET_ASIDE: warning(
    'the clock contradicted its rule for a while and agrees again, or the account was taken out of the configuration while its rows waited for the clock: these lines have no known time. They are in `rejected`, and inside a gap of every stream',
    "Nothing to do; the gap has the bounds. Check whether the broker's clock or this machine's clock was set",
  ),
  CLOCK_RULE_CHANGED: warning(
    "fxtape found another clock rule for a broker's server: the broker changed it, or the first rule was wrong",
    'See `fxtape clock` for the evidence; correct earlier rows with `fxtape clock apply`. To keep a rule, set `clock` in the configuration',
  ),
  CLOCK_RULE_INVALID: terminal(
    'a clock rule cannot be parsed',
    'Write it like `America/New_York+7h`, `UTC+3h`, or for a broker that moved `Europe/Athens until 2025-06-21T12:00Z then America/New_York+7h`',
  ),
  CLOCK_RULES_DISAGREE: terminal(
    'the configuration gives accounts of one server different clock rules',
    'Give all accounts of one server the same rule: a server has one clock',
  ),
};
