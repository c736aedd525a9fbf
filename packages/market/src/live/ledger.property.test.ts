// Whatever happens in whatever order: each moment of a configured stream is covered or lies in a gap, what may be missing lies in a gap, and
// a fold that goes on from any saved state says the same. What may be missing is worked out a second time here, without phases.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boundUtcUs } from './bound.ts';
import { emptyLedger, loadLedger, saveLedger } from './ledger-state.ts';
import type { LedgerNotes } from './ledger-notes.ts';
import { type Range, subtract, unite } from '../time/ranges.ts';
import { streamId, type StreamKey, topicOfStream } from '../tables/stream-key.ts';
import { BARS, EUR, JUNK, readOn, run, type ScriptLine, TapeScript, XAU } from '../../testing/tape-script.ts';
import { kindOfMark } from './mark.ts';

const ALL: readonly StreamKey[] = [EUR, XAU, BARS];
/** A start in the middle of nothing, and minutes before each switch of New York. */
const CLOCKS = [
  { rule: 'UTC', start: '2026-06-23T12:00:00.000Z' },
  { rule: 'America/New_York+7h', start: '2026-11-01T05:55:00.000Z' },
  { rule: 'America/New_York+7h', start: '2026-03-08T06:55:00.000Z' },
] as const;
const NEVER = Number.MAX_SAFE_INTEGER;

const words = [
  'recover',
  'recover',
  'recover',
  'beats',
  'beats',
  'beat',
  'late',
  'frozen',
  'beats',
  'ack',
  'ack',
  'ackAll',
  'ackAll',
  'drop',
  'blindDrop',
  'refused',
  'asks',
  'failed',
  'audit',
  'auditMissing',
  'warn',
  'silence',
  'brokerDown',
  'start',
  'stop',
  'tick',
  'twin',
  'lateTick',
  'badTick',
  'junk',
  'damage',
  'configure',
] as const;
interface Step {
  readonly word: (typeof words)[number];
  /** Deciseconds before it. */
  readonly after: number;
  readonly n: number;
}
const steps = fc.array(
  fc.record<Step>({
    word: fc.constantFrom(...words),
    after: fc.oneof(fc.nat(30), fc.nat(400)),
    n: fc.integer({ min: 1, max: 50 }),
  }),
  { maxLength: 60 },
);

const played = (clock: (typeof CLOCKS)[number], story: readonly Step[]): TapeScript => {
  const script = new TapeScript(clock).event({ event: 'start', data: null }).configured(ALL);
  script.event({ event: 'connected', data: null });
  let s = 0;
  for (const { after, n, word } of story) {
    s += after / 10;
    script.at(s);
    const key = ALL[n % ALL.length] as StreamKey;
    const sub = topicOfStream(key);
    switch (word) {
      case 'beats':
        script.beats(s, s + n);
        s += n;
        break;
      case 'recover':
        script.acks(...ALL.map(topicOfStream)).beats(s, s + 5 * n);
        s += 5 * n;
        break;
      case 'asks':
        script.event({ event: 'subscribing', data: { sub } });
        break;
      case 'ack':
        script.acks(sub);
        break;
      case 'ackAll':
        script.acks(...ALL.map(topicOfStream));
        break;
      case 'drop':
      case 'blindDrop':
        script.drops(s, word === 'drop');
        break;
      case 'refused':
        script.event({ event: 'refused', data: { reason: 'HTTP 503' } });
        break;
      case 'failed':
        script.event({ event: 'subscribe_failed', data: { sub, message: 'no such symbol' } });
        break;
      case 'audit':
      case 'auditMissing':
        script.event({ event: 'audit', data: { missing: word === 'audit' ? [] : [sub] } });
        break;
      case 'warn':
        script.frame({ type: 'warning', dropped: n });
        break;
      case 'silence':
        script.event({ event: 'heartbeat_lost', data: { silentMs: 3001 } });
        break;
      case 'brokerDown':
        script.beat(s, 'clean', false);
        break;
      case 'start':
      case 'stop':
        script.event({ event: word, data: null });
        break;
      case 'tick':
        script.tick('EURUSD', s);
        break;
      case 'twin':
        script.tick('EURUSD', s).tick('EURUSD', s, s, 'repeat');
        break;
      case 'lateTick':
        script.tick('EURUSD', s - n, s);
        break;
      case 'badTick':
        script.frame({ ...JUNK, type: 'undecodable', wireType: 'tick', symbol: 'XAUUSD' } as typeof JUNK);
        break;
      case 'junk':
        script.frame(JUNK);
        break;
      case 'damage':
        script.damage();
        break;
      case 'configure':
        script.configured(ALL.filter((_, i) => ((n >> i) & 1) === 0));
        break;
      default:
        script.beat(s, word === 'beat' ? 'clean' : word);
    }
  }
  // In the end all is well again.
  script.drops(s + 1).acks(...ALL.map(topicOfStream));
  return script.beats(s + 2, s + 20);
};

