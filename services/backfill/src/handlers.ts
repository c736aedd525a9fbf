// Which handler runs which job: every kind of job that this service runs, and no other. In: what all jobs share. Out: the handlers.
import type { JobHandlers, Payload, Why } from '@fxtape/jobs';
import type { Range } from '@fxtape/market';
import type { BackfillParts } from './context/parts.ts';
import type { SyncContext } from './context/sync-context.ts';
import { gatherClockEvidence } from './fetch/clock-evidence.ts';
import { decideSessions } from './fetch/sessions.ts';
import { dailyQuality } from './heal/daily-quality.ts';
import { HEAL_TIMING, type HealContext, type HealTiming } from './heal/heal-context.ts';
import { healJob, healTogether } from './heal/heal-job.ts';
import { QuoteTicksAccess } from './heal/quote-ticks-access.ts';
import { TickAnswers } from './heal/tick-answers.ts';
import { tickHistory } from './heal/tick-history.ts';
import { syncSymbolSpec } from './store/symbol-specs.ts';
import { asJob, doneOf, type Refusal } from './sync/as-job.ts';
import { audit } from './sync/audit.ts';
import { reconcile } from './sync/reconcile.ts';
import { syncBars } from './sync/sync-bars.ts';
import { syncTrades } from './sync/sync-trades.ts';

const rangeOf = ({ fromUs, toUs }: Range): Range => ({ fromUs, toUs });

/** Re-reads, and requests by a person, check again where history begins. */
const isAgain = ({ why }: { why: Why }): boolean => why === 'reread' || why === 'request';

const ofBars = (payload: Payload<'bars'>): Refusal => {
  const { account, feed, symbol, timeframe } = payload;
  return { key: { account, feed, symbol, stream: 'bars', timeframe }, range: rangeOf(payload) };
};

export function backfillHandlers(parts: BackfillParts, o: { heal?: HealTiming } = {}): JobHandlers {
  const heal = {
    access: new QuoteTicksAccess(parts.clock),
    answers: new TickAnswers(parts.clock),
    timing: o.heal ?? HEAL_TIMING,
  };
  const healing = (c: SyncContext): HealContext => ({ ...c, heal });
  const matched = new Set<string>();
  const noRefusal = (): Refusal => null;
  const trades = (stream: 'deals' | 'positions') =>
    asJob<Payload<'deals' | 'positions'>>(parts, {
      refusal: (payload) => ({
        key: { account: payload.account, feed: null, symbol: null, stream, timeframe: null },
        range: rangeOf(payload),
      }),
      run: async (c, { payload }) =>
        doneOf(await syncTrades(c, stream, { range: rangeOf(payload), again: isAgain(payload) })),
    });
  return {
    bars: asJob(parts, {
      refusal: ofBars,
      run: async (c, { payload }) => {
        const { symbol, timeframe } = payload;
        const range = rangeOf(payload);
        return doneOf(await syncBars(c, { symbol, timeframe, range, again: isAgain(payload) }));
      },
    }),
    deals: trades('deals'),
    positions: trades('positions'),
    reconcile: asJob(parts, {
      refusal: noRefusal,
      run: async (c, { payload }) => doneOf(await reconcile(c, payload)),
    }),
    heal: asJob(parts, {
      refusal: noRefusal,
      run: (c, { payload }, checkpoint) => healJob(healing(c), payload, checkpoint),
    }),
    ticks: asJob(parts, {
      refusal: noRefusal,
      run: (c, { payload }, checkpoint) =>
        payload.gapIds.length > 0
          ? healTogether(healing(c), payload, checkpoint)
          : tickHistory(healing(c), payload, checkpoint, matched),
    }),
    daily_quality: asJob(parts, {
      refusal: noRefusal,
      run: (c, { payload }) => dailyQuality(healing(c), payload),
    }),
    audit: asJob(parts, {
      refusal: noRefusal,
      run: (c, { payload }, checkpoint) => audit(c, payload, checkpoint),
    }),
    clock: asJob(parts, { refusal: noRefusal, run: gatherClockEvidence }),
    symbol_specs: asJob(parts, {
      refusal: noRefusal,
      run: async (c, { payload }) => {
        const specs = await syncSymbolSpec(c, payload);
        const untilUs = await c.account.nowUs(c.signal);
        const sessions = await decideSessions(c, payload, { untilUs, week: true });
        return { rows: specs + sessions, requests: c.requests() };
      },
    }),
  };
}
