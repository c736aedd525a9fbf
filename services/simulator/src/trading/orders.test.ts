// Each kind of order, and each thing that the market or time does to what it left behind.

import { describe, expect, it } from 'vitest';
import { START_UTC_MS, TradingRig } from '../../testing/trading-rig.ts';
import { RETCODE } from './retcode.ts';

const HOUR = 3_600_000;
const entries = ({ book }: TradingRig) =>
  book.deals.map(({ entry, type, volume, price }) => `${entry} ${type} ${volume} @ ${price}`);

describe('an order at the market', () => {
  it('is a position at ask or bid, with its commission paid, and closes at the other side', () => {
    const rig = new TradingRig();
    const sent = rig.send('EURUSD', 'Buy', 0.5, { magic: 7n, comment: 'first' });
    expect(sent).toMatchObject({ retcode: RETCODE.done, deal: 1_000_001n, order: 1n, price: 1.0851 });
    expect(rig.book.figures()).toEqual({
      balance: 99_998.25,
      profit: -5,
      equity: 99_993.25,
      margin: 542.55,
      freeMargin: 99_450.7,
      marginLevel: 18_430.24,
    });
    rig.tick('EURUSD', 108_610);
    expect(rig.close(1n)).toMatchObject({ retcode: RETCODE.done, order: 2n, price: 1.0861, volume: 0.5 });
    expect(rig.book.balance).toBe(100_046.5);
    expect(rig.book.figures().marginLevel).toBe(0);
    expect(rig.book.deals.map(({ magic, comment }) => [magic, comment])).toEqual([
      [7n, 'first'],
      [0n, ''],
    ]);
    expect(rig.book.closed).toMatchObject([
      {
        ticket: 1n,
        side: 'Buy',
        lots: 0.5,
        openPrice: 1.0851,
        closePrice: 1.0861,
        profit: 50,
        commission: -3.5,
      },
    ]);
    expect(rig.close(1n)).toMatchObject({ retcode: RETCODE.positionClosed });
    expect(rig.close(99n)).toBeNull();
    expect(rig.modify(99n, { stopLoss: 1 })).toBeNull();
  });

  it('is done at the price that there is by now if the client bears it, and otherwise not at all', () => {
    const rig = new TradingRig();
    rig.execution = { movedPoints: 10, share: 1 };
    expect(rig.send('EURUSD', 'Buy', 0.5)).toMatchObject({ retcode: RETCODE.done, price: 1.0852 });
    rig.execution = { movedPoints: 11, share: 1 };
    const before = structuredClone([rig.book.deals, rig.book.positions, rig.book.balance]);
    expect(rig.send('EURUSD', 'Buy', 0.5)).toMatchObject({ retcode: RETCODE.requote, deal: 0n, volume: 0 });
    expect(rig.close(1n)).toMatchObject({ retcode: RETCODE.requote });
    expect([rig.book.deals, rig.book.positions, rig.book.balance]).toEqual(before);
    expect(rig.send('EURUSD', 'Sell', 0.5, { slippage: 11 })).toMatchObject({
      retcode: RETCODE.done,
      price: 1.08489,
    });
    rig.execution = { movedPoints: 3, share: 1 };
    expect(rig.close(1n)).toMatchObject({ retcode: RETCODE.done, price: 1.08497 });
  });

  it('is done in part where the market has no more, and the rest is not waiting', () => {
    const rig = new TradingRig();
    rig.execution = { movedPoints: 0, share: 0.5 };
    expect(rig.send('EURUSD', 'Buy', 0.3)).toMatchObject({ retcode: RETCODE.donePartial, volume: 0.15 });
    expect(rig.book.positions.map(({ lots }) => lots)).toEqual([0.15]);
    expect(rig.close(1n)).toMatchObject({ retcode: RETCODE.donePartial, volume: 0.07 });
    expect(rig.book.positions.map(({ lots }) => lots)).toEqual([0.08]);
    // There is no part of the smallest volume.
    expect(rig.send('EURUSD', 'Buy', 0.01)).toMatchObject({ retcode: RETCODE.done, volume: 0.01 });
    expect(rig.book.pendings).toEqual([]);
  });

  it('is worth what its currencies are worth in dollars', () => {
    const rig = new TradingRig();
    rig.send('USDJPY', 'Sell', 1);
    rig.tick('USDJPY', 149_490);
    expect(rig.book.floating(rig.book.positions[0] as never).profit).toBe(334.45); // 500 points of 100 yen, at 149.5
    rig.send('EURGBP', 'Buy', 1);
    rig.tick('EURGBP', 85_112);
    expect(rig.book.floating(rig.book.positions[1] as never).profit).toBe(127); // 100 pounds at 1.27
    expect(rig.book.positions.map(({ margin }) => Math.round(margin))).toEqual([1000, 1085]);
  });

  it('is refused for its volume, its stops, its price off the grid, the money, the hour, or without the broker', () => {
    const rig = new TradingRig('hedging', { startBalance: 1_000 });
    const refusals = {
      volume: rig.send('EURUSD', 'Buy', 0.015),
      most: rig.send('EURUSD', 'Buy', 501),
      stop: rig.send('EURUSD', 'Buy', 0.1, { stopLoss: 1.086 }),
      target: rig.send('EURUSD', 'Sell', 0.1, { takeProfit: 1.086 }),
      grid: rig.send('EURUSD', 'Buy', 0.1, { stopLoss: 1.0812345 }),
      money: rig.send('EURUSD', 'Buy', 1),
    };
    expect(Object.values(refusals).map(({ retcode }) => retcode)).toEqual([
      10014, 10014, 10016, 10016, 10016, 10019,
    ]);
    rig.open = false;
    expect(rig.send('EURUSD', 'Buy', 0.1).retcode).toBe(RETCODE.marketClosed);
    rig.connected = false;
    expect(rig.send('EURUSD', 'Buy', 0.1).retcode).toBe(RETCODE.noConnection);
    expect(rig.book.version).toBe(0);
  });
});

