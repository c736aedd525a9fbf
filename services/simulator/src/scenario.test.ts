import { expect, test } from 'vitest';
import { DEMO_SCENARIO, freshTicket, scenarioSchema } from './scenario.ts';

test('a demonstration that starts again gives tickets that no earlier start gave', () => {
  const first = Date.UTC(2026, 10, 30, 10, 11);
  const trader = (startMs: number) =>
    scenarioSchema.parse({
      ...DEMO_SCENARIO,
      trader: { dealsPerHour: 120, firstTicket: freshTicket(startMs) },
    }).trader;
  const [one, other] = [trader(first), trader(first + 600_000)];
  const given = (one.dealsPerHour * 600) / 3600;
  expect(Number(other.firstTicket) - Number(one.firstTicket)).toBeGreaterThan(2 * given);
});
