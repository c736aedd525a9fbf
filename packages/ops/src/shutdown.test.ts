import { describe, expect, test } from 'vitest';
import { createLog } from './log.ts';
import { Shutdown } from './shutdown.ts';

function setUp(deadlineMs = 2000) {
  const lines: string[] = [];
  const exits: number[] = [];
  const log = createLog({ service: 't', pretty: false, write: (line) => lines.push(line) });
  let exited: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    exited = resolve;
  });
  const clock = { nowMs: 0 };
  const shutdown = new Shutdown({
    log,
    deadlineMs,
    monoMs: () => clock.nowMs,
    exit: (code) => {
      exits.push(code);
      exited();
    },
  });
  return { clock, shutdown, lines, exits, done };
}

describe('shutdown', () => {
  test('awaits each step, last added first, and exits 0', async () => {
    const { shutdown, exits, done } = setUp();
    const order: string[] = [];
    for (const name of ['tape', 'stream', 'health']) {
      shutdown.add(name, async () => {
        order.push(`${name} begins`);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(`${name} ends`);
      });
    }
    shutdown.onSignal('SIGTERM');
    await done;
    expect(order).toEqual([
      'health begins',
      'health ends',
      'stream begins',
      'stream ends',
      'tape begins',
      'tape ends',
    ]);
    expect(exits).toEqual([0]);
    expect(shutdown.stopping).toBe(true);
  });

  test('a failing step does not keep the others from stopping, and shows in the exit code', async () => {
    const { shutdown, exits, done, lines } = setUp();
    let stopped = false;
    shutdown.add('tape', async () => {
      stopped = true;
    });
    shutdown.add('stream', () => Promise.reject(new Error('no')));
    shutdown.onSignal('SIGINT');
    await done;
    expect(stopped).toBe(true);
    expect(exits).toEqual([1]);
    expect(lines.join('')).toContain('\\"stream\\" failed to stop');
  });

  test('the deadline names the step that hangs and ends with 1', async () => {
    const { shutdown, exits, done, lines } = setUp(30);
    shutdown.add('tape', async () => undefined);
    shutdown.add('sender', () => new Promise(() => undefined));
    shutdown.onSignal('SIGTERM');
    await done;
    expect(exits).toEqual([1]);
    expect(lines.join('')).toContain('\\"sender\\" did not stop in time');
  });

  test.for([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('a second %s ends at once; one within the same second is the first again', ([signal, code]) => {
    const { clock, shutdown, exits } = setUp();
    shutdown.add('sender', () => new Promise(() => undefined));
    shutdown.onSignal('SIGTERM');
    clock.nowMs = 999;
    shutdown.onSignal(signal);
    expect(exits).toEqual([]);
    clock.nowMs = 1000;
    shutdown.onSignal(signal);
    expect(exits).toEqual([code]);
  });

  test('two callers wait for one stop', async () => {
    const { shutdown } = setUp();
    let times = 0;
    shutdown.add('tape', async () => {
      times += 1;
    });
    await Promise.all([shutdown.run(), shutdown.run()]);
    expect(times).toBe(1);
  });
});
