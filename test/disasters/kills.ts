// Kills of a program that says its steps, at random moments of its whole length. In: how to start it, what a run to its end said and when.
// Out: a run that ended by itself or by SIGKILL, and what it had said last.
import type { ChildHandle } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';

/** A step, and milliseconds since the first one. */
interface Said {
  readonly step: string;
  readonly atMs: number;
}

export interface Watched {
  readonly said: readonly Said[];
  /** From the first step to the end. */
  readonly tookMs: number;
  readonly killed: boolean;
}

const LOOK_MS = 2;

/** Runs a child until it ends or `due` says that it has to die. @throws when it ends with an error. */
export async function watch(
  child: ChildHandle,
  steps: RegExp,
  due: (said: readonly Said[], sinceMs: number) => boolean = () => false,
): Promise<Watched> {
  const said: Said[] = [];
  let startedMs: number | null = null;
  while (child.exit === null) {
    const nowMs = performance.now();
    const lines = child.logs.split('\n').slice(0, -1);
    const known = lines.filter((line) => steps.test(line));
    if (known.length > 0) startedMs ??= nowMs;
    const sinceMs = nowMs - (startedMs ?? nowMs);
    for (const step of known.slice(said.length)) said.push({ step, atMs: sinceMs });
    if (startedMs !== null && due(said, sinceMs)) {
      const { signal } = await child.kill('SIGKILL');
      return { said, tookMs: sinceMs, killed: signal === 'SIGKILL' };
    }
    await delay(LOOK_MS);
  }
  const { code } = await child.exited;
  expect(code, child.logs).toBe(0);
  return { said, tookMs: performance.now() - (startedMs ?? performance.now()), killed: false };
}

/**
 * When a run has to die: in turn at a random moment of a whole run, and at a random moment of a random one of the steps that are left, so
 * that the short steps are hit as well as the long ones. `whole` is a run that was not killed.
 */
export function randomMoment(
  whole: Watched,
  turn: number,
  lastSaid: string | null,
): { readonly what: string; readonly due: (said: readonly Said[], sinceMs: number) => boolean } {
  const from = lastSaid === null ? 0 : whole.said.findIndex(({ step }) => step === lastSaid);
  const left = whole.said.slice(Math.max(0, from));
  if (turn % 2 === 0) {
    const atMs = Math.random() * (whole.tookMs - (left[0]?.atMs ?? 0));
    return { what: `after ${Math.round(atMs)} ms`, due: (_said, sinceMs) => sinceMs >= atMs };
  }
  const index = Math.floor(Math.random() * left.length);
  const { atMs = 0, step = '' } = left[index] ?? {};
  const laterMs = Math.random() * ((left[index + 1]?.atMs ?? whole.tookMs) - atMs);
  return {
    what: `${Math.round(laterMs)} ms into "${step}"`,
    due: (said, sinceMs) => {
      const begun = said.find((each) => each.step === step);
      return begun !== undefined && sinceMs >= begun.atMs + laterMs;
    },
  };
}

/**
 * Corrects to the rules in turn, the first one without a kill to see how long it takes, and kills until enough kills have hit an unfinished
 * correction; the last one is to the last rule. Prints where each hit. Returns how many did.
 */
export async function correctUnderKills(o: {
  readonly rules: readonly [string, string];
  readonly kills: number;
  readonly steps: RegExp;
  readonly start: (rule: string) => Promise<ChildHandle>;
  /** Called before the first run with a rule. */
  readonly choose: (rule: string) => Promise<void>;
  /** Whether a correction is under way and not at its end. */
  readonly isUnfinished: () => Promise<boolean>;
}): Promise<number> {
  const [other, right] = o.rules;
  await o.choose(other);
  const whole = await watch(await o.start(other), o.steps);
  print(`one run takes ${Math.round(whole.tookMs)} ms from its first step of ${whole.said.length}`);
  let hits = 0;
  let tries = 0;
  for (let round = 0; hits < o.kills || round % 2 === 0; round++) {
    if (tries > o.kills * 8) break;
    const rule = round % 2 === 0 ? right : other;
    await o.choose(rule);
    let last: string | null = null;
    for (;;) {
      const wanted = hits >= o.kills ? null : randomMoment(whole, tries++, last);
      const run = await watch(await o.start(rule), o.steps, wanted?.due);
      last = run.said.at(-1)?.step ?? last;
      if (!run.killed || !(await o.isUnfinished())) break;
      hits++;
      print(`kill ${hits} of a correction to ${rule}, ${wanted?.what}: last said "${last}"`);
    }
  }
  return hits;
}

const print = (line: string): void => void process.stdout.write(`  ${line}\n`);
