// Ids, checks and order of the catalogue.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { catalogue, describeJob, JOB_NAMES, type Payload, type PlannedJob } from './catalogue.ts';
import { jobId } from './job-id.ts';
import { BANDS, jobPriority } from './job-priority.ts';

const hour = 3_600_000_000;
const bars = (change: Partial<Payload<'bars'>> = {}): PlannedJob => ({
  name: 'bars',
  payload: {
    account: 'icm-demo',
    feed: 'icm',
    symbol: 'EURUSD.sd',
    timeframe: 'M1',
    fromUs: Date.UTC(2026, 0, 5) * 1000,
    toUs: Date.UTC(2026, 0, 6) * 1000,
    why: 'history',
    ...change,
  },
});

test('an id is readable, and the same for the same work whatever it is wanted for', () => {
  const { id, account } = describeJob(bars());
  expect(id).toMatch(/^bars-icm_demo-icm-EURUSD\.sd-M1-20260105T000000-20260106T000000-[0-9a-f]{12}$/);
  expect(account).toBe('icm-demo');
  expect(describeJob(bars({ why: 'gap' })).id).toBe(id);
  const others = [
    bars({ symbol: 'EURUSD_sd' }),
    bars({ timeframe: 'M5' }),
    bars({ account: 'icm_demo' }),
    bars({ toUs: Date.UTC(2026, 0, 6) * 1000 + 1 }),
  ];
  expect(new Set([id, ...others.map((job) => describeJob(job).id)]).size).toBe(5);
});

test('an id is one that BullMQ takes, whatever the symbol is called', () => {
  const part = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant(null), fc.constant({ us: 0 }));
  fc.assert(
    fc.property(fc.constantFrom(...JOB_NAMES), fc.array(part, { maxLength: 8 }), (name, parts) => {
      const id = jobId(name, parts);
      expect(id).toMatch(/^[a-z][A-Za-z0-9._-]*$/);
      expect(id.length).toBeLessThan(400);
    }),
  );
});

test('a payload is checked where it is planned: order of the range, timeframe, nothing that does not belong there', () => {
  expect(() => describeJob(bars({ toUs: Date.UTC(2026, 0, 5) * 1000 }))).toThrow(
    /fromUs must lie before toUs/,
  );
  expect(() => describeJob(bars({ timeframe: 'M2' as 'M1' }))).toThrow();
  expect(() => describeJob(bars({ key: 'fxs_ro_secret' } as object))).toThrow(/key/);
  expect(() => describeJob(bars({ account: 'a:b' }))).toThrow();
  expect(() => describeJob(bars({ fromUs: 0.5 }))).toThrow();
});

test('requests to plan stand in the queue of the scheduler and are never taken for each other', () => {
  const plan = (requestId: string): PlannedJob => ({
    name: 'plan',
    payload: {
      requestId,
      account: 'one',
      symbol: null,
      timeframe: null,
      fromUs: null,
      toUs: null,
      again: false,
      skip: 0,
    },
  });
  expect(describeJob(plan('a')).account).toBeNull();
  expect(describeJob(plan('a')).id).not.toBe(describeJob(plan('b')).id);
});

test('order: the band first, then the newest range; always what BullMQ takes', () => {
  const time = fc.integer({ min: 0, max: Date.UTC(2088, 0) }).map((ms) => ms * 1000);
  const band = fc.constantFrom(...BANDS);
  fc.assert(
    fc.property(band, time, band, time, (bandA, a, bandB, b) => {
      const [first, second] = [jobPriority(bandA, a), jobPriority(bandB, b)];
      for (const priority of [first, second]) {
        expect(Number.isInteger(priority) && priority >= 1 && priority <= 2 ** 21).toBe(true);
      }
      const bands = BANDS.indexOf(bandA) - BANDS.indexOf(bandB);
      if (bands !== 0) expect(Math.sign(first - second)).toBe(Math.sign(bands));
      else if (Math.abs(a - b) >= 4 * hour) expect(Math.sign(first - second)).toBe(Math.sign(b - a));
    }),
  );
  expect(jobPriority('event', null)).toBe(1);
});

test('no kind of job is tried once only, or without an end', () => {
  for (const { attempts, backoff, deadlineMs } of Object.values(catalogue)) {
    expect(attempts).toBeGreaterThan(1);
    expect(backoff.capMs).toBeGreaterThanOrEqual(backoff.firstMs);
    expect(deadlineMs).toBeGreaterThan(0);
  }
});
