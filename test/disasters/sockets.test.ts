// The socket is dropped, stands still, is refused, or goes on while everything behind it has started again.
import { type Recording, type Service, until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { begin, closeGaps, promiseKept } from './lane.ts';

/** Ticks flow again, or the wait is over. */
const again = async (recording: Recording, service: Service): Promise<void> => {
  await recording.live(service);
  await recording.moreTicks(6000);
};

test('fifty-dropped-sockets: closed and reset, before and after they are live', async () => {
  const between = chance('fifty-dropped-sockets');
  const recording = await begin({ ticksPerSecond: 1000 });
  const service = await recording.collector();
  await recording.live(service);
  const faults = [
    ['reset', {}],
    ['close', { code: 1011 }],
    ['close', { code: 1000 }],
    ['close', { code: 1006 + 1 }],
  ] as const;
  for (let round = 0; round < 50; round++) {
    // Never three within ten seconds of being live: that would mean that somebody else uses the account.
    if (round % 2 === 1) await delay(between(5000, 8000));
    const [kind, parameters] = faults[round % faults.length] as (typeof faults)[number];
    await recording.gateway.fault(kind, parameters);
    await until(async () => (await fetch(`${service.http}/readyz`)).status !== 200, {
      what: 'the drop to be noticed',
      deadlineMs: 20_000,
      everyMs: 5,
    }).catch(() => undefined);
    await again(recording, service);
  }
  const verdict = await promiseKept('50 dropped sockets', recording);
  closeGaps(verdict);
});

test('half-open: the socket stays and gives nothing', async () => {
  const recording = await begin({ ticksPerSecond: 1000 });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(1000);
  const between = chance('half-open');
  await recording.gateway.fault('half_open', { ms: between(30_000, 60_000) });
  await delay(between(15_000, 25_000));
  await again(recording, service);
  const verdict = await promiseKept('half-open', recording);
  closeGaps(verdict);
});

test('half-open for a moment: what had waited comes late, with a warning', async () => {
  const recording = await begin({ ticksPerSecond: 5000 });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(1000);
  const ms = chance('half-open for a moment')(2000, 7000);
  await recording.gateway.fault('half_open', { ms });
  await delay(ms + 1000);
  await again(recording, service);
  await promiseKept('half-open for a moment', recording);
});

test('refused-upgrade for a while: the reason is shown and it comes back by itself', async () => {
  const recording = await begin({ ticksPerSecond: 1000 });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(1000);
  const ms = chance('refused-upgrade')(20_000, 50_000);
  await recording.gateway.fault('refuse_upgrade', { status: 503, ms, dropOpen: true });
  await delay(ms / 2);
  const state = await (await fetch(`${service.http}/readyz`)).text();
  expect(state).toContain('503');
  await delay(ms / 2);
  await again(recording, service);
  const verdict = await promiseKept(`upgrade refused for ${ms} ms`, recording);
  closeGaps(verdict);
});

for (const sign of ['silence', 'connected_false']) {
  test(`terminal-restart behind a live socket (${sign})`, async () => {
    const between = chance(`terminal-restart, ${sign}`);
    const recording = await begin({ ticksPerSecond: 1000 });
    const service = await recording.collector();
    await recording.live(service);
    for (let round = 0; round < 3; round++) {
      await recording.moreTicks(1000);
      const ms = between(3000, 15_000);
      await recording.gateway.fault('terminal_restart', { ms, sign });
      await delay(ms + 1000);
      await again(recording, service);
    }
    const verdict = await promiseKept(`terminal restart (${sign})`, recording);
    closeGaps(verdict);
    expect(verdict.gaps.some((gap) => gap.missing > 0)).toBe(true);
  });
}

test('broker-disconnect: the terminal says that it lost its broker', async () => {
  const recording = await begin({ ticksPerSecond: 1000 });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(1000);
  const ms = chance('broker-disconnect')(3000, 15_000);
  await recording.gateway.fault('broker_disconnect', { ms });
  await delay(ms + 1000);
  await again(recording, service);
  const verdict = await promiseKept('broker disconnected', recording);
  expect(verdict.gaps.some((gap) => gap.cause === 'broker_disconnected')).toBe(true);
});

test('a lost subscription is found by the audit', async () => {
  const recording = await begin({ ticksPerSecond: 1000 });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(1000);
  // Its terminal may list the symbol late.
  await until(() => recording.gateway.faultApplied('drop_subscription', { symbol: 'ETHUSD' }), {
    what: 'the subscription that is lost',
    deadlineMs: 90_000,
    everyMs: 500,
  });
  await until(
    async () =>
      Number(
        (
          await recording.sql(
            "SELECT count() FROM gaps WHERE cause = 'not_subscribed' AND symbol = 'ETHUSD' AND ts_to IS NOT NULL AND stream = 'ticks' AND NOT coalesce(evidence, '') LIKE '%left out%'",
          )
        )[0]?.[0],
      ) >= 2,
    { what: 'the gap of the lost subscription', deadlineMs: 90_000, everyMs: 500 },
  );
  await recording.moreTicks(1000);
  await promiseKept('lost subscription', recording);
});

test('eviction: another user of the socket, and the way back', async () => {
  const recording = await begin({ ticksPerSecond: 500 });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(500);
  await recording.gateway.fault('evict', { count: 3, afterMs: 2000 });
  await until(async () => (await (await fetch(`${service.http}/readyz`)).text()).includes('contended'), {
    what: 'the state contended',
    deadlineMs: 30_000,
  });
  await recording.live(service, 120_000);
  await recording.moreTicks(500);
  await promiseKept('evicted', recording);
});
