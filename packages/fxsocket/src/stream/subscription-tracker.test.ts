// One unanswered request per topic, and what each order of answer, data and silence means.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ackOf, beatOf, EUR, GBP, nameOf, SessionRig, tickOf } from '../../testing/session-rig.ts';
import type { Subscription } from './subscription.ts';

const JPY: Subscription = { topic: 'prices', symbol: 'USDJPY' };
const M1: Subscription = { topic: 'bars', symbol: 'EURUSD', timeframe: 'M1' };
const errorOf = (topic: string | null, message: string) => ({ type: 'error', topic, message }) as const;
const requests = (words: readonly string[]): string[] => words.filter((word) => word.startsWith('→ '));

test('the heartbeat first, then one request per topic; topics do not wait for each other', () => {
  const rig = new SessionRig({
    subscriptions: [EUR, GBP, M1, { topic: 'trades' }, { topic: 'positions' }, { topic: 'account' }],
  }).open();
  expect(requests(rig.words)).toEqual([
    '→ connect',
    '→ subscribe terminal',
    '→ subscribe account',
    '→ subscribe positions',
    '→ subscribe trades',
    '→ subscribe prices EURUSD',
    '→ subscribe bars EURUSD M1',
  ]);
  expect(requests(rig.frame(ackOf('prices')))).toEqual(['→ subscribe prices GBPUSD']);
});

// prices EURUSD was requested, GBPUSD waits behind it. Frames, then every word that follows.
test.each([
  [
    'ack',
    [ackOf('prices')],
    ['subscribed prices EURUSD by ack', 'subscribing prices GBPUSD', '→ subscribe prices GBPUSD'],
  ],
  [
    'already',
    [ackOf('prices', 'Already subscribed')],
    ['subscribed prices EURUSD by already', 'subscribing prices GBPUSD', '→ subscribe prices GBPUSD'],
  ],
  ['data', [tickOf('EURUSD')], ['subscribed prices EURUSD by frame']],
  [
    'data, then its ack: the ack is not taken for the next symbol',
    [tickOf('EURUSD'), ackOf('prices')],
    ['subscribed prices EURUSD by frame', 'subscribing prices GBPUSD', '→ subscribe prices GBPUSD'],
  ],
  ['data of another symbol', [tickOf('GBPUSD'), tickOf('USDJPY')], []],
  [
    'error',
    [errorOf('prices', 'unknown symbol')],
    [
      'subscribe_failed prices EURUSD: unknown symbol',
      'subscribing prices GBPUSD',
      '→ subscribe prices GBPUSD',
    ],
  ],
  [
    'error that says already subscribed',
    [errorOf('prices', 'already subscribed')],
    ['subscribed prices EURUSD by already', 'subscribing prices GBPUSD', '→ subscribe prices GBPUSD'],
  ],
  [
    'error after data',
    [tickOf('EURUSD'), errorOf('prices', 'odd')],
    ['subscribed prices EURUSD by frame', 'subscribing prices GBPUSD', '→ subscribe prices GBPUSD'],
  ],
  ['error of another topic', [errorOf('bars', 'bad timeframe')], []],
  ['error without a topic while two requests wait', [errorOf(null, 'what?')], []],
  [
    'error without a topic while only this one waits',
    [ackOf('terminal'), errorOf(null, 'what?')],
    [
      'subscribed terminal by ack',
      'subscribe_failed prices EURUSD: what?',
      'subscribing prices GBPUSD',
      '→ subscribe prices GBPUSD',
    ],
  ],
  ['ack of the other kind', [{ type: 'unsubscribed', topic: 'prices', message: '' } as const], []],
  ['ack of a topic that nobody asked for', [ackOf('trades'), ackOf('nonsense')], []],
])('%s', (_name, frames, words) => {
  const rig = new SessionRig({ subscriptions: [EUR, GBP] }).open();
  expect(rig.frame(...frames)).toEqual(words);
});

test('a lost ack: asked again after 10 s, and the answer counts', () => {
  const rig = new SessionRig().open();
  rig.frame(ackOf('terminal'));
  expect(requests(rig.advanceBeating(9000))).toEqual([]);
  expect(rig.advanceBeating(1000)).toEqual(['subscribing prices EURUSD', '→ subscribe prices EURUSD']);
  expect(rig.frame(ackOf('prices', 'already subscribed'))).toEqual([
    'subscribed prices EURUSD by already',
    '→ list',
  ]);
});

