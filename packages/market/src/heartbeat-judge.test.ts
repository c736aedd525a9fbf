import { expect, test } from 'vitest';
import { HeartbeatJudge } from './heartbeat-judge.ts';
import { brokerMs } from './time.ts';

const sight = (serverMs: number, monoMs: number, resolutionMs = 1, congested = false) => ({
  server: { ms: brokerMs(serverMs), resolutionMs },
  monoMs,
  congested,
});

test('a steady heartbeat is clean, whatever the broker’s clock says', () => {
  const judge = new HeartbeatJudge();
  for (let i = 0; i < 50; i++)
    expect(judge.judge(sight(1e12 + i * 1000, i * 1000 + (i % 7) * 20))).toBe('clean');
});

test('heartbeats that waited in a queue are late until the queue is empty', () => {
  const judge = new HeartbeatJudge();
  for (let i = 0; i < 10; i++) judge.judge(sight(i * 1000, i * 1000));
  const marks = [10, 11, 12, 13, 14].map((i) => judge.judge(sight(i * 1000, 14_000)));
  expect(marks).toEqual(['late', 'late', 'late', 'late', 'clean']);
});

test('with whole-second strings the string’s own width is not delay', () => {
  const judge = new HeartbeatJudge();
  for (let i = 0; i < 100; i++) {
    const real = i * 1013;
    expect(judge.judge(sight(Math.floor(real / 1000) * 1000, real, 1000))).toBe('clean');
  }
});

test('a server time that does not move is no clock', () => {
  const judge = new HeartbeatJudge();
  judge.judge(sight(5000, 0));
  expect([judge.judge(sight(5000, 1000)), judge.judge(sight(5000, 2000))]).toEqual(['frozen', 'frozen']);
});

test('what waited in the recorder’s own buffers is late', () => {
  expect(new HeartbeatJudge().judge(sight(1000, 0, 1, true))).toBe('late');
});

test('a step of the broker’s clock is late for minutes, and clean again afterwards', () => {
  const judge = new HeartbeatJudge();
  for (let i = 0; i < 10; i++) judge.judge(sight(i * 1000, i * 1000));
  expect(judge.judge(sight(10_000 - 5000, 10_000))).toBe('late');
  let mark = 'late';
  for (let i = 11; i < 1000 && mark === 'late'; i++) mark = judge.judge(sight(i * 1000 - 5000, i * 1000));
  expect(mark).toBe('clean');
});

test('a gateway that plays an old day at its own speed is clean as long as it moves', () => {
  const judge = new HeartbeatJudge(false);
  expect([0, 1, 2].map((i) => judge.judge(sight(i * 5, i * 1000)))).toEqual(['clean', 'clean', 'clean']);
});
