// Every phase of a stream's account against everything that may happen to it, as one table. What a pair does is in the notes.

import { describe, expect, test } from 'vitest';
import type { LedgerNotes } from './ledger-notes.ts';
import { emptyLedger, type StreamAccount } from './ledger-state.ts';
import { StreamGaps } from './stream-gaps.ts';
import type { StreamEvent, StreamPhase } from './stream-transitions.ts';
import { EUR } from '../../testing/tape-script.ts';
import { brokerMs } from '../time/time.ts';
import type { Instant } from './bound.ts';

const MARGIN = 2000;
const us = (seconds: number): number => seconds * 1e6;
const instant = (seconds: number): Instant => ({
  brokerMs: brokerMs(seconds * 1000),
  resolutionMs: 1,
  recvUs: us(seconds),
  pass: null,
});

class Rig {
  readonly state = emptyLedger();
  readonly book = new StreamGaps('demo', this.state, () => ({ marginMs: MARGIN, delayMs: 0 }));
  notes: LedgerNotes = { gaps: [], coverage: [] };
  readonly stream: StreamAccount;

  constructor() {
    this.turn(100);
    this.state.clean = instant(99);
    this.stream = this.book.begin(EUR, { cause: 'not_subscribed', evidence: 'new' });
  }

  turn(seconds: number): void {
    this.notes = { gaps: [], coverage: [] };
    this.book.turnTo(us(seconds), this.notes);
  }

  /** At a second; the last clean heartbeat was one before, or is this one. */
  happens(event: StreamEvent, seconds: number): this {
    this.turn(seconds);
    this.state.clean = instant(event === 'heartbeat' ? seconds : seconds - 1);
    this.book.happened(this.stream, event, { cause: 'disconnect', evidence: 'test' });
    return this;
  }

  get phase(): string {
    return this.state.streams.size === 0 ? 'gone' : this.stream.phase;
  }

  /** The notes of the last event, in seconds of the broker's clock. */
  get words(): string[] {
    const at = (bound: LedgerNotes['coverage'][number]['to']): string => {
      if ('at' in bound) return String((bound.at.brokerMs + bound.byMs) / 1000);
      if ('utcUs' in bound) return `ours ${bound.utcUs / 1e6}`;
      return 'latest' in bound ? `latest of ${bound.latest.map(at).join(', ')}` : 'earliest';
    };
    return [
      ...this.notes.gaps.map(({ event, gap, to }) =>
        `${event} ${at(gap.from)} ${to === null ? '' : at(to)}`.trim(),
      ),
      ...this.notes.coverage.map(({ from, to }) => `covered ${at(from)} ${at(to)}`),
    ];
  }
}

const phases: Record<StreamPhase, () => Rig> = {
  down: () => new Rig(),
  unsure: () => new Rig().happens('damaged', 110),
  proving: () => new Rig().happens('acknowledged', 110),
  live: () => new Rig().happens('acknowledged', 110).happens('heartbeat', 112),
};

const events: readonly StreamEvent[] = [
  'lost',
  'lost_unseen',
  'doubted',
  'damaged',
  'asked',
  'acknowledged',
  'listed',
  'heartbeat',
  'retired',
];

const opened = ['opened 117', 'covered 114.001 117'];
const closed = ['ended 97 latest of 97, latest of 120.001, ours 120'];

// phase, event → phase afterwards, what is noted. A pair that is not here leaves the phase and notes nothing.
const table: readonly (readonly [StreamPhase, StreamEvent, StreamPhase | 'gone', readonly string[]])[] = [
  ['down', 'lost_unseen', 'unsure', []],
  ['down', 'damaged', 'unsure', []],
  ['down', 'acknowledged', 'proving', []],
  ['down', 'retired', 'gone', closed],

  ['unsure', 'lost', 'down', []],
  ['unsure', 'asked', 'down', []],
  ['unsure', 'acknowledged', 'proving', []],
  ['unsure', 'listed', 'proving', []],
  ['unsure', 'retired', 'gone', closed],

  ['proving', 'lost', 'down', []],
  ['proving', 'lost_unseen', 'unsure', []],
  ['proving', 'heartbeat', 'live', ['ended 97 122.001']],
  ['proving', 'retired', 'gone', closed],

  ['live', 'lost', 'down', opened],
  ['live', 'lost_unseen', 'unsure', opened],
  ['live', 'doubted', 'proving', opened],
  ['live', 'damaged', 'proving', opened],
  ['live', 'heartbeat', 'live', ['covered 114.001 118']],
  [
    'live',
    'retired',
    'gone',
    ['opened 117', 'ended 117 latest of 117, latest of 120.001, ours 120', 'covered 114.001 117'],
  ],
];

describe.each(Object.keys(phases) as StreamPhase[])('%s', (from) => {
  test.each(events)('%s', (event) => {
    const rig = phases[from]();
    expect(rig.phase).toBe(from);
    rig.happens(event, 120);
    const row = table.find(([phase, name]) => phase === from && name === event);
    expect([rig.phase, rig.words]).toEqual(row === undefined ? [from, []] : [row[2], row[3]]);
    // A gap is open in every phase but `live`.
    if (rig.phase !== 'gone') expect(rig.stream.gap === null).toBe(rig.phase === 'live');
  });
});

test('a gap that is open begins earlier when more turns out to be missing, and never later', () => {
  const rig = phases.live().happens('doubted', 120);
  for (const [seconds, noted] of [
    [90, true],
    [116, false],
  ] as const) {
    rig.turn(121);
    const since = { at: instant(seconds), byMs: -MARGIN };
    rig.book.happened(rig.stream, 'doubted', { cause: 'server_dropped', evidence: '', since });
    expect(rig.notes.gaps.map(({ event }) => event)).toEqual(noted ? ['opened'] : []);
  }
  expect(rig.happens('heartbeat', 125).notes.gaps[0]?.gap.from).toEqual({
    earliest: [
      { at: instant(119), byMs: -MARGIN },
      { at: instant(90), byMs: -MARGIN },
    ],
  });
});