test('a late ack: the second answer of a request written twice is not taken for the next symbol', () => {
  const rig = new SessionRig({ subscriptions: [EUR, GBP] }).open();
  rig.frame(ackOf('terminal'));
  rig.advanceBeating(10_000);
  expect(rig.frame(ackOf('prices'))).toEqual(['subscribed prices EURUSD by ack']);
  expect(rig.frame(ackOf('prices'))).toEqual(['subscribing prices GBPUSD', '→ subscribe prices GBPUSD']);
  expect(rig.state.pending).toEqual([GBP]);
});

test('… and when it never comes, the next symbol waits two seconds for it', () => {
  const rig = new SessionRig({ subscriptions: [EUR, GBP] }).open();
  rig.frame(ackOf('terminal'));
  rig.advanceBeating(10_000);
  rig.frame(ackOf('prices'));
  expect(requests(rig.advance(1999))).toEqual([]);
  expect(requests(rig.advance(1))).toEqual(['→ subscribe prices GBPUSD']);
});

test('never answered: three requests, then failed and the next symbol has its turn; again with each audit', () => {
  const rig = new SessionRig({ subscriptions: [EUR, GBP] }).open();
  rig.frame(ackOf('terminal'));
  const words = rig.advanceBeating(30_000);
  expect(requests(words)).toEqual([
    '→ subscribe prices EURUSD',
    '→ ping',
    '→ subscribe prices EURUSD',
    '→ subscribe prices GBPUSD',
  ]);
  expect(words).toContain('subscribe_failed prices EURUSD: no answer to 3 subscribe requests');
  rig.frame(ackOf('prices'));
  rig.list({ topic: 'terminal' }, GBP);
  expect(rig.state).toMatchObject({
    phase: 'live',
    subscribed: [{ topic: 'terminal' }, GBP],
    failed: [{ sub: EUR, message: 'no answer to 3 subscribe requests' }],
  });
  expect(requests(rig.advanceBeating(30_000))).toContain('→ subscribe prices EURUSD');
  expect(rig.state.failed.length).toBe(1);
  rig.frame(ackOf('prices'));
  expect(rig.state.failed).toEqual([]);
});

test('data proves a failed subscription right after all, and so does the list', () => {
  for (const prove of [
    (rig: SessionRig) => rig.frame(tickOf('EURUSD')),
    (rig: SessionRig) => {
      rig.advanceBeating(60_000);
      rig.frame(errorOf('prices', 'still no'));
      return rig.list({ topic: 'terminal' }, EUR);
    },
  ]) {
    const rig = new SessionRig().open();
    rig.frame(ackOf('terminal'), errorOf('prices', 'no'));
    rig.list({ topic: 'terminal' });
    prove(rig);
    expect(rig.state).toMatchObject({ subscribed: [{ topic: 'terminal' }, EUR], failed: [] });
  }
});

test('an ack that came after its request had failed is found out by the audit', () => {
  const rig = new SessionRig({ subscriptions: [EUR, GBP] }).open();
  rig.frame(ackOf('terminal'));
  rig.advanceBeating(30_000); // EURUSD failed, GBPUSD was requested
  rig.frame(ackOf('prices')); // EURUSD's, taken for GBPUSD's
  expect(rig.list({ topic: 'terminal' }, EUR)).toEqual(
    [
      'audit missing [prices GBPUSD] extra []',
      'subscribed prices EURUSD by already',
      'resubscribing: audit',
      'subscribing prices GBPUSD',
      '→ subscribe prices GBPUSD',
    ].sort((a, b) => Number(b.startsWith('subscribed')) - Number(a.startsWith('subscribed'))),
  );
});

