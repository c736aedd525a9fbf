// An account whose feed is renamed: what was recorded under the old name stays there and ends, what follows is of the new one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClockSpan, Rulings, type StreamKey } from '@fxtape/market';
import { createLog, systemClock } from '@fxtape/ops';
import { type Damage, type Line, readTape, TapeWriter } from '@fxtape/tape';
import { expect, test } from 'vitest';
import { Intake } from '../intake/intake.ts';
import { TapeMemory } from '../tape/tape-memory.ts';
import { TapeReader } from '../rows/tape-reader.ts';

const START_MS = Date.UTC(2026, 5, 24, 12);
const TICKS: StreamKey = { stream: 'ticks', symbol: 'EURUSD', timeframe: null };
const ACCOUNT: StreamKey = { stream: 'account', symbol: null, timeframe: null };

const spans: ClockSpan[] = [{ fromUs: 0, rule: 'UTC', confirmed: true, evidence: '' }];

/** The tape of a minute of each feed; `late`: where it changes, a tick waits for the next word of the clock. */
const renamed = async (o: { readonly late?: boolean } = {}) => {
  const dir = mkdtempSync(join(tmpdir(), 'fxtape-feed-'));
  const memory = new TapeMemory('demo');
  const log = createLog({ service: 'test', level: 'silent' });
  const tape = await TapeWriter.open({
    dir,
    account: 'demo',
    head: () => memory.save(),
    clock: systemClock(),
  });
  let nowMs = START_MS;
  const clock = { ...systemClock(), nowUs: () => nowMs * 1000, nowMs: () => nowMs };
  const intake = new Intake({ tape, memory, clock, log, replayed: false });
  const live = (seconds: number): void => {
    const { conn } = memory.ledger.state;
    const sub = { topic: 'prices', symbol: 'EURUSD' };
    tape.append([
      { conn: conn + 1, recvUs: nowMs * 1000, event: 'connected', data: {} },
      { conn: conn + 1, recvUs: nowMs * 1000, event: 'subscribed', data: { sub } },
      { conn: conn + 1, recvUs: nowMs * 1000, event: 'subscribed', data: { sub: { topic: 'account' } } },
    ]);
    for (let s = 0; s < seconds; s++) {
      nowMs += 1000;
      const data = { connected: true, serverTime: new Date(nowMs).toISOString() };
      const frame = JSON.stringify({ type: 'terminal', data });
      tape.append([{ conn: conn + 1, recvUs: nowMs * 1000, mark: 'clean', frame, json: true }]);
    }
  };
  intake.note('clock', { spans });
  intake.note('configured', { feed: 'old', streams: [TICKS, ACCOUNT] });
  live(60);
  const renamedUs = nowMs * 1000;
  if (o.late === true) {
    const data = { bid: 1, ask: 2, time: new Date(nowMs - 25 * 60_000).toISOString() };
    const frame = JSON.stringify({ type: 'tick', symbol: 'EURUSD', data });
    const { conn } = memory.ledger.state;
    tape.append([{ conn, recvUs: nowMs * 1000, mark: 'live', frame, json: true }]);
  }
  intake.note('start', {});
  intake.note('configured', { feed: 'old', streams: memory.accountStreams });
  intake.note('configured', { feed: 'new', streams: [TICKS, ACCOUNT] });
  live(60);
  await tape.close();

  const items: (Line | Damage)[] = [];
  for await (const batch of readTape(dir, null)) items.push(...batch.items);
  rmSync(dir, { recursive: true });
  return { items, renamedUs };
};

const readerOf = (mayTake?: (tsRecv: number) => boolean) =>
  new TapeReader({
    account: 'demo',
    replayed: false,
    state: null,
    decided: () => ({ spans, rulings: new Rulings() }),
    mayTake,
  });

test('coverage and gaps of each feed meet where it was renamed', async () => {
  const { items, renamedUs } = await renamed();
  // In one batch, which is where the two could be mixed up.
  const { rows } = readerOf().read(items);
  const claims = rows.coverage.filter(({ stream }) => stream === 'ticks');
  expect(new Set(claims.map(({ feed }) => feed))).toEqual(new Set(['old', 'new']));
  for (const { feed, ts, ts_to } of claims) {
    if (feed === 'old') expect(ts_to).toBeLessThanOrEqual(renamedUs);
    else expect(ts).toBeGreaterThanOrEqual(renamedUs - 2_000_000);
  }
  const gaps = rows.gap_events.filter(({ stream }) => stream === 'ticks');
  const open = (feed: string) =>
    gaps.filter((gap) => gap.feed === feed && gap.event === 'opened').length -
    gaps.filter((gap) => gap.feed === feed && gap.event === 'ended').length;
  expect([open('old'), open('new')]).toEqual([0, 0]);
  expect(gaps.filter(({ feed }) => feed === 'new').length).toBeGreaterThan(0);
});

test.each([false, true])(
  'it is read up to where it takes over a feed, until others have sent their rows of it; a tick waits there: %s',
  async (late) => {
    const { items, renamedUs } = await renamed({ late });
    const first = readerOf(() => false).read(items);
    expect(first).toMatchObject({ takeover: { feed: 'old' }, rows: { gap_events: [], coverage: [] } });
    const { lastTsRecv, rows, takeover } = readerOf((tsRecv) => tsRecv < renamedUs).read(items);
    expect(takeover).toMatchObject({ why: 'feed', feed: 'new' });
    expect(lastTsRecv).toBeLessThan(takeover?.tsRecv ?? 0);
    expect(rows.ticks.length).toBe(late ? 1 : 0);
    const feeds = [...rows.gap_events, ...rows.coverage].map(({ feed }) => feed);
    expect(new Set(feeds)).toEqual(new Set(['old', null]));
    const all = readerOf(() => true).read(items);
    expect(all).toEqual({ ...readerOf().read(items), takeover: null });
  },
);
