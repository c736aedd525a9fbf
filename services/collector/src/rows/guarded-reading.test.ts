// The guard as a whole, over marks, tape, reader and decisions: what becomes of ticks when clocks go wrong, and that every reading says the same.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Line } from '@fxtape/tape';
import { LAST_STOP, TapeReader } from './tape-reader.ts';
import { play, type Played, readAll, type Second, START_MS } from '../../testing/guard-rig.ts';

const HOUR = 3_600_000;
const quiet = (count: number, o: Second = {}): Second[] =>
  Array.from({ length: count }, () => ({ ticks: [{ symbol: 'EURUSD' }], ...o }));
const inGap = ({ sender }: Played, symbol: string, ms: number): boolean =>
  sender.tables
    .of('gap_events')
    .some(
      (gap) =>
        gap.event === 'ended' &&
        gap.symbol === symbol &&
        gap.ts_from <= ms * 1000 &&
        ms * 1000 < (gap.ts_to ?? 0),
    );

/** Each tick is a row at its time once, or is set aside inside a gap; and every reading of the tape gives the same rows. */
function holds(played: Played): void {
  const { sender, sent } = played;
  expect(sender.tables.changed).toEqual([]);
  expect({ hold: sender.hold, isSettled: sender.isSettled }).toEqual({ hold: null, isSettled: true });
  const stored = Map.groupBy(sender.tables.of('ticks'), ({ bid }) => bid);
  const rejected = sender.tables.of('rejected').filter(({ kind }) => kind === 'tick');
  for (const tick of sent) {
    const rows = stored.get(tick.bid) ?? [];
    expect(rows.length, `rows of tick ${tick.bid}`).toBeLessThanOrEqual(1);
    // Where our own clock is behind the tape nothing can be held against it.
    const isBlind = rows[0]?.quality?.includes('machine_clock') === true;
    if (rows.length === 1)
      expect(rows[0]?.ts, `tick ${tick.bid}`).toBe((isBlind ? tick.statedMs : tick.trueMs) * 1000);
    else {
      const told = rejected.some(({ raw }) => raw.includes(`"bid":${tick.bid},`));
      expect({ tick, told, gap: inGap(played, tick.symbol, tick.realMs) }).toEqual({
        tick,
        told: true,
        gap: true,
      });
    }
  }
  const { sorted } = sender.tables;
  const again = readAll(played);
  expect(again.changed).toEqual([]);
  expect(again.sorted).toEqual(sorted);
}

test('a symbol that is delayed by 25 minutes is stored as late, at its own time, and nothing waits for it', async () => {
  const script = quiet(60).map((second, i) =>
    i < 5
      ? second
      : { ...second, ticks: [{ symbol: 'EURUSD' }, { symbol: 'BHP', offMs: -25 * 60_000, atMs: 300 }] },
  );
  const played = await play(script);
  holds(played);
  expect(played.sender.holds).toEqual([]);
  const late = played.sender.tables.of('ticks').filter(({ symbol }) => symbol === 'BHP');
  expect(new Set(late.map(({ quality }) => quality))).toEqual(new Set(['late']));
  expect(late).toHaveLength(55);
  expect(played.sender.tables.of('rejected')).toEqual([]);
});

test('one tick from the future, or of 1970, is set aside with a gap of its symbol around its receipt, and stops nothing', async () => {
  const script = quiet(30);
  script[10] = { ticks: [{ symbol: 'EURUSD' }, { symbol: 'BHP', offMs: 5 * HOUR, atMs: 700 }] };
  script[20] = { ticks: [{ symbol: 'BHP', offMs: -START_MS, atMs: 100 }, { symbol: 'EURUSD' }] };
  const played = await play(script);
  holds(played);
  expect(played.sender.holds).toEqual([]);
  const { rejected, gaps } = {
    rejected: played.sender.tables.of('rejected'),
    gaps: played.sender.tables.of('gap_events').filter(({ cause }) => cause === 'rejected'),
  };
  expect(rejected.map(({ kind }) => kind)).toEqual(['tick', 'tick']);
  // Both in one minute: one gap.
  expect(gaps).toMatchObject([{ symbol: 'BHP', event: 'ended', ts_from: (START_MS - 2000) * 1000 }]);
  expect(played.sender.tables.of('ticks').filter(({ symbol }) => symbol === 'EURUSD')).toHaveLength(30);
});

