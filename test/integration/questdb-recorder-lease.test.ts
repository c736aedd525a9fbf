// One recorder an account, a feed and a database: whoever comes second is refused until the first one has ended, however it ended.
import { type Clock, createLog, type FxtapeError, systemClock } from '@fxtape/ops';
import { migrate, QuestDbHttp, type Recorded, RecorderLease } from '@fxtape/questdb';
import { until } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownQuestDb } from '../own-servers.ts';

const log = createLog({ service: 'test', level: 'silent' });
const { signal } = new AbortController();
const noTape = { feed: null, setAside: async (): Promise<void> => {} };
let http: QuestDbHttp;
beforeAll(async () => {
  http = new QuestDbHttp({ conf: ownQuestDb().conf });
  await migrate({ client: http, log });
});
afterAll(() => http?.close());

let names = 0;
const wanted = (what: string): Recorded => {
  const account = `${what}-${process.pid}-${++names}`;
  return { account, feed: `feed of ${account}` };
};

/** Time runs twenty times faster for it. */
const quick = () => {
  const clock = systemClock();
  const beganMs = clock.monoMs();
  return {
    ...clock,
    monoMs: () => beganMs + (clock.monoMs() - beganMs) * 20,
    setTimeout: (work: () => void, ms: number) => clock.setTimeout(work, ms / 20),
  };
};
const recorder = (id: string, place = id, clock: Clock = quick()) =>
  new RecorderLease({ http, clock, log, self: () => ({ id, place }) });

/** Checks again and again, as the write gate does. */
const living = async <T>(lease: RecorderLease, during: () => Promise<T>): Promise<T> => {
  let over = false;
  const looking = (async () => {
    while (!over) await lease.check(signal);
  })();
  try {
    return await during();
  } finally {
    over = true;
    await looking;
  }
};
const outcome = (lease: Promise<AbortSignal>) =>
  lease.then(
    () => 'held',
    (error: FxtapeError) => error.code,
  );
/** How it went with a tape that has recorded this feed, and whether that was set aside. */
const acquireOn = async (feed: string | null, lease: RecorderLease, what: Recorded) => {
  let isAside = false;
  const setAside = async (): Promise<void> => {
    isAside = true;
  };
  return [await outcome(lease.acquire(what, signal, { feed, setAside })), isAside];
};
const ELSEWHERE = 'ACCOUNT_RECORDED_ELSEWHERE';

test('the second is refused by name while the first one lives, and goes on when it has released the account', async () => {
  const what = wanted('released');
  const [first, second] = [recorder('one', 'here:/one'), recorder('two', 'there:/two')];
  expect(await second.isFree([what], signal)).toBe(true);
  await first.acquire(what, signal, noTape);
  expect([await first.isFree([what], signal), await second.isFree([what], signal)]).toEqual([true, false]);
  await living(first, async () => {
    const refused = second.acquire(what, signal, noTape);
    await expect(refused).rejects.toMatchObject({
      code: ELSEWHERE,
      message: expect.stringContaining('here:/one'),
    });
    // Another account of the same feed would write the same rows.
    expect(await outcome(second.acquire({ ...wanted('other'), feed: what.feed }, signal, noTape))).toBe(
      ELSEWHERE,
    );
    expect(await outcome(second.acquire(wanted('other'), signal, noTape))).toBe('held');
    expect(await outcome(first.acquire(what, signal))).toBe('held');
  });
  await first.release(what.account);
  // Only who can put its tape away takes what another folder recorded last.
  expect(await outcome(second.acquire(what, signal))).toBe(ELSEWHERE);
  expect(await acquireOn('a feed of its own', second, what)).toEqual(['held', true]);
});

test('accounts of one folder follow each other in a feed, also at one moment', async () => {
  const lease = recorder('one');
  const feed = `renamed-${process.pid}`;
  const names = Array.from({ length: 6 }, (_, i) => `${feed}-${i}`);
  const held = await Promise.all(
    names.map(async (account) => lease.acquire({ account, feed }, signal, noTape)),
  );
  await lease.check(signal);
  expect(held.map(({ aborted }) => aborted)).toEqual(names.map(() => false));
});

test('after SIGKILL the same folder goes on at once, another one when the row stood still', async () => {
  const what = wanted('killed');
  await recorder('one').acquire(what, signal, noTape);
  const again = recorder('one');
  const neverAside = {
    feed: what.feed,
    setAside: () => Promise.reject(new Error('its own tape was set aside')),
  };
  expect(await outcome(again.acquire(what, signal, neverAside))).toBe('held');
  expect(await outcome(recorder('one', 'moved').acquire(what, signal, neverAside))).toBe('held');
  expect(await outcome(recorder('two').acquire(what, signal, noTape))).toBe('held');
});

