import { expect, test } from 'vitest';
import type { EngineExit } from './engine-process.ts';
import { type Engine, KeptEngine } from './kept-engine.ts';

class StandInEngine implements Engine {
  starts = 0;
  failNextStarts = 0;
  started = Promise.withResolvers<void>();
  #exit = Promise.withResolvers<EngineExit>();

  get exited(): Promise<EngineExit> {
    return this.#exit.promise;
  }
  async start(): Promise<void> {
    this.starts++;
    if (this.failNextStarts-- > 0) throw new Error('port in use');
    this.#exit = Promise.withResolvers();
    this.started.resolve();
  }
  async stop(): Promise<void> {
    this.end({ code: 0, signal: null });
  }
  end(exit: EngineExit): void {
    this.#exit.resolve(exit);
  }
  lastLines(): string[] {
    return ['the last line'];
  }
}

function kept(engine: Engine) {
  const lines: string[] = [];
  const log = { info: (line: string) => lines.push(line), warn: (line: string) => lines.push(line) };
  return { kept: new KeptEngine(engine, { title: 'Thing', log }), lines };
}

test('an engine that died is started again, also when the first tries fail', async () => {
  const engine = new StandInEngine();
  const { kept: keeper, lines } = kept(engine);
  await keeper.start();
  engine.failNextStarts = 1;
  engine.started = Promise.withResolvers();
  engine.end({ code: null, signal: 'SIGKILL' });
  await engine.started.promise;
  expect(engine.starts).toBe(3);
  expect(lines.slice(0, 2)).toEqual([
    'Thing ended (SIGKILL); restarting it. Its last lines: the last line',
    'port in use',
  ]);
  await keeper.stop();
});

test('after stop it stays down, and a failing first start is an error', async () => {
  const engine = new StandInEngine();
  const { kept: keeper } = kept(engine);
  await keeper.start();
  await keeper.stop();
  expect(engine.starts).toBe(1);
  engine.failNextStarts = 1;
  await expect(kept(engine).kept.start()).rejects.toThrow('port in use');
});
