import { brokerMs, formatBrokerTime, parseClockRule } from '@fxtape/market';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SyncContext } from '../sync-context.ts';
import { tickPages, type WireTickRow } from './tick-pages.ts';

const START = Date.UTC(2026, 5, 10, 12);
const bounds = { from: '2026-06-10T12:00:00', to: '2026-06-10T13:00:00' };
const read = (text: string): number => Date.parse(`${text}Z`);

/** A gateway that gives the oldest `cap` ticks of what it is asked for. */
function gateway(ticks: readonly WireTickRow[], cap: number, o: { milliseconds?: boolean } = {}) {
  const asked: string[] = [];
  const rest = {
    quoteTicks: async ({ from, to }: { from: string; to: string }) => {
      if (o.milliseconds === false && from.length > 19) throw new Error('no such bound');
      asked.push(from);
      const inside = ticks.filter(
        ({ timeMsc }) => (timeMsc as number) >= read(from) && (timeMsc as number) <= read(to),
      );
      return { rows: inside.slice(0, cap), rejected: [] };
    },
  };
  const c = {
    account: { account: 'one', rest, rule: parseClockRule('UTC') },
    parts: { numbers: { truncated: () => {} } },
    ask: async (_question: unknown, work: (signal: AbortSignal) => unknown) =>
      work(new AbortController().signal),
  } as unknown as SyncContext;
  return { asked, run: () => tickPages(c, 'EURUSD', bounds, 'read') };
}

const tick = (ms: number, bid: number): WireTickRow => ({
  time: formatBrokerTime(brokerMs(ms)),
  timeMsc: ms,
  bid,
  ask: bid + 1,
});

describe('tickPages', () => {
  it('gives every tick once, in order, wherever answers are cut', async () => {
    const steps = fc.array(fc.oneof(fc.constant(0), fc.nat(3), fc.nat(2500)), { maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 5, max: 60 }), async (gaps, more) => {
        let ms = START;
        const ticks = gaps.map((step, i) => tick((ms += step), i));
        const perMs = Map.groupBy(ticks, ({ timeMsc }) => timeMsc);
        const cap = Math.max(...[...perMs.values()].map(({ length }) => length), 0) + more;
        const { rows } = await gateway(ticks, cap).run();
        expect(rows).toEqual(ticks);
      }),
    );
  });

  it('asks no more than once for what is complete and short', async () => {
    const { asked, run } = gateway([tick(START, 1), tick(START + 5, 2)], 100);
    expect((await run()).rows).toHaveLength(2);
    expect(asked).toEqual([bounds.from]);
  });

  it('says so when an answer holds fewer ticks than one millisecond', async () => {
    const ticks = Array.from({ length: 30 }, (_, i) => tick(START + 1000, i));
    await expect(gateway(ticks, 10).run()).rejects.toMatchObject({
      code: 'HISTORY_CUT_WITHIN_MOMENT',
      kind: 'terminal',
    });
  });
});
