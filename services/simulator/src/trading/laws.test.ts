// Whatever is asked and whatever the market does, the account adds up: after each of a thousand random orders and moves.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Mode, MODES, SYMBOLS, TradingRig } from '../../testing/trading-rig.ts';
import type { SendRequest } from './order-desk.ts';
import { PENDING_TYPES } from './records.ts';
import { isSuccess } from './retcode.ts';

/** Little enough to run out of margin. */
const START_BALANCE = 10_000;

const symbol = fc.constantFrom(...SYMBOLS);
const lots = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 60 }).map((hundredths) => hundredths / 100) },
  { weight: 1, arbitrary: fc.constantFrom(0.005, 0, 3, 501) },
);
/** Points from the market. */
const away = fc.integer({ min: -400, max: 400 });
const level = fc.option(away, { nil: undefined, freq: 2 });
const which = fc.nat(1_000);

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('tick' as const), symbol, move: away }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 2_000 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      symbol,
      type: fc.constantFrom('Buy', 'Sell', 'Buy', 'Sell', ...PENDING_TYPES),
      lots,
      price: away,
      limit: away,
      stopLoss: level,
      takeProfit: level,
      expires: fc.option(fc.integer({ min: -10, max: 3_000 }), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('modify' as const),
      which,
      stopLoss: level,
      takeProfit: level,
      price: level,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('close' as const),
      which,
      lots: fc.oneof(fc.constant(0), lots),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('closeAll' as const), symbol, deletePending: fc.boolean() }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Walk {
  readonly rig: TradingRig;
  readonly #bids = new Map<string, number>();
  readonly seen = new Map<string, number>();

  constructor(mode: Mode) {
    this.rig = new TradingRig(mode, { leverage: 30, startBalance: START_BALANCE });
    this.rig.account.desk();
    for (const [i, name] of SYMBOLS.entries()) this.#bids.set(name, this.rig.book.quotes.bid[i] as number);
  }

  do(one: Step): void {
    const { rig } = this;
    const { book } = rig;
    rig.utcMs += 250;
    const { version } = book;
    if (one.kind === 'tick') {
      const bid = Math.max(1_000, this.#bid(one.symbol) + one.move);
      this.#bids.set(one.symbol, bid);
      rig.tick(one.symbol, bid);
      return;
    }
    if (one.kind === 'wait') return rig.pass(one.minutes * 60_000);
    rig.account.time(rig.utcMs);
    const settled = book.version;
    expect(settled).toBeGreaterThanOrEqual(version);
    const retcode = this.#ask(one);
    this.seen.set(`${one.kind} ${retcode}`, (this.seen.get(`${one.kind} ${retcode}`) ?? 0) + 1);
    // What is refused has changed nothing.
    if (retcode !== null && !isSuccess(retcode as 10009)) expect(book.version).toBe(settled);
  }

  #ask(one: Exclude<Step, { kind: 'tick' | 'wait' }>): number | null {
    const { rig } = this;
    const { book } = rig;
    if (one.kind === 'send') {
      const price = (points: number | undefined): number | undefined =>
        points === undefined ? undefined : this.#price(one.symbol, this.#bid(one.symbol) + points);
      const more: Partial<SendRequest> = {
        price: price(one.price),
        stopLimitPrice: price(one.limit),
        stopLoss: price(one.stopLoss),
        takeProfit: price(one.takeProfit),
        expiresUtcMs: one.expires === undefined ? null : rig.utcMs + one.expires * 60_000,
      };
      return rig.send(one.symbol, one.type, one.lots, more).retcode;
    }
    if (one.kind === 'closeAll') {
      const filter = { symbol: SYMBOLS.indexOf(one.symbol), deletePending: one.deletePending };
      const tried = rig.account.desk().closeAll(filter, rig.utcMs);
      expect(tried.every(({ retcode }) => isSuccess(retcode))).toBe(true);
      return tried.length === 0 ? null : 10_009;
    }
    const all = [...book.positions, ...book.pendings, ...book.closed.slice(-2)];
    const target = all[one.which % Math.max(1, all.length)];
    if (target === undefined) return rig.close(987_654n)?.retcode ?? null;
    if (one.kind === 'close') return rig.close(target.ticket, one.lots)?.retcode ?? null;
    const name = SYMBOLS[target.symbol] as string;
    const price = (points: number | undefined): number | undefined =>
      points === undefined ? undefined : this.#price(name, this.#bid(name) + points);
    const { stopLoss, takeProfit } = one;
    return (
      rig.modify(target.ticket, {
        stopLoss: price(stopLoss),
        takeProfit: price(takeProfit),
        price: price(one.price),
      })?.retcode ?? null
    );
  }

  #bid(name: string): number {
    return this.#bids.get(name) as number;
  }

  #price(name: string, points: number): number {
    const { digits } = this.rig.book.spec(SYMBOLS.indexOf(name));
    return Number((points / 10 ** digits).toFixed(digits));
  }
}

