// The questions and answers of the HTTP API, as zod schemas. Queries are checked with them, answers are typed by them, and the
// OpenAPI document is generated from them, so that the three cannot differ.
import { STREAMS } from '@fxtape/market/tables';
import { z } from 'zod';
import { usOfIso } from './instant.ts';

/** ISO 8601 in UTC with microseconds, as `2026-11-23T08:00:00.000000Z`. */
const instant = z.string().describe('UTC, ISO 8601 with microseconds');

const bound = z
  .string()
  .refine((text) => usOfIso(text) !== null, 'must be a date or an ISO 8601 time from 1970 up to 2200')
  .describe('Date or ISO 8601 time; without a zone it is UTC');

const limit = z.coerce
  .number('must be a number')
  .int('must be a whole number')
  .min(1)
  .max(10_000)
  .default(1000);
const flag = z.enum(['true', 'false'], 'must be true or false');

export const gapsQuery = z.strictObject({
  open: flag.optional().describe('true: only gaps whose state is open'),
  account: z.string().min(1).optional(),
  symbol: z.string().min(1).optional().describe('Also finds gaps of all symbols'),
  stream: z.enum(STREAMS).optional(),
  from: bound.optional().describe('Only gaps that end after it'),
  to: bound.optional().describe('Only gaps that begin before it'),
  limit,
});
export type GapsQuery = z.output<typeof gapsQuery>;

export const outagesQuery = gapsQuery.pick({ open: true, account: true, from: true, to: true, limit: true });
export type OutagesQuery = z.output<typeof outagesQuery>;

export const gap = z.object({
  gap_id: z.string(),
  outage_id: z.string().nullable(),
  account: z.string(),
  feed: z.string().nullable(),
  symbol: z.string().nullable().describe('null: all symbols of the stream'),
  stream: z.string(),
  timeframe: z.string().nullable(),
  ts_from: instant,
  ts_to: instant.nullable().describe('null: not ended yet'),
  cause: z.string(),
  state: z.string(),
  rows_healed: z.number().nullable(),
  missing_estimate: z.number().nullable(),
  evidence: z.string().nullable(),
  ts_updated: instant,
});
export type Gap = z.infer<typeof gap>;

export const outage = z.object({
  outage_id: z.string(),
  accounts: z.array(z.string()),
  causes: z.array(z.string()),
  streams: z.array(z.string()),
  gaps: z.number().describe('How many gaps belong to it'),
  open: z.number().describe('How many of them are open'),
  ts_from: instant,
  ts_to: instant.nullable().describe('null: at least one of them has not ended'),
});
export type Outage = z.infer<typeof outage>;

export const gapsAnswer = z.object({
  gaps: z.array(gap),
  truncated: z.boolean().describe('More match than the limit'),
});
export const outagesAnswer = z.object({
  outages: z.array(outage),
  truncated: z.boolean().describe('More match than the limit'),
});

export const stream = z.object({
  account: z.string(),
  feed: z.string().nullable(),
  stream: z.string(),
  symbol: z.string().nullable(),
  timeframe: z.string().nullable(),
  phase: z.enum(['live', 'pending', 'failed', 'unlisted']),
  since: z.string().nullable(),
  ts_last_recv: instant.nullable(),
  frames: z.number(),
  open_gap: z.object({ cause: z.string(), ts_from: z.string().nullable() }).nullable(),
});

export const account = z.object({
  account: z.string(),
  feed: z.string().nullable(),
  phase: z.string().describe('Phase of the session, or what keeps it from starting'),
  reason: z.string().nullable(),
  since: z.string().nullable(),
  clock_rule: z.string().nullable(),
  clock_skew_ms: z
    .number()
    .nullable()
    .describe("The broker's clock minus the machine's, by the clock rule; null: unknown"),
  clock_skew_uncertainty_ms: z
    .number()
    .nullable()
    .describe('Uncertainty of the skew: it is within this much, either way; null: unknown'),
  lag_ms: z.number().nullable().describe('Age of the oldest line that is not in QuestDB yet; null: unknown'),
  tape_bytes: z.number().nullable(),
});

export const streamsQuery = z.strictObject({ account: z.string().min(1).optional() });
export const streamsAnswer = z.object({
  started_at: z.string(),
  accounts: z.array(account),
  streams: z.array(stream),
});
export type StreamsAnswer = z.infer<typeof streamsAnswer>;

export const accountClock = z.object({
  account: z.string(),
  server: z.string().nullable().describe('null: the account has not been reached yet'),
  rule: z.string().nullable().describe('null: no rule is decided'),
  confidence: z
    .string()
    .nullable()
    .describe('configured, inferred, recorded, provisional: the last two are not settled'),
  decided_at: z.string().nullable().describe('null: not recorded yet'),
  pieces: z.array(
    z.object({
      valid_from: z.string().nullable().describe('null: no earlier bound'),
      rule: z.string(),
    }),
  ),
  settles: z.array(z.string()).describe('What would settle it, in words; empty if it is settled'),
  evidence: z.unknown().describe('As recorded: an object, or a sentence'),
  decisions: z
    .array(z.object({ decided_at: z.string(), rule: z.string(), confidence: z.string() }))
    .describe('Newest first'),
});
export type AccountClock = z.infer<typeof accountClock>;
export type ClockPiece = AccountClock['pieces'][number];

export const clocksQuery = z.strictObject({ account: z.string().min(1).optional() });
export const clocksAnswer = z.object({ accounts: z.array(accountClock) });

export const jobsQuery = z.strictObject({ account: z.string().min(1).optional() });
export const jobsAnswer = z.object({
  plan_requests: z.number().describe('Plan requests that no scheduler has picked up'),
  accounts: z.array(
    z.object({
      account: z.string(),
      waiting: z.number(),
      active: z.number(),
      delayed: z.number().describe('Waiting for their next attempt, or for a time that they asked for'),
      failed: z.number().describe('Kept for inspection; planned again if still wanted'),
      oldest_waiting_ms: z.number().nullable().describe('null: none waits'),
      workers: z.number().describe('Worker processes that serve the account'),
      held_ms: z
        .number()
        .describe('How much longer no request is sent for the account; 0: requests are sent'),
      away: z
        .object({
          since: instant,
          until: instant.nullable().describe('null: it is away now, and the jobs wait'),
          line: z.string().describe('CODE: what happened'),
        })
        .nullable()
        .describe(
          'When the gateway did not serve the account, now or most recently within a week; null: never',
        ),
      budget: z
        .object({
          requests: z.number().describe('Concurrent gateway requests of all workers together'),
          at_most: z.number(),
          reason: z.string().describe('The reason for the present limit'),
        })
        .nullable()
        .describe('null: no worker has served it yet'),
      failures: z.array(
        z.object({
          id: z.string(),
          job: z.string(),
          line: z.string().describe('CODE: what happened'),
          at: instant,
          attempts: z.number(),
        }),
      ),
    }),
  ),
});
export type JobsAnswer = z.infer<typeof jobsAnswer>;

export const readiness = z.object({
  ready: z.boolean(),
  reasons: z.array(z.string()).optional().describe('On loopback, or with the token'),
  remarks: z.array(z.string()).optional(),
});
export const health = z.object({ status: z.literal('up') });
export const failure = z.object({ code: z.string(), message: z.string(), hint: z.string() });