describe('stops and targets', () => {
  it('close at the price of the tick that reached them, at bid for a buy and at ask for a sell', () => {
    const rig = new TradingRig();
    rig.send('EURUSD', 'Buy', 0.1, { stopLoss: 1.084, takeProfit: 1.087 });
    rig.send('EURUSD', 'Sell', 0.1, { stopLoss: 1.0861, takeProfit: 1.08 });
    rig.tick('EURUSD', 108_401);
    expect(rig.book.positions).toHaveLength(2);
    rig.tick('EURUSD', 108_390);
    expect(entries(rig).at(-1)).toBe('Out Sell 0.1 @ 1.0839');
    rig.tick('EURUSD', 108_600);
    expect(entries(rig).at(-1)).toBe('Out Buy 0.1 @ 1.0861');
    expect(rig.book.positions).toEqual([]);
  });

  it('are kept when left out, removed by 0, and a repeat changes nothing', () => {
    const rig = new TradingRig();
    const { order } = rig.send('EURUSD', 'Buy', 0.1, { stopLoss: 1.08, takeProfit: 1.09 });
    expect(rig.modify(order, { takeProfit: 1.1 })?.retcode).toBe(RETCODE.done);
    expect(rig.book.positions).toMatchObject([{ stopLoss: 108_000, takeProfit: 110_000 }]);
    expect(rig.modify(order, { takeProfit: 1.1 })?.retcode).toBe(RETCODE.noChanges);
    expect(rig.modify(order, { stopLoss: 0 })?.retcode).toBe(RETCODE.done);
    expect(rig.book.positions).toMatchObject([{ stopLoss: 0, takeProfit: 110_000 }]);
    expect(rig.modify(order, { stopLoss: 1.2 })?.retcode).toBe(RETCODE.invalidStops);
  });
});