interface Life {
  /** From the configuration to the retiring. */
  readonly life: Range;
  readonly missing: Range[];
}

/** What may be missing of one stream in each of its lives, by nothing but what stands on the lines. */
const livesOf = (key: StreamKey, lines: readonly ScriptLine[]): Life[] => {
  const lives: Life[] = [];
  let life: { fromUs: number; missing: Range[] } | null = null;
  let conn = 0;
  let clean: number | null = null;
  let brokerUp = true;
  let subscribed = false;
  let unsure = false;
  let soundFrom: number | null = null;
  let proved: number | null = null;
  let missingFrom: number | null = null;
  const lacks = (fromUs: number | null): void => {
    if (fromUs !== null) missingFrom = Math.min(missingFrom ?? fromUs, fromUs);
  };
  const lost = (sinceUs = clean): void => {
    lacks(sinceUs);
    subscribed = false;
    unsure = false;
    proved = null;
    soundFrom = null;
  };
  const is = (topic: { topic: string; symbol?: string | undefined }): boolean =>
    topic.topic === topicOfStream(key).topic && topic.symbol === (key.symbol ?? undefined);
  for (const line of lines) {
    const { data, event, message, tsRecv } = line as ScriptLine & { data: Record<string, unknown> };
    if (line.damage === true) {
      lacks(clean);
      if (!subscribed) unsure = true;
      continue;
    }
    if (line.conn !== conn) {
      if (conn !== 0) lost();
      unsure = conn !== 0 && event !== 'connected';
      conn = line.conn;
      brokerUp = true;
    }
    if (['start', 'stop', 'disconnected', 'refused', 'heartbeat_lost'].includes(event ?? '')) lost();
    if (event === 'subscribing' && is(data['sub'] as never)) unsure = false;
    if (event === 'subscribed' && is(data['sub'] as never)) {
      if (!subscribed) proved = null;
      subscribed = true;
      unsure = false;
    }
    if (event === 'subscribe_failed' && is(data['sub'] as never)) lost(proved ?? clean);
    if (event === 'audit') {
      if ((data['missing'] as { topic: string; symbol?: string }[]).some(is)) lost(proved ?? clean);
      else if (unsure) {
        subscribed = true;
        unsure = false;
      } else if (subscribed && missingFrom === null) proved = clean;
    }
    if (event === 'configured') {
      const wanted = (data['streams'] as StreamKey[]).some((each) => streamId(each) === streamId(key));
      if (wanted && life === null) {
        lost();
        life = { fromUs: tsRecv, missing: [] };
        missingFrom = tsRecv;
      } else if (!wanted && life !== null) {
        life.missing.push({ fromUs: missingFrom ?? clean ?? life.fromUs, toUs: tsRecv });
        lives.push({ life: { fromUs: life.fromUs, toUs: tsRecv }, missing: life.missing });
        life = null;
      }
    }
    if (message?.type === 'warning' && soundFrom !== null)
      lacks(Math.max(soundFrom, (clean ?? tsRecv) - 60_000_000));
    // A second tick like the one right before it, or a snapshot: nobody can tell.
    if (message?.type === 'tick' && line.mark === 'repeat' && key === EUR && missingFrom === null) {
      const fromUs = Math.floor(tsRecv / 1000) * 1000;
      life?.missing.push({ fromUs, toUs: fromUs + 1 });
    }
    if (message?.type === 'undecodable') {
      const all = message.wireType === null;
      if (all || (key.stream === 'ticks' && key.symbol === message.symbol)) lacks(clean);
    }
    if (message?.type === 'terminal') {
      if (!message.data.connected || !brokerUp) lost();
      brokerUp = message.data.connected;
      if (brokerUp && kindOfMark(line.mark) === 'clean') {
        clean = tsRecv;
        if (subscribed && missingFrom !== null) {
          life?.missing.push({ fromUs: missingFrom, toUs: tsRecv });
          missingFrom = null;
          soundFrom = tsRecv;
          proved ??= tsRecv;
        }
      }
    }
  }
  if (life !== null && clean !== null) {
    if (missingFrom !== null) life.missing.push({ fromUs: missingFrom, toUs: NEVER });
    lives.push({ life: { fromUs: life.fromUs, toUs: NEVER }, missing: life.missing });
  }
  return lives;
};