test('the server’s clock goes wrong for a while: the stretch is set aside, with a gap of every symbol, and the rest is whole', async () => {
  for (const serverMs of [HOUR, -HOUR, 6 * HOUR]) {
    const script = [
      ...quiet(20),
      ...quiet(40, { serverMs }),
      ...quiet(80, { serverMs: 0, bar: true }),
      ...quiet(2),
    ];
    const played = await play(script);
    holds(played);
    expect(played.sender.holds).toMatchObject([{ why: 'conflict' }]);
    expect(played.memory.rulings.list).toMatchObject([{ kind: 'set_aside' }]);
    for (const symbol of ['EURUSD', 'BHP'])
      for (let s = 20; s < 60; s++) expect(inGap(played, symbol, START_MS + s * 1000 + 500)).toBe(true);
    expect(inGap(played, 'EURUSD', START_MS + 66_000)).toBe(false);
    const coverage = played.sender.tables.of('coverage').filter(({ symbol }) => symbol === 'EURUSD');
    const covered = (ms: number) => coverage.some(({ ts, ts_to }) => ts <= ms * 1000 && ms * 1000 < ts_to);
    expect([covered(START_MS + 15_000), covered(START_MS + 40_000), covered(START_MS + 70_000)]).toEqual([
      true,
      false,
      true,
    ]);
  }
});

test('the server’s clock is set back: nothing is sent with its time, no bar, and no tick of a delayed symbol', async () => {
  const all = (o: Second = {}): Second => ({
    ticks: [
      { symbol: 'EURUSD' },
      { symbol: 'BHP', offMs: -25 * 60_000, atMs: 50 },
      { symbol: 'BHP', offMs: -25 * 60_000, atMs: 800 },
    ],
    bar: true,
    ...o,
  });
  for (const seconds of [5, 9, 30]) {
    const script = [
      ...Array.from({ length: 30 }, () => all()),
      ...Array.from({ length: seconds }, () => all({ serverMs: -HOUR })),
      ...Array.from({ length: 80 }, () => all({ serverMs: 0 })),
      ...quiet(2),
    ];
    const played = await play(script);
    holds(played);
    expect(played.sender.holds).toMatchObject([{ why: 'conflict' }]);
    const bars = played.sender.tables.of('bar_events').map(({ ts }) => ts);
    expect(Math.min(...bars)).toBe(START_MS * 1000);
    for (const symbol of ['EURUSD', 'BHP']) {
      const delayMs = symbol === 'BHP' ? 25 * 60_000 : 0;
      expect(inGap(played, symbol, START_MS + 30_500 - delayMs)).toBe(true);
    }
  }
});

test('a stretch that is set aside after a weekend reaches as far back as a symbol was delayed before it', async () => {
  const delayMs = 25 * 60_000;
  const both = (o: Second = {}): Second => ({
    ticks: [{ symbol: 'EURUSD' }, { symbol: 'BHP', offMs: -delayMs, atMs: 300 }],
    ...o,
  });
  const script = [
    ...Array.from({ length: 30 }, () => both()),
    // What came first lies in the gap of the start, which is as wide as the symbol is late.
    both({ sleptMs: HOUR }),
    ...Array.from({ length: 299 }, () => both()),
    ...Array.from({ length: 10 }, () => both({ serverMs: HOUR })),
    ...quiet(3),
    { serverMs: 0, sleptMs: 48 * HOUR },
    ...quiet(80),
  ];
  const played = await play(script);
  holds(played);
  expect(played.memory.rulings.list).toMatchObject([{ kind: 'set_aside' }]);
  for (let s = 331; s < 340; s++)
    expect(inGap(played, 'BHP', START_MS + HOUR + s * 1000 + 300 - delayMs), `second ${s}`).toBe(true);
  // The other one was never late.
  expect(inGap(played, 'EURUSD', START_MS + HOUR + 300_000)).toBe(false);
});

test('the machine’s clock is wrong after a start and is then set: every tick is stored, with a remark', async () => {
  for (const machineMs of [-2 * HOUR, 2 * HOUR])
    for (const confirmed of [true, false]) {
      const script = [...quiet(20, { machineMs }), ...quiet(40, { machineMs: 0 })];
      const played = await play(script, { confirmed });
      holds(played);
      expect(played.sender.tables.of('ticks')).toHaveLength(60);
      const remarks = played.sender.tables
        .of('ticks')
        .slice(0, 20)
        .map(({ quality }) => quality);
      expect(new Set(remarks)).toEqual(new Set(['machine_clock']));
    }
});

test('a machine whose clock is right again only after a restart: what came before is set aside', async () => {
  // No jump is seen by a process that was not there: the script says so by a clock that is as wrong as the server's.
  const script = [...quiet(20, { serverMs: 2 * HOUR }), ...quiet(70, { serverMs: 0, reconnects: false })];
  const played = await play(script, { confirmed: false });
  holds(played);
  expect(played.memory.rulings.list).toMatchObject([{ kind: 'set_aside' }]);
});