describe('a pending order', () => {
  it.each([
    ['BuyLimit', 1.084, 108_391, 108_389],
    ['SellLimit', 1.086, 108_599, 108_601],
    ['BuyStop', 1.086, 108_589, 108_591],
    ['SellStop', 1.084, 108_401, 108_399],
  ] as const)('%s waits until the market is at its price', (type, price, before, after) => {
    const rig = new TradingRig();
    const { order, deal, retcode } = rig.send('EURUSD', type, 0.2, { price, magic: 5n, comment: 'waits' });
    expect([retcode, deal]).toEqual([RETCODE.placed, 0n]);
    rig.tick('EURUSD', before);
    expect(rig.book.deals).toEqual([]);
    rig.tick('EURUSD', after);
    expect(rig.book.pendings).toEqual([]);
    expect(rig.book.positions).toMatchObject([{ ticket: order, lots: 0.2, magic: 5n, comment: 'waits' }]);
  });

  it('of two prices becomes a limit order at the second one', () => {
    const rig = new TradingRig();
    rig.send('EURUSD', 'BuyStopLimit', 0.1, { price: 1.086, stopLimitPrice: 1.0855, stopLoss: 1.085 });
    rig.tick('EURUSD', 108_600);
    expect(rig.book.pendings).toMatchObject([{ type: 'BuyLimit', price: 108_550, stopLoss: 108_500 }]);
    rig.tick('EURUSD', 108_539);
    expect(entries(rig)).toEqual(['In Buy 0.1 @ 1.08549']);
    expect(rig.send('EURUSD', 'SellStopLimit', 0.1, { price: 1.08, stopLimitPrice: 1.079 }).retcode).toBe(
      10015,
    );
    const far = rig.send('EURUSD', 'SellStopLimit', 0.1, { price: 1.08, stopLimitPrice: 1.0805 });
    expect(far.retcode).toBe(RETCODE.placed);
  });

  it('lies on the right side of the market, is changed, deleted, and expires by the clock alone', () => {
    const rig = new TradingRig();
    for (const [type, price] of [
      ['BuyLimit', 1.086],
      ['SellLimit', 1.084],
      ['BuyStop', 1.084],
      ['SellStop', 1.086],
    ] as const)
      expect(rig.send('EURUSD', type, 0.1, { price }).retcode).toBe(RETCODE.invalidPrice);
    const past = rig.send('EURUSD', 'BuyLimit', 0.1, { price: 1.08, expiresUtcMs: START_UTC_MS });
    expect(past.retcode).toBe(RETCODE.invalidExpiration);
    const { order } = rig.send('EURUSD', 'BuyLimit', 0.1, { price: 1.08, expiresUtcMs: START_UTC_MS + HOUR });
    expect(rig.modify(order, { price: 1.081, stopLoss: 1.07 })?.retcode).toBe(RETCODE.done);
    expect(rig.modify(order, { price: 1.081 })?.retcode).toBe(RETCODE.noChanges);
    expect(rig.modify(order, { price: 1.09 })?.retcode).toBe(RETCODE.invalidPrice);
    expect(rig.book.pendings).toMatchObject([{ price: 108_100, stopLoss: 107_000 }]);
    rig.pass(HOUR - 1);
    expect(rig.book.pendings).toHaveLength(1);
    rig.pass(1);
    expect(rig.book.pendings).toEqual([]);
    const other = rig.send('EURUSD', 'SellLimit', 0.1, { price: 1.09 });
    expect(rig.close(other.order)).toMatchObject({ retcode: RETCODE.done, deal: 0n, order: other.order });
    expect([rig.book.pendings, rig.book.deals]).toEqual([[], []]);
  });

  it('is gone when there is no money for it, and there are at most 200', () => {
    const rig = new TradingRig('hedging', { startBalance: 1_000 });
    rig.send('EURUSD', 'BuyStop', 5, { price: 1.086 });
    rig.tick('EURUSD', 108_600);
    expect([rig.book.pendings, rig.book.positions]).toEqual([[], []]);
    for (let i = 0; i < 200; i++) rig.send('EURUSD', 'BuyStop', 0.01, { price: 1.09 });
    expect(rig.send('EURUSD', 'BuyStop', 0.01, { price: 1.09 }).retcode).toBe(RETCODE.limitOrders);
  });
});

describe('a part', () => {
  it('is closed for its share, and the rest keeps the ticket', () => {
    const rig = new TradingRig();
    const { order } = rig.send('EURUSD', 'Buy', 0.3);
    expect(rig.close(order, 0.4)?.retcode).toBe(RETCODE.invalidCloseVolume);
    expect(rig.close(order, 0.015)?.retcode).toBe(RETCODE.invalidVolume);
    expect(rig.close(order, 0.1)).toMatchObject({ retcode: RETCODE.done, volume: 0.1 });
    expect(rig.book.positions).toMatchObject([{ ticket: order, lots: 0.2 }]);
    expect(rig.book.closed).toEqual([]);
    rig.tick('EURUSD', 108_710);
    rig.close(order);
    expect(rig.book.closed).toMatchObject([{ lots: 0.3, profit: 39, commission: -2.1, closePrice: 1.0864 }]);
  });

  it('on MT4 leaves the rest under another ticket, and nothing is paid before it is closed', () => {
    const rig = new TradingRig('mt4');
    const { order } = rig.send('EURUSD', 'Buy', 0.3, { magic: 9n, comment: 'mine' });
    expect(rig.book.balance).toBe(100_000);
    expect(rig.book.figures().profit).toBe(-4.05);
    rig.close(order, 0.1);
    expect(rig.book.positions).toMatchObject([{ lots: 0.2, magic: 9n, comment: `from #${order}` }]);
    expect(rig.book.positions[0]?.ticket).not.toBe(order);
    expect(rig.book.closed).toMatchObject([
      { ticket: order, lots: 0.1, openPrice: 1.0851, commission: -0.7, magic: 9n },
    ]);
  });
});

