import { expect, test } from 'vitest';
import { type ClockReading, measureOffset } from './measure-offset.ts';
import { brokerMs } from '../time/time.ts';

const NOW = Date.UTC(2026, 5, 24, 12);
const reading = (
  source: ClockReading['source'],
  name: string,
  afterMs: number,
  shownMs: number,
): ClockReading => ({ source, name, recvUtcMs: NOW + afterMs, brokerMs: brokerMs(NOW + shownMs) });
const H3 = 10_800_000;

test('ticks that come tell the offset, and before a server’s clock that says otherwise', () => {
  const readings = [
    reading('ticks', 'EURUSD', 0, H3 - 400),
    reading('ticks', 'EURUSD', 5000, H3 + 4700),
    reading('server_time', '', 0, 0),
    reading('server_time', '', 5000, 5000),
  ];
  expect(measureOffset(readings)).toEqual({ utcMs: NOW + 5000, offsetS: 10_800, source: 'ticks' });
});

test('what does not move is a snapshot, however fresh it looks', () => {
  const still = [reading('ticks', 'EURUSD', 0, H3), reading('ticks', 'EURUSD', 5000, H3)];
  expect(measureOffset(still)).toBeNull();
  expect(measureOffset(still.slice(0, 1))).toBeNull();
  const clock = [reading('server_time', '', 0, H3), reading('server_time', '', 5000, H3 + 5000)];
  expect(measureOffset([...still, ...clock])).toMatchObject({ offsetS: 10_800, source: 'server_time' });
});

test('a tick that is old by the time it comes, and ticks that disagree, say nothing', () => {
  expect(
    measureOffset([reading('ticks', 'A', 0, H3 - 600_000), reading('ticks', 'A', 5000, H3 - 500_000)]),
  ).toBeNull();
  expect(
    measureOffset([
      reading('ticks', 'A', 0, H3),
      reading('ticks', 'A', 5000, H3 + 5000),
      reading('ticks', 'B', 0, 7_200_000),
      reading('ticks', 'B', 5000, 7_205_000),
    ]),
  ).toBeNull();
});
