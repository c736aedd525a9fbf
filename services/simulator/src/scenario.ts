// The scenario of a simulation, as one JSON document. In: a file or an object. Out: the checked scenario with every default filled in.

import { z } from 'zod';
import { FxtapeError } from '@fxtape/ops';

const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'not a UUID in lower case');
const symbolName = z.string().min(1).max(64);

/** The order of a price subscription's snapshot and the first live tick after it. */
export const snapshotOrder = z.enum([
  'plain', // the last tick at once
  'before_live_of_same', // waits for the next tick T, states T, then T itself
  'after_live_of_same', // T itself, then the snapshot states T
  'overtaken', // T itself, then the snapshot states the tick before T
  'rotate', // these four with both orders of the acknowledgement, one after the other
]);
export const ackOrder = z.enum(['before_snapshot', 'after_snapshot']);

export const DEMO_ACCOUNT_ID = '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f';

export const accountSchema = z.strictObject({
  id: uuid,
  nickname: z.string().default('demo'),
  platform: z.enum(['mt5', 'mt4']).default('mt5'),
  server: z.string().default('Simulated-Demo'),
  company: z.string().default('Simulated Markets Ltd'),
  holder: z.string().default('Demo Trader'),
  login: z.int().positive().default(5_150_001_125),
  leverage: z.int().positive().default(200),
  /** Netting: one position per symbol. Hedging: one per order; MT4 always hedges. */
  marginMode: z.enum(['Hedging', 'Netting']).default('Hedging'),
  /** The clock rule of the broker's server; for a broker that moved, also the earlier rules. */
  clockRule: z.string().default('America/New_York+7h'),
  /** `serverTime` stands still while all symbols are closed. */
  freezesWhileShut: z.boolean().default(false),
  /** A false answer of `/ServerTimezone`, seconds ahead of UTC; may be impossible. */
  statedOffsetS: z.int().min(-200_000).max(200_000).nullable().default(null),
  /** False digits in `/SymbolInfo`, which a feed must refuse when it knows better. */
  digits: z.record(symbolName, z.int().min(0).max(8)).default({}),
  /** The broker's suffix for symbols: with `.m` EURUSD is `EURUSD.m`. */
  suffix: z.string().max(16).default(''),
  /** An account whose random trades it repeats: with the same terms it makes the same deals at the same times. */
  tradesLike: uuid.nullable().default(null),
  /** The account row carries no rest_url and ws_url, as before provisioning. */
  emptyUrls: z.boolean().default(false),
  /** Answers of a bridge of early 2026: no `outcome`, `position`, `commissions`, `sessions`, heartbeat age or costs of a trade. */
  oldBridge: z.boolean().default(false),
});
export type AccountSpec = z.output<typeof accountSchema>;

const keySchema = z.strictObject({
  key: z.string().min(8),
  readOnly: z.boolean().default(false),
  /** Which accounts the key reaches. */
  accounts: z.union([z.literal('all'), z.array(uuid)]).default('all'),
});
export type KeySpec = z.output<typeof keySchema>;

const marketSource = z.strictObject({
  kind: z.literal('market'),
  /** All symbols together, per virtual second, whatever is open. */
  ticksPerSecond: z.number().nonnegative().default(50),
  /** Default: all 33. */
  symbols: z.array(symbolName).min(1).optional(),
  /** Virtual seconds per real second. */
  speed: z.number().positive().default(1),
  /** Default: now. */
  startUtc: z.iso.datetime().optional(),
});

const fileSource = z
  .strictObject({
    kind: z.literal('file'),
    /** Formats: tick-file.ts. */
    path: z.string().min(1),
    symbol: symbolName,
    speed: z.union([z.number().positive(), z.literal('max')]).default(1),
    /** File that stores the progress, so that another start continues; default: each start begins at the first row. */
    kept: z.string().min(1).optional(),
  })
  .refine(({ kept, speed }) => kept === undefined || speed !== 'max', {
    path: ['kept'],
    message: 'the progress of a file that is played at full speed cannot be kept',
  });

