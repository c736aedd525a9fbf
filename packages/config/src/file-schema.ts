// The shape of fxtape.yaml as people write it: names, allowed values and what an editor shows about them. Rules that span several
// values are in `resolve.ts`. No value is changed here, so that the same schema can be published for editors.
import { parseClockRule } from '@fxtape/market';
import { TIMEFRAMES } from '@fxtape/market/tables';
import { z } from 'zod';
import { ACCOUNT_DATA } from './config.ts';
import { DURATION } from './duration.ts';

const duration = z
  .string('must be a duration such as 90s, 5m, 12h, 30d or 2w')
  .regex(DURATION, 'must be a duration such as 90s, 5m, 12h, 30d or 2w');

const depth = z
  .union([z.literal('all'), z.literal(false), duration], 'must be a duration such as 30d, or all, or false')
  .describe('How far back: a duration, all, or false');

const timeframe = z.enum(TIMEFRAMES, `must be one of ${TIMEFRAMES.join(', ')}`);
const timeframes = z
  .array(timeframe, 'must be a list such as [M1, D1]')
  .describe('Bars to record; [] records none');

const backfill = z
  .strictObject(
    {
      bars: z.partialRecord(timeframe, depth).optional(),
      ticks: depth.optional(),
      deals: depth.optional(),
    },
    'must be a mapping such as { ticks: 7d, deals: all }',
  )
  .describe('How far back history is fetched');

const name = z
  .string('must be a name such as icm-demo')
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'must start with a letter or digit and contain only letters, digits, ".", "_" and "-" (at most 63)',
  );

const CLOCK = 'must be auto, or a clock rule such as America/New_York+7h or UTC+3h';
const clockRule = z.string(CLOCK).refine((text) => text === 'auto' || isClockRule(text), CLOCK);

const key = z
  .string('must be the name of the environment variable that holds the key')
  .refine(
    (text) => !/^fxs_/i.test(text),
    'must be the name of the environment variable that holds the key, not the key itself; if this file was shared, replace that key',
  )
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable, such as FXSOCKET_API_KEY');

const glob = z.string('must be a text').min(1, 'must not be empty');

const marketData = z.strictObject(
  {
    feed: name.optional().describe('Name of the series of market data; default: the name of the account'),
    symbols: z
      .array(glob, 'must be a list such as [EURUSD, "XAU*"]')
      .min(1, 'must name at least one symbol, for example ["*"]')
      .describe('Symbols as the broker spells them; * and ? stand for any characters'),
  },
  'must be a mapping such as { symbols: [EURUSD] }, or false',
);

const account = z.strictObject(
  {
    name: name.describe('Names the folders, rows and log lines of this account; never change it'),
    id: z.guid('must be the UUID of the account on FxSocket').optional(),
    match: z
      .strictObject(
        { server: glob.optional(), nickname: glob.optional() },
        'must be a mapping such as { server: "ICM*" }',
      )
      .optional()
      .describe('Finds the account in the account list by globs, instead of by id'),
    discover: duration.optional().describe('How often match is evaluated again; default 5m'),
    key: key.optional().describe('Environment variable that holds the key; default FXSOCKET_API_KEY'),
    tls_verify: z
      .boolean('must be true or false')
      .optional()
      .describe('false accepts a self-signed certificate; default true'),
    allow_http: z
      .boolean('must be true or false')
      .optional()
      .describe(
        'true permits plain HTTP to other machines: anybody on the network can then read the key; default false',
      ),
    market_data: z
      .union([z.literal(false), marketData], 'must be a mapping such as { symbols: [EURUSD] }, or false')
      .describe('Ticks and bars to record, or false'),
    account_data: z
      .union(
        [z.literal(false), z.array(z.enum(ACCOUNT_DATA, `must be one of ${ACCOUNT_DATA.join(', ')}`))],
        `must be a list such as [${ACCOUNT_DATA.join(', ')}], or false`,
      )
      .optional()
      .describe('Which data of the account itself to record; default: all'),
    timeframes: timeframes.optional(),
    clock: z
      .union([
        z.literal('replayed'),
        clockRule,
        z.strictObject({
          rule: clockRule.optional(),
          replayed: z.boolean('must be true or false').optional(),
        }),
      ])
      .optional()
      .describe('auto, a clock rule, replayed, or { rule, replayed }; default auto'),
    backfill: backfill.optional(),
  },
  'must be a mapping with at least name, id and market_data',
);

export const fileSchema = z.strictObject(
  {
    defaults: z
      .strictObject({ timeframes: timeframes.optional(), backfill: backfill.optional() }, 'must be a mapping')
      .optional()
      .describe('Defaults for all accounts'),
    accounts: z.array(account, 'must be a list of accounts').min(1, 'must have at least one account'),
    retention: z
      .strictObject(
        { tape: duration.optional().describe('How long tape segments are kept; default 30d') },
        'must be a mapping',
      )
      .optional(),
  },
  'must be a mapping with accounts',
);

export type ConfigFile = z.infer<typeof fileSchema>;
export type AccountEntry = ConfigFile['accounts'][number];

function isClockRule(text: string): boolean {
  try {
    parseClockRule(text);
    return true;
  } catch {
    // The one thing it throws for is a text that is no rule; the schema says so in its own sentence.
    return false;
  }
}
