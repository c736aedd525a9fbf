// What a session does over time: hearts that stop, audits, brokers that come back, evictions. The table of single steps is in
// session-transitions.test.ts.

import { expect, test } from 'vitest';
import { ackOf, beatOf, EUR, GBP, SessionRig, tickOf } from '../../testing/session-rig.ts';
import type { Subscription } from './subscription.ts';

const closed = { type: 'closed', code: null, reason: 'gone' } as const;
const opened = { type: 'opened' } as const;
const only = (words: readonly string[], start: string): string[] =>
  words.filter((word) => word.startsWith(start));

test.each([
  [401, 'HTTP 401: MRPC_UNAUTHORIZED: missing or invalid API key'],
  [502, 'HTTP 502: Bad Gateway'],
  [503, 'HTTP 503: restarting'],
  [null, 'ECONNREFUSED'],
])(
  'an upgrade refused with %s is tried for ever, each time later, with its reason to be seen',
  (status, reason) => {
    const rig = new SessionRig();
    rig.input({ type: 'start', delayMs: 0 });
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 40; attempt++) {
      const words = rig.input({ type: 'refused', status, reason, retryAfterMs: null });
      expect(words[0]).toBe(`refused ${status}: ${reason}`);
      expect(rig.state).toMatchObject({ phase: 'backing_off', reason, attempts: attempt, conn: 0 });
      const wait = Number(/^backing_off (\d+): /.exec(words[1] ?? '')?.[1]);
      waits.push(wait);
      expect(rig.advance(wait)).toEqual(['connecting', '→ connect']);
    }
    expect(waits.slice(0, 7)).toEqual([375, 750, 1500, 3000, 6000, 7500, 7500]);
    expect(Math.max(...waits)).toBe(7500);
  },
);

test('a back-off is at least half of its step and never more than it, whatever the dice say', () => {
  for (const [random, ms] of [
    [() => 0, 250],
    [() => 0.999_999, 500],
  ] as const) {
    const rig = new SessionRig({ random });
    rig.input({ type: 'start', delayMs: 0 });
    expect(rig.input({ type: 'refused', status: 503, reason: 'no', retryAfterMs: null })[1]).toBe(
      `backing_off ${ms}: no`,
    );
  }
});

test('Retry-After of a refusal is honoured up to five minutes', () => {
  const rig = new SessionRig();
  rig.input({ type: 'start', delayMs: 0 });
  const refuse = (retryAfterMs: number) =>
    rig.input({ type: 'refused', status: 429, reason: 'slow down', retryAfterMs })[1];
  expect(refuse(12_000)).toBe('backing_off 12000: slow down');
  rig.advance(12_000);
  expect(refuse(86_400_000)).toBe('backing_off 300000: slow down');
});

test('a connection that proved itself sets the back-off to its beginning', () => {
  const rig = new SessionRig();
  rig.input({ type: 'start', delayMs: 0 });
  for (let i = 0; i < 6; i++) {
    rig.input({ type: 'refused', status: 503, reason: 'no', retryAfterMs: null });
    rig.advance(10_000);
  }
  rig.input(opened);
  rig.acknowledgeAll();
  expect(rig.state.attempts).toBe(0);
  expect(only(rig.input(closed), 'backing_off')).toEqual(['backing_off 188: gone']);
});

test('a connection that ended before anything was confirmed counts as a failed attempt', () => {
  const rig = new SessionRig().open();
  expect(only(rig.input(closed), 'backing_off')).toEqual(['backing_off 375: gone']);
  rig.advance(375);
  rig.input(opened);
  expect(only(rig.input(closed), 'backing_off')).toEqual(['backing_off 750: gone']);
});

