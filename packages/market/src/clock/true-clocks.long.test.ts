// Brokers in all the zones where brokers sit, with the markets that they list, asked on many days: what is called inferred is right in every
// hour, and the usual brokers are inferred. Bars come from `testing/true-market`, which knows nothing of the inference.
import { expect, test } from 'vitest';
import { inferClock, type ClockInference } from './infer-clock.ts';
import type { OffsetSample } from './measure-offset.ts';
import {
  type Broker,
  DAY,
  HOUR,
  hourlyOpens,
  type MarketName,
  offsetSOf,
  offsetsOf,
  SPAN,
} from '../../testing/true-market.ts';
import { type WeekEdge, weekEdges } from './week-edges.ts';

const ZONES = [
  'Africa/Cairo',
  'Africa/Johannesburg',
  'Africa/Lagos',
  'Africa/Nairobi',
  'Africa/Casablanca',
  'America/Bogota',
  'America/Chicago',
  'America/Denver',
  'America/Los_Angeles',
  'America/Mexico_City',
  'America/New_York',
  'America/Panama',
  'America/Santiago',
  'America/Sao_Paulo',
  'America/St_Johns',
  'America/Toronto',
  'Asia/Dhaka',
  'Asia/Dubai',
  'Asia/Hong_Kong',
  'Asia/Jakarta',
  'Asia/Jerusalem',
  'Asia/Karachi',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Asia/Manila',
  'Asia/Nicosia',
  'Asia/Riyadh',
  'Asia/Shanghai',
  'Asia/Singapore',
  'Asia/Tehran',
  'Asia/Tokyo',
  'Asia/Yangon',
  'Atlantic/Reykjavik',
  'Australia/Adelaide',
  'Australia/Brisbane',
  'Australia/Perth',
  'Australia/Sydney',
  'Europe/Athens',
  'Europe/Berlin',
  'Europe/Dublin',
  'Europe/Helsinki',
  'Europe/Istanbul',
  'Europe/Kyiv',
  'Europe/Lisbon',
  'Europe/London',
  'Europe/Minsk',
  'Europe/Moscow',
  'Europe/Sofia',
  'Europe/Zurich',
  'Pacific/Auckland',
  'Pacific/Honolulu',
] as const;
const NEW_YORK_AND = [7, 6, 5, 8, 3, 4] as const;
const FIXED = [0, 1, 2, 3, 4, 5.5, -3, -5, 8] as const;
const SINGLE: readonly (readonly [string, Broker])[] = [
  ...ZONES.map((zone) => [zone, [[zone, 0]]] as const),
  ...NEW_YORK_AND.map((hours) => [`New York + ${hours} h`, [['America/New_York', hours]]] as const),
  ...FIXED.map((hours) => [`UTC ${hours} h`, [['UTC', hours]]] as const),
];

const SETS: Readonly<Record<string, readonly MarketName[]>> = {
  currencies: ['currencies', 'metals'],
  'one currency': ['currencies'],
  metals: ['metals'],
  crypto: ['crypto'],
  'US shares': ['US shares'],
  'EU indices': ['DAX index', 'DAX shares'],
  'London and US shares': ['London shares', 'US shares'],
  Asia: ['Tokyo shares', 'Hong Kong shares', 'Sydney shares'],
  Riyadh: ['Riyadh shares'],
  'Riyadh, five days': ['Riyadh, five days'],
  'all and crypto': ['currencies', 'crypto', 'US shares', 'DAX index'],
};

/** What is known of the clock itself: one look today, looks on each day of a year, two looks half a year apart, words true and false. */
const SAMPLES: Readonly<Record<string, (broker: Broker, now: number) => OffsetSample[]>> = {
  today: (broker, now) => [measured(broker, now)],
  'each day': (broker, now) =>
    Array.from({ length: 420 }, (_, day) => measured(broker, now - day * DAY)).toReversed(),
  'two days': (broker, now) => [measured(broker, now - 183 * DAY), measured(broker, now)],
  stated: (broker, now) => [{ ...measured(broker, now), source: 'stated' }],
  'a lie': (broker, now) => [
    { ...measured(broker, now), offsetS: offsetSOf(broker, now) + 3600, source: 'stated' },
  ],
  none: () => [],
};
const measured = (broker: Broker, utcMs: number): OffsetSample => ({
  utcMs,
  offsetS: offsetSOf(broker, utcMs),
  source: 'ticks',
});

const BACK = 800 * DAY;
const made = new Map<string, WeekEdge[]>();
const edgesOf = (name: string, broker: Broker, market: MarketName, now: number): WeekEdge[] => {
  const key = `${name} ${market}`;
  const all = made.get(key) ?? weekEdges(hourlyOpens(market, broker));
  made.set(key, all);
  const wall = (utc: number): number => utc + offsetSOf(broker, utc) * 1000;
  const [from, to] = [wall(now - BACK), wall(now)];
  return all.filter(({ brokerMs }) => brokerMs >= from && brokerMs <= to);
};

