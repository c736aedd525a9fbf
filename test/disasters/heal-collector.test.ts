// A collector that was killed, and the healing of what it missed: its gaps, coverage, late rows and snapshots are the real ones.
import { AccountContexts, backfillHandlers, backfillParts, HEAL_TIMING } from '@fxtape/backfill';
import { parseConfig } from '@fxtape/config';
import type { Payload } from '@fxtape/jobs';
import { createLog, systemClock } from '@fxtape/ops';
import {
  AppliedWatch,
  AppliedWriter,
  AuditReader,
  HistoryReader,
  QuestDbHttp,
  Reader,
  TableWriter,
  TradeReader,
} from '@fxtape/questdb';
import { DEMO_ACCOUNT_ID } from '@fxtape/simulator';
import { CRYPTO, Recording, until } from '@fxtape/testkit';
import { afterEach, expect, it } from 'vitest';
import { Kept } from '../integration/heal-rig.ts';

const clock = systemClock();
const log = createLog({ service: 'test', level: 'silent' });
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

it('leaves a table equal to what the market made, before, in and after the gap', async () => {
  const recording = await Recording.start({
    scenario: {
      seed: 21,
      source: { kind: 'market', ticksPerSecond: 900, symbols: CRYPTO },
      history: { quoteTicks: 'full' },
    },
    symbols: CRYPTO,
    clock: '"America/New_York+7h"',
  });
  closers.push(() => recording.close());
  const first = await recording.collector();
  await recording.live(first);
  await recording.moreTicks(6000);
  await first.kill('SIGKILL');
  const missed = (await recording.gateway.state()).generated;
  await until(async () => (await recording.gateway.state()).generated > missed + 6000, {
    what: 'ticks that nobody takes',
    deadlineMs: 60_000,
  });
  const second = await recording.collector();
  await recording.live(second);
  // For half a minute after a subscription, ticks like the ones right before them are left out: a gap needs clean rows behind it.
  await recording.moreTicks(45_000);
  await second.stop();
  await recording.settle();

  const http = new QuestDbHttp({ conf: recording.questdb.conf });
  const table = new TableWriter({ http, log, clock, random: Math.random, commitEveryMs: 5 });
  const reader = new HistoryReader({ http, clock });
  const gaps = new Reader({ http, clock });
  const writer = new AppliedWriter({ writer: table, applied: new AppliedWatch({ http, clock }) });
  const signal = AbortSignal.timeout(500_000);
  const account = { account: 'demo', account_id: DEMO_ACCOUNT_ID, server: 'Simulated-Demo', feed: 'demo' };
  await writer.write({ accounts: [{ ts: 1_700_000_000_000_000, ...account }] }, { signal });
  const config = parseConfig(
    `accounts: [{ id: ${DEMO_ACCOUNT_ID}, name: demo, key: FXSOCKET_API_KEY, market_data: { feed: demo, symbols: ["*"] }, clock: "America/New_York+7h" }]`,
    'test.yaml',
  );
  const contexts = new AccountContexts({
    accounts: () => config.accounts,
    keyOf: () => 'fxs_ro_demo',
    baseUrl: recording.gateway.url,
    reader,
    clock,
  });
  closers.push(() => {
    table.close();
    http.close();
    return contexts.close();
  });
  const handlers = backfillHandlers(
    backfillParts({
      contexts,
      reader,
      audit: new AuditReader({ http, clock }),
      trades: new TradeReader({ http, clock }),
      gaps,
      writer,
      clock,
      log,
    }),
    {
      heal: { ...HEAL_TIMING, agreeMs: 100, shortestMs: 100 },
    },
  );

  const open = (await gaps.gaps({ account: 'demo', openOnly: true })).filter(
    // The one that began when the second collector was stopped has no end.
    ({ stream, cause, ts_to: to }) => stream === 'ticks' && cause === 'process_down' && to !== null,
  );
  expect(open.length).toBe(CRYPTO.length);
  for (const gap of open) {
    const checkpoint = new Kept();
    const payload = {
      account: 'demo',
      gapId: gap.gap_id,
      stream: 'ticks',
      feed: gap.feed,
      symbol: gap.symbol,
      timeframe: null,
      fromUs: gap.ts_from as number,
      toUs: gap.ts_to as number,
    } satisfies Payload<'heal'>;
    const job = {
      id: gap.gap_id,
      name: 'heal',
      payload,
      attempt: 1,
      alone: <T>(_name: string, work: (given: AbortSignal) => Promise<T>) => work(signal),
      request: <T>(_kind: string, work: (given: AbortSignal) => Promise<T>) => work(signal),
    } as const;
    const done = await until(
      async () => {
        const outcome = await handlers.heal?.(job, signal, checkpoint);
        return outcome !== undefined && 'rows' in outcome ? outcome : null;
      },
      { what: `the end of ${gap.gap_id}`, deadlineMs: 60_000, everyMs: 110 },
    );
    expect(done, JSON.stringify(done)).toMatchObject({ note: { state: 'healed', reason: 'history_agrees' } });
    expect(done.rows).toBeGreaterThan(1000);
  }

  const ledger = await recording.gateway.ledger();
  for (const symbol of CRYPTO) {
    const mine = open.find((gap) => gap.symbol === symbol);
    // From a while before the gap, or where coverage begins, to a while after it.
    const gap = { fromUs: mine?.ts_from as number, toUs: mine?.ts_to as number };
    const key = { account: 'demo', feed: 'demo', symbol, stream: 'ticks', timeframe: null };
    const [live] = await reader.coverageOf(key, 'live', gap);
    const range = { fromUs: Math.max(gap.fromUs - 3_000_000, live?.fromUs ?? 0), toUs: gap.toUs + 2_000_000 };
    expect(range.fromUs).toBeLessThan(gap.fromUs);
    const others = (await gaps.gaps({ account: 'demo', symbol, stream: 'ticks', ...range })).filter(
      ({ gap_id }) => gap_id !== mine?.gap_id,
    );
    const isLeftOut = (us: number): boolean =>
      others.some(({ ts_from, ts_to }) => us >= (ts_from ?? 0) && us < (ts_to ?? Number.POSITIVE_INFINITY));
    const rows = (await reader.ticks({ feed: 'demo', symbol }, range)).filter(({ ts }) => !isLeftOut(ts));
    const stored = rows.map((row) => `${row.ts / 1000} ${row.bid} ${row.ask}`).toSorted();
    const made = ledger
      .filter((tick) => tick.symbol === symbol)
      .filter(({ utcMs }) => utcMs * 1000 >= range.fromUs && utcMs * 1000 < range.toUs)
      .filter(({ utcMs }) => !isLeftOut(utcMs * 1000))
      .map((tick) => `${tick.utcMs} ${tick.bid} ${tick.ask}`)
      .toSorted();
    // Fewer where a slow machine leaves out more behind the gap; those in the gap are more than a thousand.
    expect(made.length).toBeGreaterThan(1000);
    expect(stored).toEqual(made);
  }
}, 600_000);