test('the list is asked after each round and every 60 s, and says so also when all is well', () => {
  const rig = new SessionRig().open();
  expect(rig.frame(ackOf('terminal'), ackOf('prices'))).toEqual([
    'subscribed terminal by ack',
    'subscribed prices EURUSD by ack',
    '→ list',
  ]);
  expect(rig.list({ topic: 'terminal' }, EUR)).toEqual(['audit missing [] extra []']);
  expect(rig.phase).toBe('live');
  for (let minute = 1; minute <= 3; minute++) {
    expect(only(rig.advanceBeating(60_000), '→ list')).toEqual(['→ list']);
    rig.list({ topic: 'terminal' }, EUR);
  }
});

test('what the audit misses is subscribed again, and the audit repeated', () => {
  const rig = new SessionRig().live();
  rig.advanceBeating(60_000);
  expect(rig.list({ topic: 'terminal' })).toEqual([
    'audit missing [prices EURUSD] extra []',
    'resubscribing: audit',
    'subscribing prices EURUSD',
    '→ subscribe prices EURUSD',
  ]);
  expect(rig.phase).toBe('subscribing');
  expect(rig.frame(ackOf('prices'))).toEqual(['subscribed prices EURUSD by ack', '→ list']);
  expect(rig.list({ topic: 'terminal' }, EUR)).toEqual(['audit missing [] extra []']);
  expect(rig.phase).toBe('live');
});

test('acknowledged and still not listed: failed, and tried again with the next audit', () => {
  const rig = new SessionRig().open();
  rig.frame(ackOf('terminal'), ackOf('prices'));
  rig.list({ topic: 'terminal' });
  rig.frame(ackOf('prices'));
  expect(rig.list({ topic: 'terminal' })).toEqual([
    'audit missing [prices EURUSD] extra []',
    'subscribe_failed prices EURUSD: acknowledged, but not in the list of subscriptions',
  ]);
  expect(rig.state.failed).toEqual([
    { sub: EUR, message: 'acknowledged, but not in the list of subscriptions' },
  ]);
  const words = rig.advanceBeating(60_000).filter((word) => word !== '→ ping');
  expect(only(words, '→ ')).toEqual(['→ list', '→ subscribe prices EURUSD']);
});

test('a list that never shows what is acknowledged and flows is asked for no more than three times a minute', () => {
  const rig = new SessionRig().open();
  rig.frame(ackOf('terminal'), ackOf('prices'));
  const words: string[] = [];
  const answer = (said: readonly string[]): void => {
    words.push(...said);
    for (const word of said) {
      if (word === '→ list') answer(rig.list({ topic: 'terminal' }));
      if (word === '→ subscribe prices EURUSD') answer(rig.frame(ackOf('prices')));
    }
  };
  answer(rig.list({ topic: 'terminal' }));
  for (let i = 0; i < 200 * 180; i++) {
    answer(rig.advance(5));
    answer(rig.frame(tickOf('EURUSD'), ...(i % 200 === 0 ? [beatOf()] : [])));
  }
  expect(only(words, '→ list').length).toBeLessThanOrEqual(5);
  // Its data are better evidence than the list: it failed once, and is live ever since.
  expect(only(words, 'subscribe_failed').length).toBe(1);
  expect(only(words, 'resubscribing').length).toBe(1);
  expect(rig.phase).toBe('live');
});

test('data that prove failed symbols right, one after the other, ask for no list each', () => {
  const subscriptions = Array.from(
    { length: 40 },
    (_, i): Subscription => ({ topic: 'prices', symbol: `S${i}` }),
  );
  const rig = new SessionRig({ subscriptions }).open();
  rig.frame(ackOf('terminal'));
  for (let i = 0; i < 40; i++) rig.frame({ type: 'error', topic: 'prices', message: 'no' });
  const words = subscriptions.flatMap(({ symbol }) => rig.frame(tickOf(symbol ?? '')));
  expect(only(words, 'subscribed').length).toBe(40);
  expect(only(words, '→ list')).toEqual([]);
});

