// Conversion of broker time to UTC: our clock rules next to Intl and Temporal, on times of a live stream and on times from two years with their
// switches, in nanoseconds per timestamp.
import { brokerMs, type ClockRule, parseClockRule } from '@fxtape/market';
import { Temporal } from 'temporal-polyfill';
import type { BenchOptions } from './options.ts';
import { figure, note, spread, table, title } from './report.ts';

const ZONE = 'America/New_York';
const SHIFT_MS = 7 * 3_600_000;
const FROM = Date.UTC(2025, 0, 1);
const TWO_YEARS = 730 * 86_400_000;

/** Returns the sum of the UTC times, so that no conversion can be optimised away. */
type Conversion = (times: Float64Array) => number;

const byRule =
  (rule: ClockRule): Conversion =>
  (times) => {
    let sum = 0;
    const near = { fold: 1 } as const;
    for (const time of times) {
      // Like the normaliser: the fast path first, the careful one close to a switch.
      const plain = rule.offsetIfPlain(brokerMs(time));
      sum += plain === null ? rule.read(brokerMs(time), near).ms : time - plain * 1000;
    }
    return sum;
  };

const intl = new Intl.DateTimeFormat('en-US', { timeZone: ZONE, timeZoneName: 'longOffset' });
const intlOffsetMs = (utc: number): number => {
  const [, sign = '+', hours = '0', minutes = '0'] = /GMT([+-])(\d+):(\d+)/.exec(intl.format(utc)) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
};

/** Two passes, because the first asks for the offset at a time that is not UTC yet. */
const byIntl: Conversion = (times) => {
  let sum = 0;
  for (const time of times) {
    const wall = time - SHIFT_MS;
    sum += wall - intlOffsetMs(wall - intlOffsetMs(wall));
  }
  return sum;
};

const byTemporal: Conversion = (times) => {
  let sum = 0;
  for (const time of times) {
    const wall = Temporal.Instant.fromEpochMilliseconds(time - SHIFT_MS).toZonedDateTimeISO('UTC');
    sum += wall.toPlainDateTime().toZonedDateTime(ZONE).epochMilliseconds;
  }
  return sum;
};

const stream = (count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => FROM + 100 * 86_400_000 + i * 20);
/** A live stream in the two days around a switch, where every time takes the careful path. */
const switchDay = (count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => Date.UTC(2025, 10, 1, 12) + (i / count) * 40 * 3_600_000);
const anywhere = (count: number): Float64Array => {
  let state = 12_345;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return FROM + Math.floor((state / 2 ** 32) * TWO_YEARS);
  });
};

export const clock = async (o: BenchOptions): Promise<void> => {
  const count = o.short ? 200_000 : 2_000_000;
  title('clock: broker time → UTC');
  note(
    `${figure(count)} timestamps a run for the rule, a hundredth of that for the others, ${o.runs} runs in turn`,
  );
  const rule = parseClockRule(`${ZONE}+7h`);
  const moved = parseClockRule(`Europe/Athens until 2025-06-07T12:00Z then ${ZONE}+7h`);
  const cases: readonly (readonly [name: string, run: Conversion, times: Float64Array])[] = [
    ['fxtape, a live stream', byRule(rule), stream(count)],
    ['fxtape, a live stream around a switch', byRule(rule), switchDay(count)],
    ['fxtape, from anywhere in two years', byRule(rule), anywhere(count)],
    ['fxtape, the same, a broker that moved', byRule(moved), anywhere(count)],
    ['Intl.DateTimeFormat, two looks', byIntl, anywhere(count / 100)],
    ['Temporal (temporal-polyfill)', byTemporal, anywhere(count / 100)],
  ];
  const found = cases.map((): number[] => []);
  for (let run = 0; run <= o.runs; run++) {
    for (const [i, [name, convert, times]] of cases.entries()) {
      const startMs = performance.now();
      const sum = convert(times);
      const ns = ((performance.now() - startMs) * 1e6) / times.length;
      if (!Number.isFinite(sum)) throw new Error(`${name} did not convert`);
      // The first run warms up.
      if (run > 0) found[i]?.push(ns);
    }
  }
  table(
    ['conversion', 'ns a timestamp: median (least … most)'],
    cases.map(([name], i) => [name, spread(found[i] ?? [], 1)]),
  );
};
