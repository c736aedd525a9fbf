// Keeps a local engine running for as long as fxtape runs. In: an engine that can start and stop. Out: the engine, started again on
// its old ports whenever it ends without having been asked to, at once the first time, then after 1 s, 2 s, … 30 s. While it is down the
// recorder goes on: its tape grows and is applied afterwards.
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineExit } from './engine-process.ts';
import type { StackLog } from './log.ts';

export interface Engine {
  readonly exited: Promise<EngineExit>;
  start(): Promise<void>;
  stop(): Promise<void>;
  lastLines(count?: number): string[];
}

const LONGEST_WAIT_MS = 30_000;
/** A run of this length makes the next wait short again. */
const GOOD_RUN_MS = 60_000;

export class KeptEngine {
  readonly #engine: Engine;
  readonly #title: string;
  readonly #log: StackLog;
  readonly #stopping = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(engine: Engine, o: { title: string; log: StackLog }) {
    this.#engine = engine;
    this.#title = o.title;
    this.#log = o.log;
  }

  /** Starts the engine; the first start must succeed. @throws as the engine's start */
  async start(): Promise<void> {
    await this.#engine.start();
    this.#watching = this.#watch();
  }

  /** Stops the engine for good. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#engine.stop();
    await this.#watching;
    // A start that was under way when the stop came has brought it up again.
    await this.#engine.stop();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    let waitMs = 0;
    while (!signal.aborted) {
      const startedMs = performance.now();
      const exit = await this.#engine.exited;
      if (signal.aborted) return;
      if (performance.now() - startedMs > GOOD_RUN_MS) waitMs = 0;
      const how = exit.signal ?? `code ${exit.code}`;
      const said = this.#engine.lastLines(3).join(' | ');
      this.#log.warn(`${this.#title} ended (${how}); restarting it. Its last lines: ${said}`);
      waitMs = await this.#startAgain(waitMs);
    }
  }

  /** Tries until the engine runs or the stop came; returns the wait before a next try. */
  async #startAgain(firstWaitMs: number): Promise<number> {
    const { signal } = this.#stopping;
    let waitMs = firstWaitMs;
    while (!signal.aborted) {
      await delay(waitMs, null, { signal }).catch(() => null);
      if (signal.aborted) break;
      waitMs = Math.min(Math.max(1000, waitMs * 2), LONGEST_WAIT_MS);
      try {
        await this.#engine.start();
        this.#log.info(`${this.#title} is running again`);
        break;
      } catch (error) {
        this.#log.warn(error instanceof Error ? error.message : String(error));
      }
    }
    return waitMs;
  }
}