describe('netting', () => {
  it('has one position a symbol: added to, taken from, turned round', () => {
    const rig = new TradingRig('netting');
    const { order } = rig.send('EURUSD', 'Buy', 0.2);
    rig.tick('EURUSD', 108_700);
    rig.send('EURUSD', 'Buy', 0.2);
    expect(rig.book.positions).toMatchObject([{ ticket: order, lots: 0.4, openPrice: 1.0861 }]);
    rig.send('EURUSD', 'Sell', 0.1);
    expect(rig.book.positions).toMatchObject([{ side: 'Buy', lots: 0.3, openPrice: 1.0861 }]);
    rig.send('EURUSD', 'Sell', 0.5);
    expect(rig.book.positions).toMatchObject([{ ticket: order, side: 'Sell', lots: 0.2, openPrice: 1.087 }]);
    expect(entries(rig)).toEqual([
      'In Buy 0.2 @ 1.0851',
      'In Buy 0.2 @ 1.0871',
      'Out Sell 0.1 @ 1.087',
      'InOut Sell 0.5 @ 1.087',
    ]);
    expect(rig.book.closed).toMatchObject([
      { side: 'Buy', lots: 0.4, openPrice: 1.0861, profit: 36, commission: -2.8 },
    ]);
    rig.send('EURUSD', 'Buy', 0.2);
    expect(rig.book.positions).toEqual([]);
  });

  it('needs no margin to become smaller, and hedging none for the smaller side', () => {
    const netting = new TradingRig('netting', { startBalance: 1_200 });
    netting.send('EURUSD', 'Buy', 1);
    expect(netting.send('EURUSD', 'Sell', 1).retcode).toBe(RETCODE.done);
    const hedging = new TradingRig('hedging');
    hedging.send('EURUSD', 'Buy', 1);
    hedging.send('EURUSD', 'Sell', 0.4);
    expect(hedging.book.figures().margin).toBe(1085.1);
  });
});

describe('what time and loss do', () => {
  it('charges the nights, three of them on Wednesday and none at the weekend, and pays with the closing', () => {
    const rig = new TradingRig();
    const { order } = rig.send('EURUSD', 'Buy', 1);
    const bitcoin = rig.send('BTCUSD', 'Sell', 1);
    rig.pass(11 * HOUR); // midnight at the broker: the end of Wednesday
    expect(rig.book.positions.map(({ swap }) => swap)).toEqual([-7.5, -0.02]);
    rig.pass(24 * HOUR);
    rig.pass(24 * HOUR);
    expect(rig.book.positions[0]?.swap).toBe(-12.5);
    rig.pass(48 * HOUR); // Saturday and Sunday
    expect(rig.book.positions.map(({ swap }) => swap)).toEqual([-12.5, -0.1]);
    const { balance } = rig.book;
    rig.close(order);
    expect(rig.book.deals.at(-1)).toMatchObject({ profit: -10, swap: -12.5, commission: -3.5 });
    expect(rig.book.balance).toBe(balance - 26);
    expect(rig.close(bitcoin.order)?.retcode).toBe(RETCODE.done);
  });

  it('does not charge nights before the position was there', () => {
    const rig = new TradingRig();
    rig.account.desk();
    rig.utcMs += 5 * 24 * HOUR;
    const order = rig.send('EURUSD', 'BuyLimit', 0.1, { price: 1.08 });
    rig.utcMs += 5 * 24 * HOUR;
    rig.tick('EURUSD', 107_900);
    rig.tick('EURUSD', 107_901);
    expect(rig.book.positions).toMatchObject([{ ticket: order.order, swap: 0 }]);
  });

  it('closes what loses most when the margin falls to half', () => {
    const rig = new TradingRig('hedging', { startBalance: 1_500 });
    rig.send('EURUSD', 'Buy', 1);
    rig.send('BTCUSD', 'Buy', 0.1);
    rig.tick('EURUSD', 107_800);
    expect(rig.book.positions).toHaveLength(2);
    rig.tick('EURUSD', 107_580);
    expect(rig.book.positions.map(({ symbol }) => rig.book.spec(symbol).name)).toEqual(['BTCUSD']);
    expect(rig.book.closed).toMatchObject([{ profit: -930 }]);
  });

  it('closes all that fits a symbol and a magic number, 0 being the orders by hand', () => {
    const rig = new TradingRig();
    rig.send('EURUSD', 'Buy', 0.1, { magic: 1n });
    rig.send('EURUSD', 'Buy', 0.1);
    rig.send('USDJPY', 'Buy', 0.1);
    rig.send('EURUSD', 'BuyLimit', 0.1, { price: 1.08 });
    const closeAll = (filter: object) =>
      rig.account
        .desk()
        .closeAll({ deletePending: true, ...filter }, rig.utcMs)
        .map(({ ticket, kind }) => `${kind} ${ticket}`);
    expect(closeAll({ symbol: 3 })).toEqual([]);
    expect(closeAll({ symbol: 0, magic: 0n })).toEqual(['position 2', 'pending 4']);
    expect(closeAll({ deletePending: false })).toEqual(['position 1', 'position 3']);
    expect([rig.book.positions, rig.book.pendings]).toEqual([[], []]);
  });
});
