// Every state against every input, as one table. A pair that is not in the table must be ignored: same phase, no effect.

import { describe, expect, test } from 'vitest';
import { ackOf, beatOf, EUR, GBP, SessionRig, tickOf } from '../../testing/session-rig.ts';
import type { SessionInput } from './session.ts';

const states = {
  new: () => new SessionRig(),
  delayed: () => {
    const rig = new SessionRig();
    rig.input({ type: 'start', delayMs: 5000 });
    return rig;
  },
  connecting: () => {
    const rig = new SessionRig();
    rig.input({ type: 'start', delayMs: 0 });
    return rig;
  },
  subscribing: () => new SessionRig().open(),
  live: () => new SessionRig().live(),
  stalled: () => {
    const rig = new SessionRig().live();
    rig.advance(3001);
    return rig;
  },
  backing_off: () => {
    const rig = states.connecting();
    rig.input(inputs.refused);
    return rig;
  },
  contended: () => {
    const rig = new SessionRig({ limits: { contendedAfter: 1 } }).live();
    rig.input(inputs.closed);
    return rig;
  },
  pausing: () => {
    const rig = new SessionRig().live();
    rig.input(inputs.pause_intake);
    return rig;
  },
  paused: () => {
    const rig = states.pausing();
    rig.input(inputs.closed);
    return rig;
  },
  cutting: () => {
    const rig = states.connecting();
    rig.advance(10_000);
    return rig;
  },
  ending: () => {
    const rig = new SessionRig().live();
    rig.input(inputs.close);
    return rig;
  },
  closed: () => {
    const rig = states.ending();
    rig.input(inputs.closed);
    return rig;
  },
};

const inputs = {
  start: { type: 'start', delayMs: 0 },
  opened: { type: 'opened' },
  refused: { type: 'refused', status: 503, reason: 'HTTP 503', retryAfterMs: null },
  closed: { type: 'closed', code: 1012, reason: 'restart' },
  frame: { type: 'frame', message: tickOf('EURUSD') },
  tick: { type: 'tick' },
  flow: { type: 'flow', paused: true },
  want: { type: 'want', subscriptions: [EUR, GBP] },
  pause_intake: { type: 'pause_intake', reason: 'TAPE_FULL' },
  resume_intake: { type: 'resume_intake' },
  close: { type: 'close' },
} as const satisfies Record<string, SessionInput>;

type State = keyof typeof states;
type Input = keyof typeof inputs;

const connect = ['connecting', '→ connect'];
const stopped = ['→ close 1000 intake paused: TAPE_FULL'];

// from, input → phase shown afterwards, effects in order
const table: readonly (readonly [State, Input, string, readonly string[]])[] = [
  ['new', 'start', 'connecting', connect],
  ['new', 'close', 'closed', ['→ end']],
  ['delayed', 'start', 'connecting', connect],
  ['delayed', 'close', 'closed', ['→ end']],

  [
    'connecting',
    'opened',
    'subscribing',
    [
      'connected',
      'subscribing terminal',
      '→ subscribe terminal',
      'subscribing prices EURUSD',
      '→ subscribe prices EURUSD',
    ],
  ],
  ['connecting', 'refused', 'backing_off', ['refused 503: HTTP 503', 'backing_off 375: HTTP 503']],
  ['connecting', 'pause_intake', 'paused', ['→ terminate']],
  ['connecting', 'close', 'closed', ['→ terminate']],

  ['subscribing', 'frame', 'subscribing', ['subscribed prices EURUSD by frame']],
  ['subscribing', 'closed', 'backing_off', ['disconnected 1012: restart', 'backing_off 375: restart']],
  ['subscribing', 'pause_intake', 'paused', stopped],
  ['subscribing', 'close', 'closed', ['→ close 1000 closed by the caller']],

  ['live', 'closed', 'backing_off', ['disconnected 1012: restart', 'backing_off 188: restart']],
  ['live', 'want', 'subscribing', ['subscribing prices GBPUSD', '→ subscribe prices GBPUSD']],
  ['live', 'pause_intake', 'paused', stopped],
  ['live', 'close', 'closed', ['→ close 1000 closed by the caller']],

  ['stalled', 'frame', 'stalled', ['subscribed prices EURUSD by frame']],
  ['stalled', 'closed', 'backing_off', ['disconnected 1012: restart', 'backing_off 188: restart']],
  ['stalled', 'pause_intake', 'paused', stopped],
  ['stalled', 'close', 'closed', ['→ close 1000 closed by the caller']],

  ['backing_off', 'pause_intake', 'paused', []],
  ['backing_off', 'close', 'closed', ['→ end']],
  ['contended', 'pause_intake', 'paused', []],
  ['contended', 'close', 'closed', ['→ end']],

  ['pausing', 'closed', 'paused', ['disconnected 1012: intake paused: TAPE_FULL']],
  ['pausing', 'resume_intake', 'backing_off', []],
  ['pausing', 'close', 'closed', []],
  // The answer to an attempt that was given up comes after all: it is a connection, and it is ended.
  ['pausing', 'opened', 'paused', ['connected', '→ close 1000 intake paused: TAPE_FULL']],
  ['pausing', 'refused', 'paused', ['refused 503: intake paused: TAPE_FULL']],

  ['paused', 'resume_intake', 'connecting', connect],
  ['paused', 'close', 'closed', ['→ end']],

  [
    'cutting',
    'refused',
    'backing_off',
    [
      'refused 503: no answer to the upgrade within 10000 ms',
      'backing_off 375: no answer to the upgrade within 10000 ms',
    ],
  ],
  [
    'cutting',
    'opened',
    'backing_off',
    ['connected', '→ close 1000 no answer to the upgrade within 10000 ms'],
  ],
  [
    'cutting',
    'closed',
    'backing_off',
    [
      'disconnected 1012: no answer to the upgrade within 10000 ms',
      'backing_off 375: no answer to the upgrade within 10000 ms',
    ],
  ],
  ['cutting', 'pause_intake', 'paused', []],
  ['cutting', 'close', 'closed', []],

  ['ending', 'closed', 'closed', ['disconnected 1012: closed by the caller', '→ end']],
  ['ending', 'opened', 'closed', ['connected', '→ close 1000 closed by the caller']],
  ['ending', 'refused', 'closed', ['refused 503: closed by the caller', '→ end']],
];

