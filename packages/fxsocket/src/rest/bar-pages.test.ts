// A long range in pages, against a server that counts `to` in or not, is slow about large pages, and has no bars at weekends.
import { afterEach, expect, test } from 'vitest';
import { FxSocketRest, type BarsQuery, type RejectedRow } from '../index.ts';
import { closeServers, serve } from '../../testing/http-server.ts';
import { wallMs, wallText } from '../wire/broker-time.ts';

afterEach(closeServers);

const MINUTE_MS = 60_000;
const ms = (text: string): number => wallMs(text) as number;

/** Minutes of all days but Saturdays. `mostBars`: more at once is a time-out. */
const gateway = async (o: { mostBars?: number; toIsIn?: boolean; bad?: string } = {}) => {
  const { mostBars = 1e9, toIsIn = true } = o;
  const sizes: number[] = [];
  const { asked, baseUrl } = await serve(({ line }, response) => {
    const query = new URL(line.split(' ')[1] as string, 'http://a').searchParams;
    if (line.includes('/ServerTimezone'))
      return response.end('{"serverTime":"2026-06-22T03:00:30Z","utcOffsetSeconds":10800}');
    const from = ms(query.get('from') as string);
    const to = ms(query.get('to') as string);
    sizes.push((to - from) / MINUTE_MS);
    if ((to - from) / MINUTE_MS > mostBars)
      return response
        .writeHead(504)
        .end('{"error":"MRPC_TIMEOUT","message":"MarketInfo.PriceHistory timed out"}');
    const bars: string[] = [];
    // It begins a bar early, as some bridges do.
    for (
      let at = Math.ceil(from / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
      toIsIn ? at <= to : at < to;
      at += MINUTE_MS
    )
      if (new Date(at).getUTCDay() !== 6)
        bars.push(
          `{"time":"${o.bad === wallText(at) ? 'soon' : `${wallText(at)}.000Z`}","open":1,"high":2,"low":1,"close":${at / MINUTE_MS}}`,
        );
    response.end(`[${bars.join(',')}]`);
  });
  const rest = new FxSocketRest({ baseUrl, apiKey: 'fxs_ro_secret', random: () => 0 });
  return { asked, sizes, rest };
};

const WEEK: BarsQuery = {
  symbol: 'EURUSD',
  timeframe: 'M1',
  from: '2026-06-19T00:00:00',
  to: '2026-06-22T00:00:00',
};
const expected = (query: { from: string; to: string }): number[] => {
  const minutes: number[] = [];
  for (let at = ms(query.from); at < ms(query.to); at += MINUTE_MS)
    if (new Date(at).getUTCDay() !== 6) minutes.push(at / MINUTE_MS);
  return minutes;
};
const read = async (bars: AsyncGenerator<{ close: number }>): Promise<number[]> => {
  const closes: number[] = [];
  for await (const { close } of bars) closes.push(close);
  return closes;
};

test.each([{ toIsIn: true }, { toIsIn: false }, { mostBars: 100 }, { mostBars: 700, toIsIn: false }])(
  'every bar once, in order, whatever the bridge makes of `to` and of large pages: %j',
  async (o) => {
    const { rest, sizes } = await gateway(o);
    const got = await read(rest.bars(WEEK, { pageBars: 500 }));
    expect(got).toEqual(expected(WEEK as { from: string; to: string }));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2000);
    await rest.close();
  },
);

test('a size that was too much is not asked for again page after page', async () => {
  const month: BarsQuery = { ...WEEK, from: '2026-05-22T00:00:00' };
  for (const mostBars of [300, 700, 1500]) {
    const { rest, sizes } = await gateway({ mostBars });
    await read(rest.bars(month, { pageBars: 500 }));
    const timeOuts = sizes.filter((size) => size > mostBars).length;
    expect(timeOuts).toBeGreaterThan(0);
    expect(timeOuts).toBeLessThanOrEqual(1 + Math.ceil(sizes.length / 50));
    await rest.close();
  }
});

test('without an end it goes to the bar that is under way at the broker', async () => {
  const { rest } = await gateway();
  const got = await read(rest.bars({ symbol: 'EURUSD', timeframe: 'M1', from: '2026-06-22T02:58:00' }));
  expect(got.map((minute) => wallText(minute * MINUTE_MS).slice(11))).toEqual([
    '02:58:00',
    '02:59:00',
    '03:00:00',
  ]);
  await rest.close();
});

test('without an end, and with a clock that cannot be read, it is no empty history', async () => {
  const { baseUrl } = await serve((_request, response) =>
    response.end('{"serverTime":"2026.06.22 03:00:30","utcOffsetSeconds":10800}'),
  );
  const rest = new FxSocketRest({ baseUrl, apiKey: 'fxs_ro_secret' });
  await expect(
    read(rest.bars({ symbol: 'EURUSD', timeframe: 'M1', from: '2026-06-22' })),
  ).rejects.toMatchObject({
    code: 'FXSOCKET_SHAPE',
    message: expect.stringContaining('serverTime'),
  });
  await rest.close();
});

test('leaving the loop asks for no more', async () => {
  const { rest, sizes } = await gateway();
  for await (const { close } of rest.bars(WEEK, { pageBars: 100 })) if (close > 0) break;
  expect(sizes.length).toBe(1);
  await rest.close();
});

test('what is no bar ends the iteration, unless somebody takes it', async () => {
  const { rest } = await gateway({ bad: '2026-06-19T00:05:00' });
  await expect(read(rest.bars(WEEK))).rejects.toMatchObject({ code: 'FXSOCKET_SHAPE' });
  const rejected: RejectedRow[] = [];
  const got = await read(rest.bars(WEEK, { onRejected: (row) => rejected.push(row) }));
  expect(rejected).toMatchObject([{ reason: 'time: not a broker time' }]);
  expect(got.length).toBe(expected(WEEK as { from: string; to: string }).length - 1);
  await rest.close();
});

test('a terminal that answers nothing at all ends it with its own error', async () => {
  const { rest, sizes } = await gateway({ mostBars: 0 });
  await expect(read(rest.bars(WEEK, { pageBars: 480 }))).rejects.toMatchObject({
    code: 'FXSOCKET_TERMINAL_TIMEOUT',
  });
  expect(sizes).toEqual([480, 240, 120, 60]);
  await rest.close();
});

test.each([
  { ...WEEK, from: '2026-06-19T00:00:00Z' },
  { ...WEEK, to: 'now' },
  { ...WEEK, from: '2026-02-30' },
  { ...WEEK, timeframe: 'M7' },
])('%j is refused before anything is asked', async (query) => {
  const { asked, rest } = await gateway();
  await expect(read(rest.bars(query as BarsQuery))).rejects.toMatchObject({ code: 'FXSOCKET_BAD_ARGUMENT' });
  await expect(rest.priceHistory({ ...WEEK, from: '2026-06-19T00:00:00Z' })).rejects.toMatchObject({
    code: 'FXSOCKET_BAD_ARGUMENT',
  });
  await expect(rest.orderHistory({ to: '2026-06-19T00:00:00+02:00' })).rejects.toMatchObject({
    code: 'FXSOCKET_BAD_ARGUMENT',
  });
  expect(asked).toEqual([]);
  await rest.close();
});