test.each([
  ['a list that misses another one each time', true],
  ['lists that are never right', false],
])('%s: no more than three a minute', (_name, turns) => {
  const rig = new SessionRig({ subscriptions: [EUR, GBP] }).open();
  let lists = 0;
  let atOnce = 0;
  const answer = (said: readonly string[]): void => {
    atOnce += 1;
    expect(atOnce).toBeLessThan(1000);
    for (const word of said) {
      if (word === '→ list') {
        lists += 1;
        answer(rig.list({ topic: 'terminal' }, ...(turns ? [lists % 2 === 0 ? EUR : GBP] : [])));
      } else if (word.startsWith('→ subscribe')) answer(rig.frame(ackOf(word.split(' ')[2] ?? '')));
    }
  };
  answer(rig.frame(ackOf('terminal'), ackOf('prices'), ackOf('prices')));
  for (let second = 0; second < 600; second++) {
    atOnce = 0;
    answer(rig.advance(1000));
    answer(rig.frame(beatOf(), tickOf('EURUSD')));
  }
  expect(lists).toBeLessThanOrEqual(33);
});

test('subscriptions that change all the time: no more than three a minute', () => {
  const rig = new SessionRig({ subscriptions: [EUR] }).open();
  rig.frame(ackOf('terminal'), ackOf('prices'));
  let lists = 0;
  for (let second = 0; second < 120; second++) {
    const subscriptions: Subscription[] = second % 2 === 0 ? [EUR, GBP] : [EUR];
    const words = [
      ...rig.input({ type: 'want', subscriptions }),
      ...(second % 2 === 0
        ? rig.frame(ackOf('prices'))
        : rig.frame({ type: 'unsubscribed', topic: 'prices', message: '' })),
      ...rig.advance(1000),
      ...rig.frame(beatOf()),
    ];
    lists += only(words, '→ list').length;
    if (only(words, '→ list').length > 0) rig.list({ topic: 'terminal' }, ...subscriptions);
  }
  expect(lists).toBeGreaterThan(1);
  expect(lists).toBeLessThanOrEqual(9);
});

test('a list that spells a symbol in another way is about the same symbol', () => {
  const bars: Subscription = { topic: 'bars', symbol: 'XAUUSD.m', timeframe: 'M1' };
  const rig = new SessionRig({ subscriptions: [EUR, bars] }).open();
  rig.frame(ackOf('terminal'), ackOf('prices'), ackOf('bars'));
  expect(
    rig.list(
      { topic: 'terminal' },
      { topic: 'prices', symbol: 'eurusd' },
      { topic: 'bars', symbol: 'xauusd.M', timeframe: 'm1' },
    ),
  ).toEqual(['audit missing [] extra []']);
  expect(rig.phase).toBe('live');
});

test('two symbols that differ in the case of letters alone are two symbols', () => {
  const small: Subscription = { topic: 'prices', symbol: 'eurusd' };
  const rig = new SessionRig({ subscriptions: [EUR, small] }).open();
  rig.frame(ackOf('terminal'), ackOf('prices'), ackOf('prices'));
  expect(rig.list({ topic: 'terminal' }, EUR)[0]).toBe('audit missing [prices eurusd] extra []');
});

test('a list with rows that cannot be read proves nothing: nobody is missing, nothing is asked again', () => {
  const rig = new SessionRig().open();
  rig.frame(ackOf('terminal'), ackOf('prices'));
  expect(rig.frame({ type: 'subscriptions', data: [{ topic: 'terminal' }], unreadable: 1 })).toEqual([]);
  expect(rig.state).toMatchObject({ phase: 'live', listUnanswered: 1, failed: [] });
});

test('what the server has and nobody wants is unsubscribed, once in a connection', () => {
  const rig = new SessionRig().live();
  rig.advanceBeating(60_000);
  expect(rig.list({ topic: 'terminal' }, EUR, GBP)).toEqual([
    'audit missing [] extra [prices GBPUSD]',
    '→ unsubscribe prices GBPUSD',
  ]);
  expect(rig.frame({ type: 'unsubscribed', topic: 'prices', message: '' })).toEqual([
    'unsubscribed prices GBPUSD',
  ]);
  rig.advanceBeating(60_000);
  expect(rig.list({ topic: 'terminal' }, EUR, GBP)).toEqual(['audit missing [] extra [prices GBPUSD]']);
});

