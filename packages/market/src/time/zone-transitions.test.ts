// The table of a zone against the published data of the IANA, compiled by somebody else into another form: other code and other data.

import moment from 'moment-timezone';
import { expect, test } from 'vitest';
import { SCAN_STEP_MS, ZONE_TABLE, zoneIntervals } from './zone-transitions.ts';

interface Change {
  readonly utcMs: number;
  readonly offsetS: number;
}

const within = ({ utcMs }: Change): boolean => utcMs >= ZONE_TABLE.fromUtcMs && utcMs < ZONE_TABLE.toUtcMs;

const published = (zone: string): Change[] => {
  const { untils, offsets } = moment.tz.zone(zone) as { untils: number[]; offsets: number[] };
  return untils
    .map((utcMs, i) => ({ utcMs, offsetS: Math.round((offsets[i + 1] ?? 0) * -60) + 0, before: offsets[i] }))
    .filter(
      (change) => within(change) && change.before !== undefined && change.before * -60 !== change.offsetS,
    )
    .map(({ utcMs, offsetS }) => ({ utcMs, offsetS }));
};

const own = (zone: string): Change[] =>
  zoneIntervals(zone)
    .slice(1)
    .map(({ fromUtcMs, offsetS }) => ({ utcMs: fromUtcMs, offsetS }));

/** Data of different releases may differ about laws that are younger than the older one. */
const LAW_KNOWN_TO_ALL = Date.UTC(2024, 0, 1);

test('no zone has two changes within one step of the scan', () => {
  const closest = moment.tz.names().flatMap((zone) => {
    const changes = published(zone);
    return changes.slice(1).map(({ utcMs }, i) => ({ zone, ms: utcMs - (changes[i] as Change).utcMs }));
  });
  expect(closest.length).toBeGreaterThan(10_000);
  expect(closest.filter(({ ms }) => ms <= SCAN_STEP_MS)).toEqual([]);
});

test('every zone of the platform: the same changes to the second, 2000 to 2023', () => {
  const zones = Intl.supportedValuesOf('timeZone').filter((zone) => moment.tz.zone(zone) !== null);
  expect(zones.length).toBeGreaterThan(400);
  const settled = (changes: Change[]): Change[] => changes.filter(({ utcMs }) => utcMs < LAW_KNOWN_TO_ALL);
  const wrong = zones.filter(
    (zone) => JSON.stringify(settled(own(zone))) !== JSON.stringify(settled(published(zone))),
  );
  expect(wrong).toEqual([]);
});

test.each([
  'America/New_York',
  'Europe/Athens',
  'Europe/Berlin',
  'Europe/Helsinki',
  'Europe/London',
  'Europe/Nicosia',
  'Australia/Sydney',
  'Asia/Tokyo',
])('%s: the same changes to the end of 2037', (zone) => {
  expect(own(zone)).toEqual(published(zone));
});

const sunday = (year: number, month: number, nth: number): number => {
  const days = nth > 0 ? 1 : new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const weekday = new Date(Date.UTC(year, month, days)).getUTCDay();
  return Date.UTC(year, month, nth > 0 ? 1 + ((7 - weekday) % 7) + (nth - 1) * 7 : days - weekday);
};

test('the laws themselves, computed from the calendar: the United States since 2007, the Union since 1996', () => {
  const HOUR = 3_600_000;
  const newYork = own('America/New_York').filter(({ utcMs }) => utcMs >= Date.UTC(2007, 0, 1));
  const athens = own('Europe/Athens');
  for (let year = 2000; year <= 2037; year++) {
    if (year >= 2007) {
      const spring = newYork[(year - 2007) * 2];
      const autumn = newYork[(year - 2007) * 2 + 1];
      expect(spring).toEqual({ utcMs: sunday(year, 2, 2) + 7 * HOUR, offsetS: -4 * 3600 });
      expect(autumn).toEqual({ utcMs: sunday(year, 10, 1) + 6 * HOUR, offsetS: -5 * 3600 });
    }
    expect(athens[(year - 2000) * 2]).toEqual({ utcMs: sunday(year, 2, -1) + HOUR, offsetS: 3 * 3600 });
    expect(athens[(year - 2000) * 2 + 1]).toEqual({ utcMs: sunday(year, 9, -1) + HOUR, offsetS: 2 * 3600 });
  }
});