test('subscriptions change while one of them waits for its answer', () => {
  const rig = new SessionRig({ subscriptions: [EUR, GBP] }).open();
  rig.frame(ackOf('terminal'));
  expect(rig.input({ type: 'want', subscriptions: [JPY] })).toEqual([]);
  expect(rig.frame(ackOf('prices'))).toEqual([
    'subscribed prices EURUSD by ack',
    '→ unsubscribe prices EURUSD',
  ]);
  expect(rig.frame({ type: 'unsubscribed', topic: 'prices', message: '' })).toEqual([
    'unsubscribed prices EURUSD',
    'subscribing prices USDJPY',
    '→ subscribe prices USDJPY',
  ]);
  expect(rig.state).toMatchObject({ pending: [JPY], subscribed: [{ topic: 'terminal' }] });
});

test('wanted again while its unsubscribe waits: subscribed again behind it', () => {
  const rig = new SessionRig().live();
  expect(rig.input({ type: 'want', subscriptions: [] })).toEqual(['→ unsubscribe prices EURUSD']);
  expect(rig.input({ type: 'want', subscriptions: [EUR] })).toEqual([]);
  expect(rig.state.pending).toEqual([EUR]);
  expect(rig.frame({ type: 'unsubscribed', topic: 'prices', message: '' })).toEqual([
    'unsubscribed prices EURUSD',
    'subscribing prices EURUSD',
    '→ subscribe prices EURUSD',
  ]);
});

test('refused, unwanted and wanted again while late answers are waited for: subscribed again behind them', () => {
  const rig = new SessionRig().open();
  rig.frame(ackOf('terminal'));
  rig.advanceBeating(10_000); // EURUSD was requested twice
  rig.frame(errorOf('prices', 'not now'));
  rig.input({ type: 'want', subscriptions: [] });
  expect(rig.input({ type: 'want', subscriptions: [EUR] })).toEqual([]);
  expect(requests(rig.advanceBeating(2000))).toEqual(['→ subscribe prices EURUSD']);
});

test('subscriptions that change while nobody is connected are those of the next connection', () => {
  const rig = new SessionRig().live();
  rig.input({ type: 'closed', code: null, reason: 'gone' });
  expect(rig.input({ type: 'want', subscriptions: [GBP] })).toEqual([]);
  rig.advance(1000);
  expect(requests(rig.input({ type: 'opened' }))).toEqual([
    '→ subscribe terminal',
    '→ subscribe prices GBPUSD',
  ]);
});

test('asked to begin again while an answer is due: the request is written again, and again when it was confirmed meanwhile', () => {
  const rig = new SessionRig({ subscriptions: [EUR, GBP] }).open();
  rig.frame(ackOf('terminal'), ackOf('prices'), beatOf(false));
  expect(rig.frame(beatOf(true))).toContain('resubscribing: broker_back');
  expect(requests(rig.frame(ackOf('prices')))).toEqual(['→ subscribe prices EURUSD']);
  expect(requests(rig.frame(ackOf('prices')))).toEqual(['→ subscribe prices GBPUSD']);
});

test('an unsubscribe that is refused is tried again with each audit until it is accepted, then never again', () => {
  const rig = new SessionRig({ subscriptions: [EUR, GBP] }).open();
  rig.frame(ackOf('terminal'), ackOf('prices'), ackOf('prices'));
  rig.list({ topic: 'terminal' }, EUR, GBP);
  rig.input({ type: 'want', subscriptions: [GBP] });
  const audit = (): string[] => {
    rig.advanceBeating(60_000);
    return requests(rig.list({ topic: 'terminal' }, EUR, GBP));
  };
  for (let refusals = 0; refusals < 3; refusals++) {
    rig.frame(errorOf('prices', 'not now'));
    expect(audit()).toEqual(['→ unsubscribe prices EURUSD']);
  }
  rig.frame({ type: 'unsubscribed', topic: 'prices', message: 'ok' });
  expect(audit()).toEqual([]);
});

/** A gateway that may lose requests, answers and whole subscriptions, answer late, or with data first. */
const chaos = fc.record({
  subscriptions: fc.uniqueArray(
    fc.constantFrom<Subscription>(EUR, GBP, JPY, M1, { topic: 'account' }, { topic: 'trades' }),
    {
      minLength: 1,
      selector: nameOf,
    },
  ),
  fates: fc.array(
    fc.constantFrom(
      'answer',
      'lose_request',
      'lose_answer',
      'data_first',
      'late',
      'error',
      'forget_all',
      'rewant',
      'broker_blink',
    ),
    { maxLength: 40 },
  ),
});

