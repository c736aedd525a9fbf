import { describe, expect, it } from 'vitest';
import { RequestCounts } from './request-counts.ts';

describe('counts of requests', () => {
  it('weighs by time how many were under way, from the first request to the last answer', () => {
    let now = 1000;
    const book = new RequestCounts(() => now);
    now = 5000;
    const first = book.begin('a', '/PriceHistory', '?1');
    now += 10;
    const second = book.begin('a', '/QuoteTicks', '?1');
    now += 20;
    first(200);
    now += 30;
    second(504);
    now += 40;
    book.begin('a', '/PriceHistory', '?2')(200);
    // What comes after the last answer is nobody's idleness.
    now += 5000;
    const { windowMs, accounts } = book.report();
    expect(windowMs).toBe(9100);
    const history = accounts[0]?.history;
    expect(history).toEqual({
      count: 3,
      repeated: 0,
      repeatedAfterOk: 0,
      untold: 0,
      statuses: { 200: 2, 504: 1 },
      concurrentMax: 2,
      concurrency: (10 + 2 * 20 + 30) / 100,
      busyMs: [40, 40, 20],
    });
    expect(accounts[0]?.routes['/PriceHistory']?.busyMs).toEqual([70, 30]);
  });

  it('turns the page with requests under way', () => {
    let now = 0;
    const book = new RequestCounts(() => now);
    const end = book.begin('a', '/OrderHistory', '');
    now = 50;
    book.reset();
    now = 80;
    end(200);
    expect(book.report().accounts[0]?.history).toMatchObject({
      count: 0,
      statuses: { 200: 1 },
      concurrentMax: 1,
      busyMs: [0, 30],
    });
    book.begin('a', '/OrderHistory', '')(200);
    expect(book.report().accounts[0]?.history).toMatchObject({ count: 1, repeated: 0 });
    book.begin('a', '/OrderHistory', '')(200);
    expect(book.report().accounts[0]?.history).toMatchObject({ repeated: 1, repeatedAfterOk: 1 });
  });
});
