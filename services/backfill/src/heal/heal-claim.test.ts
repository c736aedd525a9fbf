import type { TableRow } from '@fxtape/questdb';
import { beforeEach, describe, expect, it } from 'vitest';
import { Stamps } from '../stamps.ts';
import { claimHealing, type HealClaim } from './heal-claim.ts';
import type { HealContext } from './heal-context.ts';
import type { OpenGap } from './open-gap.ts';

const gap: OpenGap = {
  id: 'g',
  outageId: 'o',
  account: 'one',
  feed: 'icm',
  symbol: 'EURUSD',
  stream: 'ticks',
  timeframe: null,
  cause: 'disconnect',
  evidence: 'closed with 1006',
  updatedUs: 1000,
  fromUs: 100,
  toUs: 200,
};
const MINUTE_US = 60_000_000;

let nowUs: number;
let events: TableRow<'gap_events'>[];
/** Runs before the first write of whoever claims next. */
let meanwhile: () => Promise<unknown>;
beforeEach(() => {
  nowUs = 10_000_000_000;
  events = [];
  meanwhile = () => Promise.resolve();
});

function worker(): HealContext {
  const clock = { nowUs: () => nowUs++ };
  return {
    signal: new AbortController().signal,
    parts: {
      clock,
      stamps: new Stamps(clock),
      reader: { gapEvents: async () => events.toSorted((a, b) => a.ts - b.ts) },
      writer: {
        write: async (rows: { gap_events: TableRow<'gap_events'>[] }) => {
          const first = meanwhile;
          meanwhile = () => Promise.resolve();
          await first();
          events.push(...rows.gap_events);
          return { condemned: [] };
        },
      },
    },
  } as unknown as HealContext;
}
const history = (digest: string, answeredUs: number) => ({ digest, answeredUs });

describe('claimHealing', () => {
  it('gives the time of the answer, and leaves the intent as an event of the open gap', async () => {
    expect(await claimHealing(worker(), gap, history('a', 77))).toEqual({ baseUs: 77 });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ gap_id: 'g', state: 'open', ts_from: 100, ts_to: 200 });
    expect(JSON.parse(events[0]?.evidence ?? '')).toMatchObject({ opened: 'closed with 1006', ts_recv: 77 });
  });

  it('gives the same base for the same history, at once and for ever', async () => {
    await claimHealing(worker(), gap, history('a', 77));
    expect(await claimHealing(worker(), gap, history('a', 99))).toEqual({ baseUs: 77 });
    nowUs += 600 * MINUTE_US;
    expect(await claimHealing(worker(), gap, history('a', 111))).toEqual({ baseUs: 77 });
  });

  it('waits until whoever means another history cannot be at work any more', async () => {
    await claimHealing(worker(), gap, history('a', 77));
    expect(await claimHealing(worker(), gap, history('b', 99))).toMatchObject({ baseUs: null });
    nowUs += 8 * MINUTE_US;
    expect(await claimHealing(worker(), gap, history('b', 99))).toEqual({ baseUs: 99 });
  });

  it.each(['a', 'b'])(
    'of two at the same moment lets the one go on that wrote first (%s)',
    async (digest) => {
      let other: HealClaim | null = null;
      meanwhile = async () => {
        other = await claimHealing(worker(), gap, history('a', 99));
      };
      const mine = await claimHealing(worker(), gap, history(digest, 77));
      expect(other).toEqual({ baseUs: 99 });
      expect(mine).toMatchObject({ baseUs: null });
      nowUs += Math.ceil((mine as { againMs: number }).againMs * 1000) + 1;
      expect(await claimHealing(worker(), gap, history(digest, 123))).toMatchObject({ baseUs: 77 });
    },
  );
});