const shape = z.strictObject({
  seed: z.int().default(1),
  /** A gateway that misbehaves as real ones do (life.ts); null: a faultless one. `drops`: it also drops ticks. */
  life: z
    .strictObject({ seed: z.int(), drops: z.boolean().default(true) })
    .nullable()
    .default(null),
  accounts: z
    .array(accountSchema)
    .min(1)
    .default([accountSchema.parse({ id: DEMO_ACCOUNT_ID })]),
  keys: z
    .array(keySchema)
    .min(1)
    .default([
      { key: 'fxs_live_demo', readOnly: false, accounts: 'all' },
      { key: 'fxs_ro_demo', readOnly: true, accounts: 'all' },
    ]),
  source: z
    .discriminatedUnion('kind', [marketSource, fileSource])
    .default({ kind: 'market', ticksPerSecond: 50, speed: 1 }),
  /** `full` keeps a line per tick (31 bytes in memory), `counts` only the sums. */
  ledger: z.enum(['full', 'counts']).default('full'),
  /** Frames that may wait for one socket; null never drops (then the market waits for the socket). */
  queueFrames: z.int().positive().nullable().default(10_000),
  heartbeatMs: z.int().min(10).default(1000),
  snapshotOrder: snapshotOrder.default('plain'),
  ackOrder: ackOrder.default('before_snapshot'),
  /** How long a snapshot waits for the live tick that its order needs. */
  snapshotWaitMs: z.int().positive().default(1000),
  /** Christmas, New Year and early closes; without them every week is an ordinary one. */
  holidays: z.boolean().default(false),
  history: z
    .strictObject({
      /** Days of made-up history before the start; 0 for none at all. */
      days: z.int().nonnegative().default(1826),
      /** More bars than this in one answer time out with 504. */
      timeoutBars: z.int().positive().default(100_000),
      /** What each account traded before the start. */
      trader: z
        .strictObject({
          /** Deals per day of trading and account; 0 for no past and no deposit. */
          dealsPerDay: z.number().nonnegative().default(0),
          /** Days before the start, within those of the history. */
          days: z.int().positive().default(365),
        })
        .prefault({}),
      /** The route `/QuoteTicks`: not there, with bounds of any kind, or with plain dates only, read in one of three ways. */
      quoteTicks: z.enum(['off', 'full', 'dates_only', 'dates_apart', 'dates_exclusive']).default('off'),
      /** Most ticks in one answer of `/QuoteTicks`, the oldest; null for all. */
      tickCap: z.int().positive().nullable().default(null),
    })
    .prefault({}),
  /** What `POST /v1/accounts` accepts. */
  linking: z
    .strictObject({
      /** Real milliseconds until a terminal is connected, after linking and after a change of its trade EA. */
      connectMs: z.int().positive().default(2000),
      /** The password of every account; another one is `invalid_credentials`. */
      password: z.string().min(1).default('demo'),
      /** Brokers' servers that exist; default: those of the accounts. */
      servers: z.array(z.string().min(1)).optional(),
      /** Proxies that can be reached, `host:port`. */
      proxies: z.array(z.string().min(1)).default([]),
      /** Most accounts; null for any number. */
      cap: z.int().positive().nullable().default(null),
    })
    .prefault({}),
  trader: z
    .strictObject({
      /** Deals per virtual hour and account; 0 never trades. */
      dealsPerHour: z.number().nonnegative().default(0),
      startBalance: z.number().positive().default(100_000),
      /** A string, because tickets may exceed what a number holds. */
      firstTicket: z.string().regex(/^\d+$/).default('5000000001'),
    })
    .default({ dealsPerHour: 0, startBalance: 100_000, firstTicket: '5000000001' }),
});

/** Tickets and deals of the past count down from `firstTicket`. */
const ticketsLeft = ({ history, trader }: z.output<typeof shape>): boolean =>
  !/^\d+$/.test(trader.firstTicket) ||
  BigInt(trader.firstTicket) > BigInt(Math.ceil(history.trader.dealsPerDay * history.trader.days * 4));

export const scenarioSchema = shape.refine(ticketsLeft, {
  path: ['trader', 'firstTicket'],
  message: 'too low for the deals of history.trader, whose tickets lie below it',
});

export type Scenario = z.output<typeof scenarioSchema>;
export type ScenarioInput = z.input<typeof scenarioSchema>;

/** Fills in the defaults. Throws SCENARIO_INVALID with a sentence per problem. */
export function parseScenario(input: unknown): Scenario {
  const parsed = scenarioSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'scenario'}: ${issue.message}`,
  );
  throw new FxtapeError({
    code: 'SCENARIO_INVALID',
    message: `the scenario is not valid: ${problems.join('; ')}`,
    context: { problems },
  });
}

/** The demonstration: all symbols from now on, accounts at three brokers, an active random trader, no growing ledger. */
export const DEMO_SCENARIO: ScenarioInput = {
  accounts: [
    { id: DEMO_ACCOUNT_ID },
    {
      id: '2b7e1516-28ae-4d2a-96ab-f7158809cf4f',
      nickname: 'four',
      platform: 'mt4',
      server: 'Simulated-Four',
      login: 70_112,
      clockRule: 'UTC+2h',
      suffix: 'm',
    },
    {
      id: '6bc1bee2-2e40-4f96-8e7e-117393172a2f',
      nickname: 'netting',
      server: 'Simulated-Netting',
      login: 880_451,
      clockRule: 'UTC',
      suffix: '.x',
      marginMode: 'Netting',
    },
  ],
  source: { kind: 'market', ticksPerSecond: 50 },
  ledger: 'counts',
  trader: { dealsPerHour: 120 },
};

/**
 * A first ticket above those of earlier starts, as long as an account trades less than once a second: the demonstration forgets its trades when it
 * stops, and a broker never reuses a number.
 */
export const freshTicket = (startUtcMs: number): string =>
  String(5_000_000_001 + Math.max(0, Math.floor((startUtcMs - Date.UTC(2026, 0, 1)) / 1000)));