const inCents = (amount: number): number => Math.round(amount * 100);
const inSteps = (volume: number): number => Math.round(volume * 100);
const total = (amounts: readonly number[]): number => amounts.reduce((sum, one) => sum + one, 0);
const money = ({ profit, swap, commission }: { profit: number; swap: number; commission: number }): number =>
  inCents(profit) + inCents(swap) + inCents(commission);

/** Everything that has to hold at any moment. */
function adds({ book }: TradingRig): void {
  const { deals, positions, closed, balance } = book;
  expect(inCents(balance)).toBe(inCents(START_BALANCE) + total(deals.map(money)));

  const signed = (side: string, volume: number): number => (side === 'Buy' ? 1 : -1) * inSteps(volume);
  const keyOf = (one: { symbol: number }, id: bigint): string =>
    book.platform === 'mt4' ? `symbol ${one.symbol}` : `position ${id}`;
  const traded = new Map<string, number>();
  for (const deal of deals) {
    const key = keyOf(deal, deal.position);
    traded.set(key, (traded.get(key) ?? 0) + signed(deal.type, deal.volume));
  }
  for (const position of positions) {
    expect(inSteps(position.lots)).toBeGreaterThan(0);
    const key = keyOf(position, position.ticket);
    traded.set(key, (traded.get(key) ?? 0) - signed(position.side, position.lots));
  }
  expect([...traded].filter(([, rest]) => rest !== 0)).toEqual([]);

  // Round trips and what is left of open ones hold the same money as the deals.
  expect(total(closed.map(money)) + total(positions.map(({ trip }) => money(trip)))).toBe(
    total(deals.map(money)),
  );
  if (book.netting) expect(new Set(positions.map(({ symbol: of }) => of)).size).toBe(positions.length);
  for (const [i] of SYMBOLS.entries()) {
    const held = [...positions, ...book.pendings].filter(({ symbol: of }) => of === i).length;
    expect(book.watched[i]).toBe(held);
  }

  const { equity, profit, margin, freeMargin } = book.figures();
  const floating = total(positions.map((one) => inCents(book.floating(one).profit + one.swap + one.owed)));
  expect(inCents(profit)).toBe(floating);
  expect(inCents(equity)).toBe(inCents(balance) + floating);
  expect(inCents(freeMargin)).toBe(inCents(equity) - inCents(margin));
  expect(margin === 0).toBe(positions.length === 0);
}

describe.each(MODES)('after any thousand orders and moves, %s', (mode) => {
  it('balance is start and deals, what is open is entries less exits, and the figures follow', () => {
    const seen = new Map<string, number>();
    let deals = 0;
    fc.assert(
      fc.property(fc.noShrink(fc.array(step, { minLength: 1_000, maxLength: 1_000 })), (steps) => {
        const walk = new Walk(mode);
        for (const [i, one] of steps.entries()) {
          walk.do(one);
          if (i % 20 === 0) adds(walk.rig);
        }
        adds(walk.rig);
        deals += walk.rig.book.deals.length;
        for (const [what, times] of walk.seen) seen.set(what, (seen.get(what) ?? 0) + times);

        const again = new Walk(mode);
        for (const one of steps) again.do(one);
        expect(again.rig.book.deals).toEqual(walk.rig.book.deals);
      }),
      { numRuns: 25 },
    );
    // The walk is worth something only when it met the refusals too.
    expect(deals).toBeGreaterThan(500);
    const kinds = [...seen.keys()];
    for (const what of [
      'send 10009',
      'send 10008',
      'send 10014',
      'send 10015',
      'send 10016',
      ...(mode === 'netting' ? [] : ['send 10019']),
      'send 10022',
    ])
      expect(kinds).toContain(what);
    for (const what of [
      'modify 10009',
      'modify 10025',
      'close 10009',
      'close 10036',
      'close 10038',
      'closeAll 10009',
    ])
      expect(kinds).toContain(what);
  }, 180_000);
});
