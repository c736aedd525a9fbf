// One recorder an account and database: whoever comes second is refused until the first one has ended, however it ended.
import { createLog, type FxtapeError, systemClock } from '@fxtape/ops';
import { migrate, QuestDbHttp, RecorderClaims } from '@fxtape/questdb';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

const clock = systemClock();
const log = createLog({ service: 'test', level: 'silent' });
const { signal } = new AbortController();
let http: QuestDbHttp;
let ended: Set<string>;
beforeAll(async () => {
  http = new QuestDbHttp({ conf: inject('questdb').conf });
  await migrate({ client: http, log });
  ended = new Set();
});
afterAll(() => http?.close());

let names = 0;
const accountOf = (what: string) => `${what}-${process.pid}-${++names}`;
const recorder = (place: string) =>
  new RecorderClaims({
    http,
    clock,
    log,
    self: { place, process: `process of ${place}` },
    hasEnded: (text) => ended.has(text),
  });
const outcome = (claim: Promise<AbortSignal>) =>
  claim.then(
    () => 'held',
    (error: FxtapeError) => error.code,
  );
const ELSEWHERE = 'ACCOUNT_RECORDED_ELSEWHERE';

test('the second is refused by name, and goes on when the first has released, died, or fallen silent', async () => {
  const account = accountOf('released');
  const [first, second] = [recorder('here:/one'), recorder('there:/two')];
  await first.claim(account, signal);
  await expect(second.claim(account, signal)).rejects.toMatchObject({
    code: ELSEWHERE,
    message: expect.stringContaining('here:/one'),
  });
  // Of other accounts it may have any, and the first one may claim again.
  expect(await outcome(second.claim(accountOf('other'), signal))).toBe('held');
  expect(await outcome(first.claim(account, signal))).toBe('held');
  await first.release(account);
  const restarted = recorder('here:/one');
  expect(await outcome(second.claim(account, signal))).toBe('held');
  expect(await outcome(restarted.claim(account, signal))).toBe(ELSEWHERE);
  ended.add('process of there:/two');
  expect(await outcome(restarted.claim(account, signal))).toBe('held');
  ended.clear();

  const silent = accountOf('silent');
  const seen = (age: number) =>
    http.exec(
      `INSERT INTO recorders VALUES (cast(1000000 as timestamp), '${silent}', 'far:/three', 'p', 'recording', dateadd('s', -${age}, now()))`,
    );
  await seen(20);
  expect(await outcome(second.claim(silent, signal))).toBe(ELSEWHERE);
  await seen(31);
  expect(await outcome(second.claim(silent, signal))).toBe('held');
});

test('who stood still and was taken for dead loses with its next look, and stays lost', async () => {
  const account = accountOf('frozen');
  const [frozen, taker] = [recorder('a:/frozen'), recorder('b:/taker')];
  const held = await frozen.claim(account, signal);
  ended.add('process of a:/frozen');
  const taken = await taker.claim(account, signal);
  ended.clear();
  await taker.renew(signal);
  expect(held.aborted).toBe(false);
  await frozen.renew(signal);
  expect(held.reason).toMatchObject({ code: ELSEWHERE });
  expect(await outcome(frozen.claim(account, signal))).toBe(ELSEWHERE);
  await taker.renew(signal);
  expect(taken.aborted).toBe(false);
});

test('of many that claim at the same moment at most one is left after a renewal', async () => {
  for (let round = 0; round < 5; round++) {
    const account = accountOf('race');
    const all = Array.from({ length: 6 }, (_, i) => recorder(`host-${i}:/data`));
    const claims = await Promise.allSettled(
      // Twice each: a start and a first row may ask at once.
      all.map(
        async (one) => (await Promise.all([one.claim(account, signal), one.claim(account, signal)]))[0],
      ),
    );
    for (const one of all) await one.renew(signal);
    const left = claims.filter((claim) => claim.status === 'fulfilled' && claim.value?.aborted === false);
    expect(left.length).toBeLessThanOrEqual(1);
    for (const claim of claims)
      if (claim.status === 'rejected') expect(claim.reason).toMatchObject({ code: ELSEWHERE });
  }
});