test('a confirmation that crossed the list on the wire is not missing in it', () => {
  const rig = new SessionRig().live();
  rig.advanceBeating(60_000);
  rig.input({ type: 'want', subscriptions: [EUR, GBP] });
  rig.frame(ackOf('prices'));
  expect(rig.list({ topic: 'terminal' }, EUR)[0]).toBe('audit missing [] extra []');
});

test('an unanswered list is counted and asked again in a minute', () => {
  const rig = new SessionRig().live();
  rig.advanceBeating(75_000);
  expect(rig.state.listUnanswered).toBe(1);
  expect(only(rig.advanceBeating(45_000), '→ list')).toEqual(['→ list']);
  rig.list({ topic: 'terminal' }, EUR);
  expect(rig.state.listUnanswered).toBe(0);
});

test('heartbeats less than three seconds apart are no break', () => {
  const rig = new SessionRig().live();
  for (let i = 0; i < 20; i++) {
    expect(only(rig.advance(2999), 'heartbeat')).toEqual([]);
    rig.frame(beatOf());
  }
  expect(rig.phase).toBe('live');
});

test('a broken heart: everything is subscribed again, more rarely while it lasts, and audited when it beats again', () => {
  const rig = new SessionRig().live();
  const ticking = (ms: number): string[] => {
    const words: string[] = [];
    for (let passed = 0; passed < ms; passed += 500) {
      words.push(...rig.advance(500), ...rig.frame(tickOf('EURUSD'), ackOf('terminal'), ackOf('prices')));
      rig.list({ topic: 'terminal' }, EUR);
    }
    return words;
  };
  const words = ticking(3500);
  expect(only(words, 'heartbeat_lost')).toEqual(['heartbeat_lost 3001']);
  expect(rig.phase).toBe('stalled');
  const later = ticking(120_000);
  expect(only(later, 'heartbeat_lost')).toEqual([]);
  // 6, 12, 24, 48, 60 s apart
  expect(only(later, 'resubscribing').length).toBe(4);
  expect(only(later, '→ terminate')).toEqual([]);
  const back = rig.frame(beatOf());
  expect(rig.phase).toBe('live');
  expect(back).toEqual(['→ list']);
});

test('a heartbeat that cannot be read beats all the same', () => {
  const rig = new SessionRig().live();
  for (let i = 0; i < 10; i++) {
    rig.advance(1000);
    rig.input({
      type: 'frame',
      message: {
        type: 'undecodable',
        reason: 'invalid',
        wireType: 'terminal',
        symbol: null,
        timeframe: null,
        detail: '',
      },
    });
  }
  expect(only(rig.words, 'heartbeat_lost')).toEqual([]);
});

test('the terminal lost its broker and has it again: everything is subscribed again', () => {
  const rig = new SessionRig().live();
  expect(rig.frame(beatOf(false))).toEqual([]);
  rig.advance(1000);
  expect(rig.frame(beatOf(false))).toEqual([]);
  expect(rig.frame(beatOf(true))).toEqual([
    'resubscribing: broker_back',
    'subscribing terminal',
    '→ subscribe terminal',
    'subscribing prices EURUSD',
    '→ subscribe prices EURUSD',
  ]);
  expect(rig.frame(beatOf(true))).toEqual(['subscribed terminal by frame']);
});

test('half-open: pings without an answer, then the connection is cut and a new one made', () => {
  const rig = new SessionRig().live();
  const words = rig.advance(10_000);
  expect(only(words, '→ ping').length).toBe(3);
  expect(words.at(-1)).toBe('→ terminate');
  expect(rig.nowMs).toBe(1_010_000);
  expect(rig.input(closed)).toEqual([
    'disconnected null: half-open connection: no byte for 10000 ms, ping unanswered',
    'backing_off 188: half-open connection: no byte for 10000 ms, ping unanswered',
  ]);
});