test('after any trouble, minutes later everything wanted is on, at the gateway and in the book; one request per topic always', () => {
  fc.assert(
    fc.property(chaos, ({ fates, subscriptions }) => {
      const rig = new SessionRig({ subscriptions });
      const has = new Map<string, Subscription>();
      const late: { atMs: number; topic: string; action: string }[] = [];
      const unanswered = new Map<string, { request: string; atMs: number }>();
      let wanted = subscriptions;
      const queue = [...fates];
      const answer = (topic: string, action: string, message: string): void => {
        unanswered.delete(topic);
        react(rig.frame({ type: action === 'subscribe' ? 'subscribed' : 'unsubscribed', topic, message }));
      };
      const request = (action: string, sub: Subscription): void => {
        const key = nameOf(sub);
        const open = unanswered.get(sub.topic);
        const given = open === undefined || rig.nowMs - open.atMs >= rig.limits.ackTimeoutMs;
        if (!given) expect(`${action} ${key}`).toBe(open.request);
        unanswered.set(sub.topic, { request: `${action} ${key}`, atMs: rig.nowMs });
        const fate = queue.shift() ?? 'answer';
        if (fate === 'lose_request') return;
        if (fate === 'error') {
          unanswered.delete(sub.topic);
          react(rig.frame({ type: 'error', topic: sub.topic, message: 'not now' }));
          return;
        }
        const already = action === 'subscribe' && has.has(key);
        if (action === 'subscribe') has.set(key, sub);
        else has.delete(key);
        if (fate === 'data_first' && sub.topic === 'prices') react(rig.frame(tickOf(sub.symbol ?? '')));
        if (fate === 'lose_answer') return;
        if (fate === 'late') late.push({ atMs: rig.nowMs + 11_000, topic: sub.topic, action });
        else answer(sub.topic, action, already ? 'already subscribed' : 'ok');
      };
      const react = (words: readonly string[]): void => {
        for (const word of words) {
          const [, action, ...rest] = word.split(' ');
          if (word === '→ list') react(rig.list(...has.values()));
          else if (word.startsWith('→ subscribe') || word.startsWith('→ unsubscribe')) {
            const [topic, symbol, timeframe] = rest;
            request(action ?? '', {
              topic: topic as Subscription['topic'],
              ...(symbol === undefined ? {} : { symbol }),
              ...(timeframe === undefined ? {} : { timeframe }),
            });
          } else if (word.startsWith('subscribe_failed')) {
            // Given up: the slot is free for the next.
            unanswered.delete((word.split(' ')[1] ?? '').replace(':', ''));
          } else if (word.startsWith('unsubscribed')) unanswered.delete(word.split(' ')[1] ?? '');
        }
      };
      rig.input({ type: 'start', delayMs: 0 });
      react(rig.input({ type: 'opened' }));
      for (let second = 0; second < 400; second++) {
        react(rig.advance(1000));
        for (const each of late.splice(0)) {
          if (each.atMs <= rig.nowMs) answer(each.topic, each.action, 'ok');
          else late.push(each);
        }
        if (has.has('terminal')) react(rig.frame(beatOf()));
        else rig.session.heard(rig.nowMs);
        if (second % 7 === 3) {
          const fate = queue.shift();
          if (fate === 'forget_all') has.clear();
          else if (fate === 'broker_blink') react([...rig.frame(beatOf(false)), ...rig.frame(beatOf(true))]);
          else if (fate === 'rewant') {
            wanted = wanted.length > 1 ? wanted.slice(1) : subscriptions;
            react(rig.input({ type: 'want', subscriptions: wanted }));
          }
        }
      }
      const names = (subs: Iterable<Subscription>): string[] => [...subs].map(nameOf).sort();
      const target = names([{ topic: 'terminal' }, ...wanted]);
      expect(names(has.values())).toEqual(target);
      expect(names(rig.state.subscribed)).toEqual(target);
      expect(rig.state).toMatchObject({ phase: 'live', pending: [], failed: [] });
    }),
    { numRuns: 300 },
  );
});