/** What the notes say of one stream: as the database has it, the newest note of each gap and each range counts. */
const saidOf = (script: TapeScript, key: StreamKey, notes: LedgerNotes) => {
  const gaps = new Map<string, Range>();
  for (const { gap, key: of, to } of notes.gaps) {
    if (streamId(of) !== streamId(key)) continue;
    const toUs = to === null ? NEVER : boundUtcUs(to, script.rule);
    gaps.set(gap.id, { fromUs: boundUtcUs(gap.from, script.rule), toUs });
  }
  const covered = new Map<string, Range>();
  for (const { from, key: of, rangeId, to } of notes.coverage) {
    if (streamId(of) !== streamId(key)) continue;
    const range = { fromUs: boundUtcUs(from, script.rule), toUs: boundUtcUs(to, script.rule) };
    if (range.toUs > range.fromUs) covered.set(`${rangeId} ${range.fromUs}`, range);
  }
  return { gaps: unite(gaps.values()), covered: unite(covered.values()), each: [...gaps.values()] };
};

const seed = Date.now() % 1_000_000;

test('each moment of a configured stream is covered or in a gap, and what may be missing is in a gap', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CLOCKS), steps, (clock, story) => {
      const script = played(clock, story);
      const { ledger, notes } = run(script);
      const told = (ranges: readonly Range[]): string[] =>
        ranges.map(
          ({ fromUs, toUs }) =>
            `${fromUs / 1e6 - script.startMs / 1000} ${toUs / 1e6 - script.startMs / 1000}`,
        );
      for (const { gap, phase } of ledger.state.streams.values())
        expect([phase, gap]).toEqual(['live', null]);
      for (const key of ALL) {
        const { covered, each, gaps } = saidOf(script, key, notes);
        for (const { fromUs, toUs } of each) expect(toUs).toBeGreaterThanOrEqual(fromUs);
        for (const { life, missing } of livesOf(key, script.lines)) {
          expect(told(subtract(missing, gaps)), `missing of ${streamId(key)} and in no gap`).toEqual([]);
          if (key === BARS) {
            expect(covered).toEqual([]);
            continue;
          }
          // A stream that is live is claimed up to a while ago.
          const live = life.toUs === NEVER && ledger.state.streams.get(streamId(key))?.gap === null;
          const toUs = live ? Math.max(...[...gaps, ...covered].map((range) => range.toUs)) : life.toUs;
          const whole = subtract([{ fromUs: life.fromUs, toUs }], [...gaps, ...covered]);
          expect(told(whole), `neither covered nor missing of ${streamId(key)}`).toEqual([]);
        }
      }
      const ended = notes.gaps.filter(({ event }) => event === 'ended').map(({ gap }) => gap.id);
      expect(new Set(ended).size).toBe(ended.length);
    }),
    { seed, numRuns: 1500 },
  );
});

test('reading on from any saved state says the same as reading through', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CLOCKS), steps, fc.nat(), (clock, story, cut) => {
      const script = played(clock, story);
      const whole = run(script);
      const at = cut % (script.lines.length + 1);
      const first = readOn(emptyLedger(), script.lines.slice(0, at));
      const saved: unknown = JSON.parse(JSON.stringify(saveLedger(first.ledger.state)));
      const rest = readOn(loadLedger(saved), script.lines.slice(at));
      expect([...first.notes.gaps, ...rest.notes.gaps]).toEqual(whole.notes.gaps);
      expect([...first.notes.coverage, ...rest.notes.coverage]).toEqual(whole.notes.coverage);
      expect(saveLedger(rest.ledger.state)).toEqual(saveLedger(whole.ledger.state));
    }),
    { seed, numRuns: 500 },
  );
});