const infer = ({ broker, name, now, sample, set }: Question): ClockInference =>
  inferClock({
    nowUtcMs: now,
    samples: SAMPLES[sample]?.(broker, now) ?? [],
    histories: (SETS[set] ?? []).map((market) => ({
      symbol: market,
      edges: edgesOf(name, broker, market, now),
    })),
    known: [],
  });

const wrongOf = new Map<string, number[]>();
/** Hours of the two years before and the year to come that a rule misreads. A move that has not shown yet is nobody's fault: then up to now. */
const wrongHours = (name: string, broker: Broker, { rule }: ClockInference, now: number): number[] => {
  const key = `${name} ${rule.id}`;
  const all =
    wrongOf.get(key) ??
    [...offsetsOf(broker).keys()]
      .filter((i) => rule.offsetAt(SPAN.from + i * HOUR) * 1000 !== offsetsOf(broker)[i])
      .map((i) => SPAN.from + i * HOUR);
  wrongOf.set(key, all);
  const moves = broker.flatMap(([, , until]) => until ?? []);
  const end = moves.length > 0 ? now : now + 365 * DAY;
  // When on its weekend a broker moved, no market has seen.
  return all.filter(
    (utc) => utc >= now - BACK && utc < end && moves.every((move) => Math.abs(utc - move) > 1.5 * DAY),
  );
};

interface Question {
  readonly name: string;
  readonly broker: Broker;
  readonly set: string;
  readonly sample: string;
  readonly now: number;
}

/** Asks, prints how many were inferred and how many hours were wrong then, and returns what was wrong and who was not inferred. */
const ask = (questions: readonly Question[]) => {
  const scores = new Map<string, { inferred: number; provisional: number; wrong: number }>();
  const wrong: string[] = [];
  const open: Question[] = [];
  for (const question of questions) {
    const { broker, name, now, sample, set } = question;
    const found = infer(question);
    const key = `${set}, ${sample}`;
    const score = scores.get(key) ?? { inferred: 0, provisional: 0, wrong: 0 };
    scores.set(key, score);
    score[found.confidence] += 1;
    if (found.confidence === 'provisional') {
      open.push(question);
      expect(found.settles.length).toBeGreaterThan(0);
      continue;
    }
    expect(found.settles).toEqual([]);
    const hours = wrongHours(name, broker, found, now);
    score.wrong += hours.length;
    if (hours.length > 0)
      wrong.push(
        `${name}, ${key}, ${new Date(now).toISOString()}: ${found.rule.id} ${new Date(hours[0] as number).toISOString()}`,
      );
  }
  const lines = [...scores].map(
    ([key, score]) =>
      `  ${key.padEnd(36)} inferred ${String(score.inferred).padStart(4)}  provisional ${String(score.provisional).padStart(4)}  wrong hours ${score.wrong}`,
  );
  process.stdout.write(`${lines.join('\n')}\n`);
  return { wrong, open };
};

const END = Date.UTC(2027, 0, 20, 15);
const saturday = (year: number, month: number, day: number): number => Date.UTC(year, month - 1, day, 12);
const MOVED: readonly (readonly [string, Broker])[] = (
  [
    [['Europe/Athens', 0], ['America/New_York', 7], saturday(2025, 6, 21)],
    [['UTC', 2], ['America/New_York', 7], saturday(2026, 2, 7)],
    [['UTC', 3], ['Europe/Athens', 0], saturday(2026, 6, 6)],
    [['UTC', 2], ['Europe/London', 0], saturday(2026, 5, 30)],
    [['Europe/London', 0], ['America/New_York', 7], saturday(2026, 3, 21)],
    [['America/New_York', 7], ['UTC', 3], saturday(2025, 11, 8)],
    [['America/New_York', 7], ['Europe/Athens', 0], saturday(2026, 1, 10)],
    [['Europe/Berlin', 0], ['Europe/Athens', 0], saturday(2026, 8, 1)],
    [['Africa/Cairo', 0], ['America/New_York', 7], saturday(2025, 8, 2)],
    [['Australia/Sydney', 0], ['America/New_York', 7], saturday(2026, 4, 18)],
    [['America/Chicago', 0], ['America/New_York', 7], saturday(2026, 9, 5)],
    [['America/New_York', 7], ['America/Chicago', 0], saturday(2026, 9, 5)],
    [['Asia/Tokyo', 0], ['UTC', 0], saturday(2026, 7, 4)],
    [['Asia/Kolkata', 0], ['UTC', 2], saturday(2026, 7, 4)],
    [['Europe/Moscow', 0], ['Europe/Athens', 0], saturday(2025, 12, 27)],
    [['UTC', 0], ['Europe/London', 0], saturday(2026, 1, 3)],
    [['Africa/Cairo', 0], ['Asia/Jerusalem', 0], saturday(2026, 2, 7)],
    // In the middle of a week, which no broker does and nobody could see.
    [['UTC', 2], ['UTC', 3], Date.UTC(2026, 5, 17, 6)],
    [['Europe/Athens', 0], ['UTC', 0], Date.UTC(2026, 9, 7, 6)],
  ] as const
).map(([[from, fromH], [to, toH], until]) => [
  `${from}${fromH} to ${to}${toH} ${new Date(until).toISOString().slice(0, 10)}`,
  [
    [from, fromH, until],
    [to, toH],
  ],
]);
/** Twice, and by a hand that forgets a week or keeps a summer of its own. */
const SET_BY_HAND: readonly (readonly [string, Broker])[] = [
  [
    'UTC+2 UTC+3 NY7',
    [
      ['UTC', 2, saturday(2025, 5, 3)],
      ['UTC', 3, saturday(2026, 2, 7)],
      ['America/New_York', 7],
    ],
  ],
  [
    'set late',
    [
      ['America/New_York', 7, saturday(2026, 3, 7)],
      ['UTC', 2, saturday(2026, 3, 14)],
      ['America/New_York', 7],
    ],
  ],
  [
    'set late each time',
    [
      ['UTC', 2, saturday(2025, 3, 15)],
      ['UTC', 3, saturday(2025, 11, 8)],
      ['UTC', 2, saturday(2026, 3, 14)],
      ['UTC', 3, saturday(2026, 11, 7)],
      ['UTC', 2],
    ],
  ],
  [
    'own summer',
    [
      ['UTC', 2, saturday(2024, 4, 20)],
      ['UTC', 3, saturday(2024, 9, 21)],
      ['UTC', 2, saturday(2025, 4, 19)],
      ['UTC', 3, saturday(2025, 9, 20)],
      ['UTC', 2, saturday(2026, 4, 18)],
      ['UTC', 3, saturday(2026, 9, 19)],
      ['UTC', 2],
    ],
  ],
];