test('a server time that stands says nothing: ticks of now confirm the rule, and a delayed symbol does not stop them', async () => {
  const script = quiet(60, { frozen: true }).map((second, i) => ({
    ...second,
    ticks: [{ symbol: 'EURUSD' }, ...(i % 3 === 0 ? [{ symbol: 'BHP', offMs: -HOUR, atMs: 800 }] : [])],
  }));
  const played = await play(script, { confirmed: false });
  holds(played);
  expect(played.sender.tables.of('ticks')).toHaveLength(80);
});

test('started on a weekend, while the clock stands at Friday evening: no word for or against, and after the open every tick is stored', async () => {
  const friday = -39 * HOUR;
  const script: Second[] = [
    { serverMs: friday, frozen: true, ticks: [] },
    ...Array.from({ length: 30 }, () => ({})),
    ...quiet(30, { serverMs: 0, frozen: false }),
  ];
  const played = await play(script, { confirmed: false });
  holds(played);
  expect(played.sender.holds).toMatchObject([{ why: 'unconfirmed' }]);
  expect(played.memory.rulings.list).toEqual([]);
  expect(played.sender.tables.of('ticks')).toHaveLength(30);
  for (const second of [1, 15, 30]) expect(inGap(played, 'EURUSD', START_MS + second * 1000)).toBe(true);
});

test('ticks of another time alone, while the server’s time stands, are a clock: the rule is in conflict until another clock is seen', async () => {
  const script = [
    ...quiet(10, { frozen: true }),
    ...quiet(60, { serverMs: -HOUR, frozen: true }),
    ...quiet(70, { serverMs: 0, frozen: true }),
  ];
  const played = await play(script);
  holds(played);
  expect(played.sender.holds).toMatchObject([{ why: 'conflict' }]);
});

test('a rule that is corrected before the clock has contradicted twice: what waits is not sent with the wrong one', async () => {
  const script = [
    ...quiet(20),
    { ...quiet(1)[0], serverMs: -HOUR },
    { ...quiet(1)[0], corrects: 'UTC+2h' },
    ...quiet(70),
  ];
  const { sender } = await play(script);
  expect(sender.holds).toMatchObject([{ why: 'conflict' }]);
  expect(sender.tables.of('ticks')).toHaveLength(20);
});

test('a machine that sleeps explains no wrong rule, even where it sleeps for as long as the rule is off', async () => {
  for (const minutes of [45, 60, 75])
    for (const rule of ['UTC+2h', 'UTC+4h']) {
      const script = [...quiet(20), { ...quiet(1)[0], sleptMs: minutes * 60_000 }, ...quiet(80)];
      const { memory, sender } = await play(script, { rule });
      expect(sender.holds).toMatchObject([{ why: 'conflict' }]);
      expect(sender.tables.of('ticks')).toEqual([]);
      expect(memory.rulings.list).toEqual([]);
    }
});

test('the broker’s clock is another one when the machine wakes up: nothing is sent before a clock was compared with ours', async () => {
  for (const serverMs of [HOUR, -HOUR]) {
    const script = [
      ...quiet(20),
      { ...quiet(1)[0], sleptMs: 40 * HOUR, serverMs, bar: true },
      ...quiet(40, { bar: true }),
    ];
    const { sender } = await play(script);
    expect(sender.holds).toMatchObject([{ why: 'conflict' }]);
    expect(sender.tables.of('ticks')).toHaveLength(20);
    expect(sender.tables.of('bar_events')).toEqual([]);
  }
});

test('a machine boots with a wrong clock, sleeps, and is then set: every tick is stored', async () => {
  for (const machineMs of [-2 * HOUR, 2 * HOUR]) {
    const script = [
      ...quiet(20, { machineMs }),
      { ...quiet(1)[0], sleptMs: 3 * HOUR },
      ...quiet(20),
      ...quiet(40, { machineMs: 0 }),
    ];
    const played = await play(script, { confirmed: false });
    holds(played);
    expect(played.sender.tables.of('ticks')).toHaveLength(81);
  }
});

