// Gaps of symbols whose ticks come late: they begin earlier by the lateness, also when it is known only at their end.
import { expect, test } from 'vitest';
import { EUR, gapsOf, type GapWords, PRICES, started, TapeScript } from '../../testing/tape-script.ts';

test('a gap that began before any tick showed how late they are begins earlier by that', () => {
  const lateS = 1200;
  const script = new TapeScript()
    .configured([EUR])
    .event({ event: 'connected', data: null })
    .beat(2)
    // Killed with the first ticks in its hands.
    .at(3)
    .event({ event: 'start', data: null });
  script.conn = 2;
  script.event({ event: 'connected', data: null }).acks(...PRICES.slice(0, 1));
  for (let s = 5; s <= 40; s++) script.tick('EURUSD', s - lateS, s).beat(s);
  const [, , , from] = gapsOf(script).find(([event]) => event === 'ended') as GapWords;
  // Configured at second 0, where the first ticks may have been sent.
  expect(from).toBeLessThanOrEqual(-lateS);
  expect(from).toBeGreaterThanOrEqual(-lateS - 5);
});

test('so does a gap that waited for its first clean heartbeat while the server’s clock stood still', () => {
  const lateS = 1200;
  const script = new TapeScript().configured([EUR]).event({ event: 'connected', data: null });
  script.acks(...PRICES.slice(0, 1));
  for (let s = 1; s <= 30; s++) script.tick('EURUSD', s - lateS, s).beat(s, 'frozen', true, 0);
  for (let s = 31; s <= 60; s++) script.tick('EURUSD', s - lateS, s).beat(s);
  const [, , , from] = gapsOf(script).find(([event]) => event === 'ended') as GapWords;
  expect(from).toBeLessThanOrEqual(1 - lateS);
});

test('so does a gap that a second drop had widened before it ended', () => {
  const lateS = 1200;
  const script = new TapeScript()
    .configured([EUR])
    .event({ event: 'connected', data: null })
    .beat(2)
    .drops(3)
    // Ticks come before their acknowledgement, and show how late they are while the gap is open.
    .beats(4, 59);
  for (let s = 60; s <= 70; s++) script.tick('EURUSD', s - lateS, s).beat(s);
  script.drops(71).acks(...PRICES.slice(0, 1));
  for (let s = 72; s <= 110; s++) script.tick('EURUSD', s - lateS, s).beat(s);
  const [, , , from] = gapsOf(script).find(([event]) => event === 'ended') as GapWords;
  expect(from).toBeLessThanOrEqual(-lateS);
});

test('connections that end before a heartbeat make no prompt symbol late', () => {
  const script = started().beats(3, 59);
  // A gateway that lets nobody stay, for twenty minutes; then one that is slow to send its first heartbeat.
  for (let s = 60; s < 1260; s += 30)
    script
      .drops(s)
      .acks(...PRICES)
      .tick('EURUSD', s + 0.5);
  for (let s = 1350; s < 1400; s++) script.beat(s).tick('EURUSD', s + 0.5);
  const [, , , from, to] = gapsOf(script).findLast(
    ([event, symbol]) => event === 'ended' && symbol === 'EURUSD',
  ) as GapWords;
  expect(from).toBeGreaterThanOrEqual(57);
  expect(to).toBeLessThan(1355);
});
