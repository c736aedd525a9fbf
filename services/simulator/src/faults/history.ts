// Faults of the history routes: not ready, growing, capped, timed out, slow, busy, broken or blurred. In: routes, symbols and timeframes, how likely
// (`chance`, seeded), how often (`count`), how long (`ms`). Out: a refused or changed answer. Several faults at once add up.

import { z } from 'zod';
import { Random } from '../prices/random.ts';
import { type AnswerShape, HISTORY_PATHS, type HistoryAsk } from '../answers/answer-shape.ts';
import { failed, type RestAnswer, tooMany, terminalDown, timedOut } from '../answers/envelope.ts';
import { TIMEFRAMES, timeframeMs } from '../history/timeframe.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { defineFault, type FaultKind, ms } from './fault.ts';

const HOUR = 3_600_000;

const scope = {
  path: z.enum(HISTORY_PATHS).optional(),
  symbol: z.string().optional(),
  timeframe: z.enum(TIMEFRAMES).optional(),
  /** Probability for each matching request. */
  chance: z.number().min(0).max(1).default(1),
  /** Number of requests that it affects. */
  count: z.int().positive().optional(),
  ms,
};
type Scope = z.output<z.ZodObject<typeof scope>>;

/** Changes an answer; false when the request is not concerned, which then does not count. */
type Shaping = (ask: HistoryAsk, shape: AnswerShape) => boolean;

const FAILED_CALL: Readonly<Record<HistoryAsk['path'], string>> = {
  '/PriceHistory': 'CopyRates',
  '/QuoteTicks': 'CopyTicks',
  '/OrderHistory': 'HistorySelect',
  '/PositionHistory': 'HistorySelect',
};

const timeout = (path: string): RestAnswer => timedOut(`MarketInfo.${path.slice(1)}`);

const BAD_GATEWAY: RestAnswer = {
  status: 502,
  body: '<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>',
  contentType: 'text/html',
};

/** Numbers the faults of an account, so that each has its own random sequence. */
const applied = new WeakMap<Terminal, number>();

/** A fault on matching answers until it is released. `make` is called once per account. */
function shaping<P extends Record<string, z.ZodType>>(
  kind: string,
  parameters: P,
  make: (given: z.output<z.ZodObject<P>>, terminal: Terminal) => Shaping,
): FaultKind {
  return defineFault(kind, z.strictObject({ ...scope, ...parameters }), (terminal, input) => {
    const given = input as unknown as Scope & z.output<z.ZodObject<P>>;
    const { conditions } = terminal;
    const number = (applied.get(terminal) ?? 0) + 1;
    applied.set(terminal, number);
    const random = new Random(terminal.seed, `${kind}/${terminal.account.id}/${number}`);
    const shape = make(given, terminal);
    let left = given.count ?? Number.POSITIVE_INFINITY;
    const fault = {
      shape: (ask: HistoryAsk, answer: AnswerShape): void => {
        const fits =
          (given.path === undefined || given.path === ask.path) &&
          (given.symbol === undefined || given.symbol === ask.symbol) &&
          (given.timeframe === undefined || given.timeframe === ask.timeframe);
        if (!fits || left === 0 || (given.chance < 1 && random.next() >= given.chance)) return;
        if (shape(ask, answer)) left--;
      },
    };
    conditions.history = [...conditions.history, fault];
    return {
      applied: true,
      release: () => {
        conditions.history = conditions.history.filter((one) => one !== fault);
      },
    };
  });
}

const refuse = (shape: AnswerShape, answer: RestAnswer): true => {
  shape.refusal ??= answer;
  return true;
};

/** Counts requests per series, or per series and range. */
class Asks {
  readonly #counts = new Map<string, number>();

  /** How often this was requested before. */
  before({ path, symbol, timeframe, from, to }: HistoryAsk, each: 'series' | 'range'): number {
    const series = `${path} ${symbol ?? ''} ${timeframe ?? ''}`;
    const key = each === 'series' ? series : `${series} ${from} ${to}`;
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    return count;
  }
}

const each = z.enum(['series', 'range']).default('series');

/** `CopyRates failed`: with `asks` only for the first requests of each series or range. */
const notReady = shaping(
  'history_not_ready',
  { asks: z.int().positive().optional(), each },
  ({ asks, each: by }) => {
    const book = new Asks();
    return (ask, shape) => {
      if (asks !== undefined && book.before(ask, by) >= asks) return false;
      return refuse(shape, failed(FAILED_CALL[ask.path]));
    };
  },
);

/** The first `asks` answers of each series or range are incomplete, each time less so. */
const growing = shaping(
  'history_growing',
  { asks: z.int().positive().default(3), missing: z.enum(['oldest', 'newest']).default('oldest'), each },
  ({ asks, missing, each: by }) => {
    const book = new Asks();
    return (ask, shape) => {
      const before = book.before(ask, by);
      if (before >= asks) return false;
      const share = (before + 1) / (asks + 1);
      shape.cuts.push((count) => {
        const shown = Math.floor(count * share);
        return missing === 'oldest' ? { from: count - shown, to: count } : { from: 0, to: shown };
      });
      return true;
    };
  },
);

