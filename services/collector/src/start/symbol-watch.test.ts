// What stays wanted while a terminal lists less than it did, and how soon it is asked again.
import { parseConfig } from '@fxtape/config';
import type { FxSocketRest, Subscription } from '@fxtape/fxsocket';
import { createLog } from '@fxtape/ops';
import { expect, test } from 'vitest';
import { SymbolWatch } from './symbol-watch.ts';
import type { WantedStreams } from './wanted-streams.ts';

const MINUTE_MS = 60_000;
const config = parseConfig(
  'accounts: [{ name: icm, match: { server: "*" }, market_data: { symbols: [EURUSD, "XAU*"] }, account_data: [], timeframes: [] }]',
  'test',
).accounts[0] as never;

const watching = (known: readonly string[] = []) => {
  const terminal = { listed: ['EURUSD', 'XAUUSD', 'XAUEUR'], synced: true as boolean | null, nowMs: 0 };
  const rest = {
    status: () =>
      terminal.synced === null
        ? Promise.reject(new Error('404'))
        : Promise.resolve({
            broker: { connected: true },
            account: { loggedIn: true },
            bridge: { symbolsSynced: terminal.synced },
          }),
    symbols: () => Promise.resolve(terminal.listed),
  } as Pick<FxSocketRest, 'status' | 'symbols'>;
  const clock = { monoMs: () => terminal.nowMs };
  const log = createLog({ service: 'test', level: 'silent' });
  const watch = new SymbolWatch({ rest, clock, log, known, config });
  let wanted: WantedStreams | null = null;
  const look = async (after: number, change: Partial<typeof terminal> = {}) => {
    Object.assign(terminal, change, { nowMs: terminal.nowMs + after });
    await watch.look(new AbortController().signal);
    wanted = watch.wanted(config, wanted?.subscriptions ?? []);
    return { ...wanted, pauseMs: watch.pauseMs(wanted) };
  };
  return { look };
};
const symbolsOf = (list: readonly { readonly symbol?: string | null }[]): string[] =>
  list.flatMap(({ symbol }) => symbol ?? []).toSorted();
const ALL = ['EURUSD', 'XAUEUR', 'XAUUSD'];

test.each([
  ['empty', { listed: [] as string[] }],
  ['short', { listed: ['EURUSD'] }],
  ['short, of a terminal that says so', { listed: ['EURUSD'], synced: false }],
  ['short, of a bridge that does not say', { listed: ['EURUSD'], synced: null }],
])('a list that is %s ends nothing, and is asked for again in seconds', async (_what, change) => {
  const { look } = watching();
  expect(await look(0)).toMatchObject({ missing: [], pauseMs: 15 * MINUTE_MS });
  const short = await look(15 * MINUTE_MS, change);
  expect([symbolsOf(short.streams), symbolsOf(short.subscriptions as Subscription[])]).toEqual([ALL, ALL]);
  expect(short.missing).toContain('XAUUSD');
  expect(short.pauseMs).toBeLessThanOrEqual(5000);
  for (let n = 0; n < 9; n++) expect((await look(1000, change)).pauseMs).toBeLessThanOrEqual(30_000);
  const whole = await look(1000, { listed: ALL, synced: true });
  expect(whole).toMatchObject({ missing: [], pauseMs: 15 * MINUTE_MS });
});

test('a symbol that ready terminals miss twice, minutes apart, is wanted no more', async () => {
  const { look } = watching();
  await look(0);
  const without = { listed: ['EURUSD', 'XAUEUR'] };
  expect(symbolsOf((await look(1, without)).streams)).toEqual(ALL);
  const gone = await look(5 * MINUTE_MS, without);
  expect([symbolsOf(gone.streams), symbolsOf(gone.subscriptions as Subscription[])]).toEqual([
    ['EURUSD', 'XAUEUR'],
    ['EURUSD', 'XAUEUR'],
  ]);
  expect(gone.pauseMs).toBe(15 * MINUTE_MS);
});

test('after a start what the tape knew is wanted, and subscribed once it is listed', async () => {
  const { look } = watching(['EURUSD', 'XAUUSD']);
  const begun = await look(0, { listed: [], synced: false });
  expect([symbolsOf(begun.streams), symbolsOf(begun.subscriptions as Subscription[])]).toEqual([
    ['EURUSD', 'XAUUSD'],
    [],
  ]);
  expect(begun).toMatchObject({ missing: ['XAUUSD'], unlisted: ['EURUSD'] });
  const listed = await look(5000, { listed: ALL, synced: true });
  expect(symbolsOf(listed.subscriptions as Subscription[])).toEqual(ALL);
});

test('a name that no broker has is asked for ever more rarely', async () => {
  const { look } = watching();
  const pauses: number[] = [];
  for (let n = 0; n < 9; n++) pauses.push((await look(1, { listed: ['XAUUSD'] })).pauseMs);
  expect(pauses[0]).toBe(5000);
  expect(pauses.at(-1)).toBe(15 * MINUTE_MS);
});
