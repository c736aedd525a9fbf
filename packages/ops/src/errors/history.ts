// Errors of planning and fetching history.
import { terminal, transient } from './entry.ts';

export const historyErrors = {
  SERVER_TIME_UNREADABLE: transient(
    "a replayed gateway's `serverTime` is not a broker time, so the end of its history is unknown",
    'Nothing to do: fxtape asks again. If it persists, the bridge of this account is broken',
  ),
  SYMBOL_UNKNOWN: terminal(
    'a command names a symbol that is neither configured nor recorded',
    '`fxtape config show` and `fxtape status` list the names',
  ),
  ACCOUNT_UNKNOWN: terminal(
    "a command names an account that is neither configured nor recorded; or a job or planning request names one that is not in the process's configuration",
    'Use a name that `fxtape config show` lists. For a job: nothing to do if you removed the account; otherwise give every scheduler and backfill process the same configuration',
  ),
  ACCOUNT_NOT_SEEN: transient(
    'the table `accounts` has no row for the account yet',
    'Nothing to do: the scheduler writes it as soon as it reaches the account',
  ),
  CLOCK_UNKNOWN: transient(
    "nothing is known yet about the clock of the broker's server, or a replayed gateway does not state its time",
    'Nothing to do: fxtape gathers evidence and the scheduler decides. If you know the rule, set `clock` in the configuration',
  ),
  FEED_UNKNOWN: terminal(
    'a job asks for bars of an account that records no market data',
    'Set `market_data` of the account in the configuration; nothing to do if you removed it',
  ),
  SYMBOL_NOT_LISTED: terminal(
    'the broker does not list the symbol',
    'Correct `symbols` in the configuration: spell them as the broker does',
  ),
  HISTORY_NOT_READY: transient(
    'the terminal has not loaded this history yet (`CopyRates failed`), or it lists a symbol but has no bar of it at all',
    'Nothing to do: fxtape asks again. If it persists, open the symbol in the terminal once, or check the account on FxSocket; the range is a gap with cause `refused`',
  ),
  HISTORY_TOO_SLOW: transient(
    "even the shortest range runs into the terminal's time-out",
    'Nothing to do: fxtape asks again. If it persists, the terminal is overloaded or has lost its broker connection',
  ),
  HISTORY_CONTRADICTS: transient(
    'two answers for the same range contradict each other',
    'Nothing to do: fxtape asks again; the terminal was probably still loading its history',
  ),
  HISTORY_CUT_WITHIN_MOMENT: terminal(
    'the gateway limits the rows in an answer, and more rows than that share one moment',
    'The gateway cannot show all of them; the range stays a gap. Ask FxSocket for a higher limit',
  ),
  ACCOUNT_AWAY: transient(
    'the gateway does not serve this account: it is down, refuses the key, wants payment, or asks to wait; the message says which',
    'Nothing to do: its jobs wait without using up attempts, and resume when the gateway is back; `fxtape status` shows since when. For 401, 402 and 403 renew the key or pay the bill',
  ),
  TERMINAL_OFFLINE: transient(
    'the terminal answers but is not connected to its broker; shown as the reason of `ACCOUNT_AWAY`',
    'Nothing to do: the jobs of the account wait until it is; if this lasts, check the account on FxSocket',
  ),
  DEAL_NOT_YET: transient(
    'a deal was streamed, or closed a position, but the history does not show it yet',
    'Nothing to do: the history is read again within seconds, and a gap names every trade that is still missing then',
  ),
};
