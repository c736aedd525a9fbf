// Faults of REST as a whole: an account's gateway is down (key refused, only a proxy answers, a network that drops everything), or requests fail at
// random. In: how, or how often. Out: failures on every route of the account and of `/v1`.

import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { Random } from '../prices/random.ts';
import {
  failed,
  type RestAnswer,
  terminalDown,
  timedOut,
  tooMany,
  unauthorized,
} from '../answers/envelope.ts';
import { defineFault, type FaultKind, ms } from './fault.ts';
import type { Disturbance } from '../conditions.ts';

const html = (status: number, title: string): RestAnswer => ({
  status,
  body: `<html><head><title>${status} ${title}</title></head><body><h1>${title}</h1></body></html>`,
  contentType: 'text/html',
});
const BAD_GATEWAY = html(502, 'Bad Gateway');

const away = defineFault(
  'gateway_away',
  z.strictObject({
    how: z.union([z.enum(['reset', 'silent']), z.int().min(400).max(599)]).default(502),
    retryAfterS: z.int().nonnegative().optional(),
    ms,
  }),
  ({ conditions }, { how, retryAfterS }) => {
    const headers = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) };
    const answer = (status: number): RestAnswer => {
      if (status === 401) return unauthorized;
      return status >= 500 ? html(status, 'Away') : { status, body: { error: 'MRPC', message: 'away' } };
    };
    const mine: Disturbance =
      typeof how === 'number' ? { answer: { ...answer(how), headers } } : { connection: how };
    const before = conditions.disturb;
    const disturb = (): Disturbance => mine;
    conditions.disturb = disturb;
    return {
      applied: true,
      release: () => {
        if (conditions.disturb === disturb) conditions.disturb = before;
      },
    };
  },
);

/** Each kind has its own chance; when several are drawn, the first counts. */
const TROUBLES = {
  unauthorized: () => ({ answer: unauthorized }),
  timeout: () => ({ answer: timedOut('Terminal') }),
  failed: () => ({ answer: failed('Call') }),
  too_many: () => ({ answer: tooMany() }),
  bad_gateway: () => ({ answer: BAD_GATEWAY }),
  unavailable: () => ({ answer: terminalDown }),
  html: () => ({ answer: html(200, 'Welcome') }),
  reset: () => ({ connection: 'reset' }),
  cut: () => ({ lateMs: 0, cut: true }),
  slow: (slowMs: number) => ({ lateMs: slowMs, cut: false }),
} as const satisfies Record<string, (slowMs: number) => Disturbance>;
type Trouble = keyof typeof TROUBLES;
const KINDS = Object.keys(TROUBLES) as Trouble[];

const random = defineFault(
  'random_faults',
  z.strictObject({
    /** Probability of each kind. */
    rate: z.number().min(0).max(1).default(0.05),
    kinds: z.array(z.enum(KINDS)).min(1).default(KINDS),
    slowMs: z.int().nonnegative().default(2000),
    seed: z.int().default(1),
    ms,
  }),
  ({ account, conditions }, { kinds, rate, seed, slowMs }) => {
    const draw = new Random(seed, `random_faults/${account.id}`);
    const before = conditions.disturb;
    const disturb = (): Disturbance | null => {
      const drawn = kinds.filter(() => draw.next() < rate);
      const [first] = drawn;
      return first === undefined ? (before?.() ?? null) : TROUBLES[first](slowMs);
    };
    conditions.disturb = disturb;
    return {
      applied: true,
      release: () => {
        if (conditions.disturb === disturb) conditions.disturb = before;
      },
    };
  },
);

/** Waits as long as the fault demands; true when the answer must be broken off. */
export async function delayed(disturbance: Disturbance | null): Promise<boolean> {
  if (disturbance === null || !('cut' in disturbance)) return false;
  if (disturbance.lateMs > 0) await wait(disturbance.lateMs);
  return disturbance.cut;
}

export const OUTAGE_FAULTS: readonly FaultKind[] = [away, random];