test('a pong alone keeps a silent connection; the terminal behind it is stalled', () => {
  const rig = new SessionRig().live();
  const words: string[] = [];
  for (let i = 0; i < 60; i++) {
    words.push(...rig.advance(1000));
    rig.session.heard(rig.nowMs);
  }
  expect(only(words, '→ terminate')).toEqual([]);
  expect(rig.phase).toBe('stalled');
});

test('a ping goes out every 20 s on a busy connection', () => {
  const rig = new SessionRig().live();
  expect(only(rig.advanceBeating(60_000), '→ ping').length).toBe(3);
});

test('nothing is judged while our own buffers stop the reading; then there is a second to hear something', () => {
  const rig = new SessionRig().live();
  rig.input({ type: 'flow', paused: true });
  expect(only(rig.advance(55_000), '→ terminate')).toEqual([]);
  rig.input({ type: 'flow', paused: false });
  expect(rig.advance(999)).toEqual(['→ ping']);
  expect(rig.phase).toBe('live');
  expect(rig.advance(1)).toEqual(['→ terminate']);
});

test('… and heartbeats that do not come in that second are a break', () => {
  const rig = new SessionRig().live();
  rig.input({ type: 'flow', paused: true });
  rig.advance(55_000);
  rig.input({ type: 'flow', paused: false });
  rig.frame(tickOf('EURUSD'));
  expect(only(rig.advance(1000), 'heartbeat_lost')).toEqual([]);
  expect(only(rig.advance(1), 'heartbeat_lost').length).toBe(1);
});

test('a process that was held up does not take its own absence for silence', () => {
  const rig = new SessionRig().live();
  rig.session.wakeAt();
  rig.nowMs += 30_000;
  expect(rig.input({ type: 'tick' })).toEqual(['→ ping']);
  expect(rig.phase).toBe('live');
});

test('three closes within 10 s of live: contended, slow; a connection that holds for 10 s is the way out', () => {
  const rig = new SessionRig();
  rig.input({ type: 'start', delayMs: 0 });
  const evicted = (heldMs: number): string[] => {
    rig.input(opened);
    rig.acknowledgeAll();
    rig.advanceBeating(heldMs);
    return rig.input(closed);
  };
  expect(evicted(9000)).toEqual(['disconnected null: gone', 'backing_off 188: gone']);
  rig.advance(188);
  expect(evicted(1000)[1]).toBe('backing_off 188: gone');
  rig.advance(188);
  expect(evicted(1000)).toEqual(['disconnected null: gone', 'contended', 'backing_off 63000: gone']);
  expect(rig.state).toMatchObject({
    phase: 'contended',
    reason: "another program uses this account's socket (gone)",
  });
  expect(rig.advance(62_999)).toEqual([]);
  rig.advance(1);
  expect(evicted(1000)).toContain('contended');
  rig.advance(63_000);
  // Refused on the way: no proof that the other one is gone.
  expect(rig.input({ type: 'refused', status: 503, reason: 'no', retryAfterMs: null })).toContain(
    'contended',
  );
  rig.advance(63_000);
  expect(evicted(10_000)).toEqual(['disconnected null: gone', 'backing_off 188: gone']);
  expect(rig.phase).toBe('backing_off');
});

test('connections that we end ourselves are no evictions', () => {
  const rig = new SessionRig();
  rig.input({ type: 'start', delayMs: 0 });
  for (let i = 0; i < 5; i++) {
    rig.input(opened);
    rig.acknowledgeAll();
    rig.input({ type: 'pause_intake', reason: 'TAPE_FULL' });
    rig.input(closed);
    rig.input({ type: 'resume_intake' });
  }
  expect(rig.words).not.toContain('contended');
});
