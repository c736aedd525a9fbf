import { expect, test } from 'vitest';
import { HeartbeatJudge } from './heartbeat-judge.ts';
import { brokerMs } from '../time/time.ts';

const sight = (serverMs: number, monoMs: number, resolutionMs = 1, congested = false) => ({
  server: { ms: brokerMs(serverMs), resolutionMs },
  monoMs,
  congested,
});

test('a steady heartbeat is clean, whatever the broker’s clock says', () => {
  const judge = new HeartbeatJudge();
  for (let i = 0; i < 50; i++)
    expect(judge.judge(sight(1e12 + i * 1000, i * 1000 + (i % 7) * 20))).toBe(i === 0 ? 'frozen' : 'clean');
});

test('a time that was not seen to move with ours is no clock: the first one, a standing one, and the jump when the market opens', () => {
  const judge = new HeartbeatJudge();
  const friday = 1e12;
  const marks = [0, 1, 2, 3].map((i) => judge.judge(sight(friday, i * 1000, 1000)));
  expect(marks).toEqual(['frozen', 'frozen', 'frozen', 'frozen']);
  const monday = friday + 48 * 3_600_000;
  expect([4, 5, 6].map((i) => judge.judge(sight(monday + i * 1000, i * 1000, 1000)))).toEqual([
    'frozen',
    'clean',
    'clean',
  ]);
});

test('one heartbeat of another hour is no clock, and those behind it are not late', () => {
  const judge = new HeartbeatJudge();
  const at = (i: number) => i * 1000 + (i === 10 ? 6 * 3_600_000 : 0);
  const marks = Array.from({ length: 15 }, (_, i) => judge.judge(sight(at(i), i * 1000)));
  expect(marks.map((mark, i) => (mark === 'clean' ? '' : `${i} ${mark}`)).filter(Boolean)).toEqual([
    '0 frozen',
    '10 frozen',
    '11 frozen',
  ]);
});

test('a time that moves in steps, as the last tick has it, moves with ours over its steps', () => {
  const judge = new HeartbeatJudge();
  const ticks = [0, 900, 2100, 7900, 8950, 30_100];
  const marks = Array.from({ length: 32 }, (_, i) =>
    judge.judge(sight(ticks.findLast((ms) => ms <= i * 1000) as number, i * 1000)),
  );
  expect([marks[1], marks[8], marks[31]]).toEqual(['clean', 'clean', 'late']);
});

test('heartbeats that waited in a queue are late until the queue is empty', () => {
  const judge = new HeartbeatJudge();
  for (let i = 0; i < 10; i++) judge.judge(sight(i * 1000, i * 1000));
  const marks = [10, 11, 12, 13, 14].map((i) => judge.judge(sight(i * 1000, 14_000)));
  expect(marks).toEqual(['late', 'late', 'late', 'late', 'clean']);
});

test('with whole-second strings the string’s own width is not delay', () => {
  const judge = new HeartbeatJudge();
  judge.judge(sight(-1000, -1000, 1000));
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
  const judge = new HeartbeatJudge();
  judge.judge(sight(0, -1000));
  expect(judge.judge(sight(1000, 0, 1, true))).toBe('late');
});

test('a step of the broker’s clock is late for minutes, and clean again afterwards', () => {
  const judge = new HeartbeatJudge();
  for (let i = 0; i < 10; i++) judge.judge(sight(i * 1000, i * 1000));
  expect(judge.judge(sight(10_000 - 5000, 10_000))).toBe('late');
  let mark = 'late';
  for (let i = 11; i < 1000 && mark === 'late'; i++) mark = judge.judge(sight(i * 1000 - 5000, i * 1000));
  expect(mark).toBe('clean');
});

test('a clock that was set back by hours is clean again once its pace has shown that no queue did it', () => {
  const judge = new HeartbeatJudge();
  for (let i = 0; i < 10; i++) judge.judge(sight(i * 1000, i * 1000));
  const marks = Array.from({ length: 20 }, (_, i) =>
    judge.judge(sight((i + 10) * 1000 - 3_600_000, (i + 10) * 1000)),
  );
  expect(marks.indexOf('clean')).toBe(11);
  // What waited in a queue for ten minutes comes at the pace of the queue.
  const queued = new HeartbeatJudge();
  for (let i = 0; i < 10; i++) queued.judge(sight(i * 1000, i * 1000));
  for (let i = 10; i < 600; i++) expect(queued.judge(sight(i * 1000, 610_000 + i * 30))).not.toBe('clean');
});

test('a gateway that plays an old day at its own speed is clean as long as it moves', () => {
  const judge = new HeartbeatJudge(false);
  expect([0, 1, 2].map((i) => judge.judge(sight(i * 5, i * 1000)))).toEqual(['frozen', 'clean', 'clean']);
});

test('a change of the clock rule makes none late, and hides no queue', () => {
  const judge = new HeartbeatJudge();
  const hour = 3_600_000;
  for (let i = 0; i < 10; i++) judge.judge(sight(i * 1000, i * 1000));
  judge.moved(-3 * hour);
  expect(judge.judge(sight(10_000 - 3 * hour, 10_000))).toBe('clean');
  expect(judge.judge(sight(11_000 - 3 * hour, 14_000))).toBe('late');
  judge.moved(hour);
  expect(judge.judge(sight(12_000 - 2 * hour, 15_000))).toBe('late');
  expect(judge.judge(sight(15_500 - 2 * hour, 15_500))).toBe('clean');
});
