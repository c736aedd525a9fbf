// What the collector tells about itself on `GET /state` of its health port: accounts, their sessions, and each stream. In: its JSON.
// Out: the checked form that the console, `fxtape status` and `fxtape doctor` read. Fields that are not known yet are tolerated.
import { z } from 'zod';

/** µs since 1970, UTC; null: never yet. */
const tsRecv = z.number().nullable();
const iso = z.string();

const streamState = z.object({
  stream: z.string(),
  symbol: z.string().nullable(),
  timeframe: z.string().nullable(),
  /** `unlisted`: the broker does not list the symbol. */
  phase: z.enum(['live', 'pending', 'failed', 'unlisted']),
  since: iso.nullable(),
  lastTsRecv: tsRecv,
  frames: z.number(),
  openGap: z.object({ cause: z.string(), tsFrom: iso.nullable() }).nullable(),
});

const accountState = z.object({
  account: z.string(),
  feed: z.string().nullable(),
  /** Its one state, a word of docs/account-states.md; `live` when all is well. */
  phase: z.string(),
  reason: z.string().nullable(),
  /** All of it is live, and its rows reach the database. */
  ready: z.boolean(),
  /** Frames reach the tape. */
  recording: z.boolean(),
  /** Why it is not ready, the heaviest first. */
  reasons: z.array(z.string()),
  /** What does not make it unready. */
  remarks: z.array(z.string()),
  since: iso.nullable(),
  conn: z.number().nullable(),
  clock: z
    .object({
      rule: z.string().nullable(),
      ruleId: z.string().nullable(),
      confirmed: z.boolean(),
      replayed: z.boolean(),
      /** The broker's clock minus the machine's; null: unknown. */
      skew: z
        .object({ ms: z.number(), uncertaintyMs: z.number(), sights: z.number() })
        .nullable()
        .default(null),
    })
    .nullable(),
  tape: z
    .object({
      appendedTsRecv: tsRecv,
      syncedTsRecv: tsRecv,
      segmentBytes: z.number(),
      /** Null: not measured yet. */
      totalBytes: z.number().nullable(),
    })
    .nullable(),
  sender: z
    .object({
      phase: z.string(),
      code: z.string().nullable(),
      message: z.string().nullable(),
      cursorTsRecv: tsRecv,
      answeredTsRecv: tsRecv,
      appliedTsRecv: tsRecv,
      lagMs: z.number().nullable(),
      backlogLines: z.number().nullable(),
    })
    .nullable(),
  streams: z.array(streamState),
  counters: z.record(z.string(), z.number()),
});

export const collectorState = z.object({
  service: z.literal('collector'),
  startedAt: iso,
  accounts: z.array(accountState),
});

export type CollectorState = z.infer<typeof collectorState>;
export type AccountState = CollectorState['accounts'][number];
export type StreamState = AccountState['streams'][number];