describe.each(Object.keys(states) as State[])('%s', (from) => {
  test.each(Object.keys(inputs) as Input[])('%s', (name) => {
    const rig = states[from]();
    const before = rig.phase;
    const row = table.find(([state, input]) => state === from && input === name);
    const effects = rig.input(inputs[name]);
    expect([rig.phase, effects]).toEqual(row === undefined ? [before, []] : [row[2], row[3]]);
  });
});

// What time alone does: state, how long, then the phase and the effects.
const clockwork: readonly (readonly [State, number, string, readonly string[]])[] = [
  ['delayed', 4999, 'idle', []],
  ['delayed', 5000, 'connecting', connect],
  ['connecting', 9999, 'connecting', []],
  ['connecting', 10_000, 'backing_off', ['→ terminate']],
  ['backing_off', 374, 'backing_off', []],
  ['backing_off', 375, 'connecting', connect],
  ['contended', 62_999, 'contended', []],
  ['contended', 63_000, 'connecting', connect],
  ['pausing', 1999, 'paused', []],
  ['pausing', 2000, 'paused', ['→ terminate']],
  ['paused', 600_000, 'paused', []],
  ['ending', 1999, 'closed', []],
  ['ending', 2000, 'closed', ['→ terminate']],
  ['closed', 600_000, 'closed', []],
  ['live', 3000, 'live', ['→ ping']],
  [
    'live',
    3001,
    'stalled',
    [
      '→ ping',
      'heartbeat_lost 3001',
      'resubscribing: stalled',
      'subscribing terminal',
      '→ subscribe terminal',
      'subscribing prices EURUSD',
      '→ subscribe prices EURUSD',
    ],
  ],
];

test.each(clockwork)('%s for %i ms', (from, ms, phase, effects) => {
  const rig = states[from]();
  const words = rig.advance(ms);
  expect([rig.phase, words]).toEqual([phase, effects]);
});

test('a pause in the delay before the first attempt holds it back', () => {
  const rig = states.delayed();
  expect(rig.input(inputs.pause_intake)).toEqual([]);
  expect(rig.advance(60_000)).toEqual([]);
  expect(rig.phase).toBe('paused');
  expect(rig.input(inputs.resume_intake)).toEqual(connect);
});

test('a pause that is taken back while the socket closes ends in a new attempt', () => {
  const rig = states.pausing();
  rig.input(inputs.resume_intake);
  expect(rig.input(inputs.closed)).toEqual([
    'disconnected 1012: intake paused: TAPE_FULL',
    'backing_off 188: intake paused: TAPE_FULL',
  ]);
  expect(rig.advance(200)).toEqual(connect);
});

test('a new connection begins with nothing of the old one', () => {
  const rig = states.live();
  rig.input(inputs.want);
  rig.frame(ackOf('prices'), beatOf(false));
  rig.input(inputs.closed);
  rig.advance(1000);
  const words = rig.input(inputs.opened);
  expect(rig.state).toMatchObject({ conn: 2, subscribed: [], failed: [], heartbeatAgoMs: null });
  expect(words.filter((word) => word.startsWith('→'))).toEqual([
    '→ subscribe terminal',
    '→ subscribe prices EURUSD',
  ]);
  // `connected: true` after the old connection's `false` is no return of the broker.
  expect(rig.frame(beatOf(true)).filter((word) => word.startsWith('resubscribing'))).toEqual([]);
});