test('a dead recorder is waited for once, and its taker starts at once from then on', async () => {
  const what = wanted('once');
  await recorder('crashed').acquire(what, signal, noTape);
  const taker = recorder('taker');
  expect(await taker.isFree([what], signal)).toBe(false);
  await taker.acquire(what, signal, noTape);
  const isSoonFree = (lease: RecorderLease) =>
    until(() => lease.isFree([what], signal), { what: 'nobody else to be seen', deadlineMs: 10_000 });
  await isSoonFree(recorder('taker'));
  const moved = recorder('taker', 'a new host name');
  await moved.acquire(what, signal, noTape);
  await isSoonFree(recorder('taker', 'a new host name'));
});

test('hundreds of accounts are renewed, however long their names are', async () => {
  const lease = recorder('many', 'a-host-with-a-long-name:/var/lib/fxtape/data');
  const all = Array.from({ length: 160 }, () => wanted('one of very many accounts'));
  for (let from = 0; from < all.length; from += 10)
    await Promise.all(all.slice(from, from + 10).map(async (what) => lease.acquire(what, signal, null)));
  const [what] = all as [Recorded];
  await living(lease, async () =>
    expect(await outcome(recorder('second').acquire(what, signal, noTape))).toBe(ELSEWHERE),
  );
});

test('a tape is set aside when another folder has followed it, and not when it never recorded what that one did', async () => {
  const what = wanted('followed');
  const first = recorder('one');
  await first.acquire(what, signal, noTape);
  await first.release(what.account);
  const another = { ...wanted('another'), feed: what.feed };
  expect(await acquireOn('a feed of its own', recorder('two'), another)).toEqual(['held', false]);
  const third = { ...wanted('third'), feed: what.feed };
  expect(await acquireOn(what.feed, recorder('three'), third)).toEqual(['held', true]);
});

test('who stood still and was taken for dead loses with its next check, and stays lost', async () => {
  const what = wanted('frozen');
  const [frozen, taker] = [recorder('frozen'), recorder('taker')];
  const held = await frozen.acquire(what, signal, noTape);
  const taken = await taker.acquire(what, signal, noTape);
  expect(held.aborted).toBe(false);
  await frozen.check(signal);
  expect(held.reason).toMatchObject({ code: ELSEWHERE });
  await living(taker, async () =>
    expect(await outcome(frozen.acquire(what, signal, noTape))).toBe(ELSEWHERE),
  );
  expect(taken.aborted).toBe(false);
});

test('a copy that is started at the same place and id ends the first one, which does not take it back', async () => {
  const what = wanted('copy');
  const [first, copy] = [recorder('same'), recorder('same')];
  const held = await first.acquire(what, signal, noTape);
  const taken = await copy.acquire(what, signal, noTape);
  await first.check(signal);
  expect(held.aborted).toBe(true);
  await living(copy, async () => expect(await outcome(first.acquire(what, signal, noTape))).toBe(ELSEWHERE));
  expect(taken.aborted).toBe(false);
});

test('a database that was set back to an older copy has its recorder again', async () => {
  const what = wanted('restored');
  const before = recorder('before');
  await before.acquire(what, signal, noTape);
  await before.release(what.account);
  const lease = recorder('holder');
  const held = await lease.acquire(what, signal, noTape);
  await http.exec(
    `UPDATE account_epochs SET account = 'gone', feed = 'gone' WHERE account = '${what.account}' AND recorder = 'holder'`,
  );
  await lease.check(signal);
  expect(held.aborted).toBe(false);
  await living(lease, async () =>
    expect(await outcome(before.acquire(what, signal, noTape))).toBe(ELSEWHERE),
  );
});

test('of many that ask at the same moment at most one is left', async () => {
  for (let round = 0; round < 3; round++) {
    const what = wanted('race');
    const all = Array.from({ length: 6 }, (_, i) => recorder(`host-${i}`, `host-${i}`, systemClock()));
    const leases = await Promise.allSettled(
      // Twice each: a start and a first row may ask at once.
      all.map(
        async (one) =>
          (await Promise.all([one.acquire(what, signal, noTape), one.acquire(what, signal, noTape)]))[0],
      ),
    );
    for (const one of all) await one.check(signal);
    const left = leases.filter((lease) => lease.status === 'fulfilled' && !lease.value?.aborted);
    expect(left.length).toBeLessThanOrEqual(1);
    for (const lease of leases)
      if (lease.status === 'rejected') expect(lease.reason).toMatchObject({ code: ELSEWHERE });
  }
});