/** Silently cuts the newest or oldest rows beyond `rows`. */
const cap = shaping(
  'history_cap',
  { rows: z.int().positive(), cut: z.enum(['newest', 'oldest']).default('newest') },
  ({ rows, cut }) =>
    (_ask, shape) => {
      shape.cuts.push((count) => {
        if (count <= rows) return { from: 0, to: count };
        return cut === 'newest' ? { from: 0, to: rows } : { from: count - rows, to: count };
      });
      return true;
    },
);

/** 504 for a request that spans more than `hours` or `bars`, or has more than `rows` rows. */
const timeoutAbove = shaping(
  'history_timeout_above',
  {
    bars: z.number().positive().optional(),
    hours: z.number().positive().optional(),
    rows: z.int().positive().optional(),
    /** Delay of the 504. */
    afterMs: z.int().nonnegative().default(0),
  },
  ({ bars, hours, rows, afterMs }) =>
    (ask, shape) => {
      const spanMs = ask.to - ask.from;
      const inBars = ask.timeframe === null ? 0 : spanMs / timeframeMs(ask.timeframe);
      if (rows !== undefined) shape.mostRows = Math.min(shape.mostRows, rows);
      if (
        spanMs / HOUR <= (hours ?? Number.POSITIVE_INFINITY) &&
        inBars <= (bars ?? Number.POSITIVE_INFINITY)
      )
        return false;
      shape.delayMs += afterMs;
      return refuse(shape, timeout(ask.path));
    },
);

const slow = shaping(
  'history_slow',
  { requestMs: z.number().nonnegative().default(0), rowUs: z.number().nonnegative().default(0) },
  ({ requestMs, rowUs }) =>
    (_ask, shape) => {
      shape.delayMs += requestMs;
      shape.delayPerRowUs += rowUs;
      return true;
    },
);

/** 503 without an envelope, or 429; with `everyMs` only during the first `forMs` of each interval. */
const busy = shaping(
  'history_busy',
  {
    status: z.union([z.literal(503), z.literal(429)]).default(503),
    retryAfterS: z.int().nonnegative().optional(),
    everyMs: z.int().positive().optional(),
    forMs: z.int().positive().default(1000),
  },
  ({ status, retryAfterS, everyMs, forMs }, terminal) => {
    const since = terminal.monoMs();
    return (_ask, shape) => {
      if (everyMs !== undefined && (terminal.monoMs() - since) % everyMs >= forMs) return false;
      const headers = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) };
      return refuse(shape, { ...(status === 429 ? tooMany() : terminalDown), headers });
    };
  },
);

const html = shaping('history_html', {}, () => (_ask, shape) => refuse(shape, BAD_GATEWAY));

const reset = shaping('history_reset', {}, () => (_ask, shape) => {
  shape.breakOff = true;
  return true;
});

const only = (path: HistoryAsk['path'], change: (shape: AnswerShape) => void): Shaping => {
  return (ask, shape) => {
    if (ask.path !== path) return false;
    change(shape);
    return true;
  };
};

/** Ticks without milliseconds. */
const wholeSeconds = shaping('history_whole_seconds', {}, () =>
  only('/QuoteTicks', (shape) => {
    shape.wholeSeconds = true;
  }),
);

/** Each price is off by up to `amount`, the same row always by the same amount. */
const floatNoise = shaping(
  'history_float_noise',
  { amount: z.number().positive().default(1e-7) },
  ({ amount }) => {
    return (ask, shape) => {
      if (ask.symbol === null) return false;
      shape.noise += amount;
      return true;
    };
  },
);

/** Ticks without `last` and `volume`. */
const withoutLast = shaping('history_without_last', {}, () =>
  only('/QuoteTicks', (shape) => {
    shape.withoutLast = true;
  }),
);

/** Bars and ticks of the newest `minutes` are missing. */
const unsynced = shaping('history_unsynced', { minutes: z.number().positive() }, ({ minutes }) => {
  return (ask, shape) => {
    if (ask.symbol === null) return false;
    shape.hideNewestMs = Math.max(shape.hideNewestMs, minutes * 60_000);
    return true;
  };
});

/** `/QuoteTicks` lacks the ticks of a range that bars contain. */
const hole = shaping('history_hole', { from: z.iso.datetime(), to: z.iso.datetime() }, ({ from, to }) => {
  const range = { from: Date.parse(from), to: Date.parse(to) };
  return only('/QuoteTicks', (shape) => void shape.holes.push(range));
});

/** The broker no longer lists the symbol: routes and new subscriptions refuse it. */
const unlisted = defineFault(
  'symbol_unlisted',
  z.strictObject({ symbol: z.string(), ms }),
  ({ conditions }, { symbol }) => {
    conditions.unlisted.push(symbol);
    return {
      applied: true,
      release: () => void conditions.unlisted.splice(conditions.unlisted.indexOf(symbol), 1),
    };
  },
);

export const HISTORY_FAULTS: readonly FaultKind[] = [
  notReady,
  growing,
  cap,
  timeoutAbove,
  slow,
  busy,
  html,
  reset,
  wholeSeconds,
  floatNoise,
  withoutLast,
  unsynced,
  hole,
  unlisted,
];
