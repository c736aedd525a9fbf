// Which handler runs which job. Every kind of job that this service runs is listed here, and nowhere else.
import type { JobHandlers, Payload, Why } from '@fxtape/jobs';
import type { Range } from '@fxtape/market';
import { audit } from './sync/audit.ts';
import { asJob, doneOf, type Refusal } from './sync/as-job.ts';
import type { HealTiming } from './heal/heal-context.ts';
import { healHandlers } from './heal/handlers.ts';
import { gatherClockEvidence } from './fetch/clock-evidence.ts';
import type { BackfillParts } from './context/parts.ts';
import { reconcile } from './sync/reconcile.ts';
import { decideSessions } from './fetch/sessions.ts';
import { syncBars } from './sync/sync-bars.ts';
import { syncDeals } from './sync/sync-deals.ts';
import { syncPositions } from './sync/sync-positions.ts';
import { syncSymbolSpec } from './store/symbol-specs.ts';

const rangeOf = ({ fromUs, toUs }: Range): Range => ({ fromUs, toUs });

const ofAccount =
  (stream: 'deals' | 'positions') =>
  (payload: Payload<'deals' | 'positions'>): Refusal => ({
    key: { account: payload.account, feed: null, symbol: null, stream, timeframe: null },
    range: rangeOf(payload),
  });

/** Re-reads, and requests by a person, check again where history begins. */
const isAgain = ({ why }: { why: Why }): boolean => why === 'reread' || why === 'request';

const ofBars = (payload: Payload<'bars'>): Refusal => {
  const { account, feed, symbol, timeframe } = payload;
  return { key: { account, feed, symbol, stream: 'bars', timeframe }, range: rangeOf(payload) };
};

export const backfillHandlers = (parts: BackfillParts, o: { heal?: HealTiming } = {}): JobHandlers => ({
  ...healHandlers(parts, o.heal),
  bars: asJob(parts, {
    refusal: ofBars,
    run: async (c, { payload }) => {
      const { symbol, timeframe } = payload;
      return doneOf(
        await syncBars(c, { symbol, timeframe, range: rangeOf(payload), again: isAgain(payload) }),
      );
    },
  }),
  deals: asJob(parts, {
    refusal: ofAccount('deals'),
    run: async (c, { payload }) =>
      doneOf(await syncDeals(c, { range: rangeOf(payload), again: isAgain(payload) })),
  }),
  positions: asJob(parts, {
    refusal: ofAccount('positions'),
    run: async (c, { payload }) =>
      doneOf(await syncPositions(c, { range: rangeOf(payload), again: isAgain(payload) })),
  }),
  reconcile: asJob(parts, {
    refusal: () => null,
    run: async (c, { payload }) => doneOf(await reconcile(c, payload)),
  }),
  audit: asJob(parts, {
    refusal: () => null,
    run: (c, { payload }, checkpoint) => audit(c, payload, checkpoint),
  }),
  clock: asJob(parts, { refusal: () => null, run: gatherClockEvidence }),
  symbol_specs: asJob(parts, {
    refusal: () => null,
    run: async (c, { payload }) => {
      const specs = await syncSymbolSpec(c, payload);
      const untilUs = await c.account.nowUs(c.signal);
      const sessions = await decideSessions(c, payload, { untilUs, week: true });
      return { rows: specs + sessions, requests: c.requests() };
    },
  }),
});