/** Another day each time, all over a year, and so that no season is asked of one broker alone. */
const dayOf = (n: number): number => END - ((n * 7) % 53) * 7 * DAY - (n % 5) * DAY;

test('brokers that stayed: nothing that is inferred is wrong, and whoever lists a currency is inferred', () => {
  const samples = Object.keys(SAMPLES);
  const mixed = SINGLE.flatMap(([name, broker], i) =>
    Object.keys(SETS).map((set, j): Question => {
      const n = i * 11 + j;
      return { name, broker, set, sample: samples[n % samples.length] as string, now: dayOf(n) };
    }),
  );
  const usual = SINGLE.map(
    ([name, broker], n): Question => ({ name, broker, set: 'currencies', sample: 'today', now: dayOf(n) }),
  );
  const { open, wrong } = ask([...mixed, ...usual]);
  expect(wrong).toEqual([]);
  const left = open.filter(({ sample, set }) => sample === 'today' && SETS[set]?.includes('currencies'));
  // Zones beside these have new laws: what they say differs from next autumn on.
  expect(left.filter(({ name }) => !['America/Denver', 'America/Los_Angeles'].includes(name))).toEqual([]);
}, 300_000);

test('zones that differ on weekends alone: the usual one is taken, and no hour of currencies is wrong', () => {
  const brokers = ['Asia/Beirut', 'Europe/Chisinau'].map((zone): [string, Broker] => [zone, [[zone, 0]]]);
  for (const [name, broker] of brokers) {
    const now = dayOf(0);
    const found = infer({ name, broker, set: 'all and crypto', sample: 'today', now });
    expect(found).toMatchObject({ confidence: 'inferred', rule: { id: 'Europe/Athens' } });
    const days = new Set(
      wrongHours(name, broker, found, now).map((utc) => new Date(utc + 2 * HOUR).getUTCDay()),
    );
    expect([...days].filter((day) => day > 0 && day < 6)).toEqual([]);
  }
});

test('brokers that moved, once or more often: nothing that is inferred is wrong', () => {
  const samples = ['today', 'each day', 'two days', 'stated'];
  const sets = ['currencies', 'one currency', 'US shares', 'Asia', 'all and crypto'];
  const questions = [...MOVED, ...SET_BY_HAND].flatMap(([name, broker], i) =>
    sets.flatMap((set, j) =>
      [0, 1, 2, 3].map((k): Question => {
        const n = i * 5 + j + k * 7;
        return { name, broker, set, sample: samples[n % 4] as string, now: dayOf(n) - k * 90 * DAY };
      }),
    ),
  );
  const { open, wrong } = ask(questions);
  expect(wrong).toEqual([]);
  expect(open.length).toBeLessThan(questions.length * 0.9);
}, 300_000);

test.each([
  // Each symbol of its own finds a clock that explains all but a few weeks, and not the same ones.
  [
    'Europe/Athens',
    0,
    Date.UTC(2025, 5, 21, 12),
    'London and US shares',
    'each day',
    Date.UTC(2026, 9, 12, 15),
  ],
  // A move to a rule that the newest week contradicts would make a lie fit.
  ['UTC', 2, Date.UTC(2026, 1, 7, 12), 'all and crypto', 'a lie', Date.UTC(2026, 3, 2, 15)],
] as const)('%s + %d h until it moved: open', (zone, shiftH, until, set, sample, now) => {
  const broker: Broker = [
    [zone, shiftH, until],
    ['America/New_York', 7],
  ];
  expect(infer({ name: `${zone} ${until}`, broker, set, sample, now }).confidence).toBe('provisional');
});