/** What can go wrong in a stretch. */
const trouble = fc.oneof(
  fc.record({
    what: fc.constant('stray' as const),
    seconds: fc.integer({ min: 1, max: 10 }),
    offMs: fc.integer({ min: -40 * HOUR, max: 40 * HOUR }).filter((ms) => Math.abs(ms) >= 1_260_000),
  }),
  fc.record({
    what: fc.constant('delayed' as const),
    seconds: fc.integer({ min: 5, max: 90 }),
    offMs: fc.integer({ min: -90 * 60_000, max: -15 * 60_000 }),
  }),
  fc.record({
    what: fc.constant('server' as const),
    seconds: fc.integer({ min: 30, max: 90 }),
    offMs: fc
      .integer({ min: -12, max: 12 })
      .filter((h) => h !== 0)
      .map((h) => h * HOUR),
  }),
  fc.record({
    what: fc.constant('machine' as const),
    seconds: fc.integer({ min: 1, max: 60 }),
    offMs: fc.integer({ min: -3 * HOUR, max: 3 * HOUR }),
  }),
  fc.record({
    what: fc.constant('frozen' as const),
    seconds: fc.integer({ min: 1, max: 40 }),
    offMs: fc.constant(0),
  }),
  fc.record({
    what: fc.constant('slept' as const),
    seconds: fc.constant(1),
    offMs: fc.integer({ min: 1000, max: 3 * HOUR }),
  }),
  fc.record({ what: fc.constant('reconnects' as const), seconds: fc.constant(3), offMs: fc.constant(0) }),
  fc.record({
    what: fc.constant('shut' as const),
    seconds: fc.integer({ min: 1, max: 40 }),
    offMs: fc.constant(0),
  }),
);
type Trouble = typeof trouble extends fc.Arbitrary<infer T> ? T : never;

const TROUBLES: Readonly<Record<Trouble['what'], (o: Trouble) => Second[]>> = {
  stray: ({ offMs, seconds }) => [
    ...quiet(seconds),
    { ticks: [{ symbol: 'BHP', offMs, atMs: 400 }, { symbol: 'EURUSD' }] },
  ],
  delayed: ({ offMs, seconds }) =>
    quiet(seconds, { ticks: [{ symbol: 'EURUSD' }, { symbol: 'BHP', offMs, atMs: 200 }] }),
  server: ({ offMs, seconds }) => [
    ...quiet(seconds, { serverMs: offMs, bar: true }),
    ...quiet(75, { serverMs: 0 }),
  ],
  machine: ({ offMs, seconds }) => [...quiet(seconds, { machineMs: offMs }), ...quiet(5, { machineMs: 0 })],
  frozen: ({ seconds }) => [...quiet(seconds, { frozen: true }), ...quiet(1, { frozen: false })],
  slept: ({ offMs }) => quiet(1, { sleptMs: offMs }),
  reconnects: () => quiet(2, { reconnects: true }),
  shut: ({ seconds }) => Array.from({ length: seconds }, () => ({})),
};

test('whatever goes wrong, every hold ends, each tick is stored once or lies in a gap, and a reading from any place says the same', async () => {
  const scripts = fc.record({
    troubles: fc.array(trouble, { minLength: 1, maxLength: 6 }),
    confirmed: fc.boolean(),
    startsWrongMs: fc.constantFrom(0, 0, 2 * HOUR, -2 * HOUR),
    cuts: fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(scripts, async ({ confirmed, cuts, startsWrongMs, troubles }) => {
      const script = [
        ...(startsWrongMs === 0 ? [] : quiet(8, { machineMs: startsWrongMs })),
        ...quiet(10, { machineMs: 0 }),
        ...troubles.flatMap((each) => [...TROUBLES[each.what](each), ...quiet(4)]),
        ...quiet(80),
      ];
      const played = await play(script, { confirmed });
      // An old stray tick cannot be told from a delayed one: it is stored at the time that it states.
      holds(played);
      const whole = readAll(played).sorted;
      for (const cut of cuts) expect(readAll(played, cut % played.lines.length).sorted).toEqual(whole);
    }),
    { numRuns: 25 },
  );
}, 120_000);

test('what waits for a word of the clock waits over a stop, and no longer than to the last line of all', async () => {
  const script = quiet(5);
  script.push({
    ticks: [
      { symbol: 'BHP', offMs: -25 * 60_000 },
      { symbol: 'EURUSD', atMs: 800 },
    ],
  });
  const { lines, memory, sent } = await play(script);
  const after = (n: number, data: object): Line => {
    const tsRecv = (lines.at(-1)?.tsRecv ?? 0) + n;
    const none = { mark: null, frame: null, frameKind: null };
    return { ...none, conn: 1, tsRecv, event: 'stop', data } as Line;
  };
  const reader = new TapeReader({ account: 'demo', replayed: false, state: null, decided: () => memory });
  const first = reader.read([...lines, after(1, {})]);
  expect([reader.isSettled, first.rows.ticks.length]).toEqual([false, sent.length - 2]);
  const last = reader.read([after(2, LAST_STOP)]);
  expect([reader.isSettled, last.hold, last.rows.ticks.length]).toEqual([true, null, 2]);
  expect(last.rows.ticks.map(({ quality }) => quality)).toEqual(['late', null]);
});
