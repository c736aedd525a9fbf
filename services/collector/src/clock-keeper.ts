// Keeps the clock rule of one tape: chooses the first one, confirms it, and takes the controlled step to another. In: the
// configured rule, what was inferred from history, and what the gateway says of its offset today. Out: spans, as an event of the
// tape and in a new head. What is inferred never waits for, and never contradicts, the clock that runs.
import type { AccountConfig } from '@fxtape/config';
import type { ServerTimezone } from '@fxtape/fxsocket';
import {
  type ClockSpan,
  confirmSpan,
  correctSpans,
  defaultRule,
  parseBrokerTime,
  parseClockRule,
  spanAt,
  stepSpans,
  type UtcMs,
  utcMs,
} from '@fxtape/market';
import type { Clock, Log } from '@fxtape/ops';
import type { AppliedRule } from '@fxtape/questdb';
import type { TapeWriter } from '@fxtape/tape';
import type { Intake } from './intake.ts';
import type { Hold } from './tape-reader.ts';
import type { TapeMemory } from './tape-memory.ts';

/** While a rule is contradicted and nobody names another, the gateway is asked for its offset so often. */
const ASK_AGAIN_MS = 10_000;

/** What the tape says about a rule; `silence`: for a while nothing that could tell. */
export type Word = 'agrees' | 'conflict' | 'silence';

export interface ClockKeeperOptions {
  readonly config: () => AccountConfig;
  readonly timezone: () => Promise<ServerTimezone>;
  /** Id of the rule that was inferred for the server; null when none was, or when nobody can tell now. */
  readonly inferred: () => Promise<string | null>;
  readonly intake: Intake;
  readonly memory: TapeMemory;
  readonly tape: TapeWriter;
  readonly clock: Clock;
  readonly log: Log;
}

export class ClockKeeper {
  readonly #o: ClockKeeperOptions;
  #changed: () => void = () => {};

  constructor(options: ClockKeeperOptions) {
    this.#o = options;
  }

  get current(): ClockSpan | null {
    return this.#o.memory.spans.at(-1) ?? null;
  }

  /** The rule to go on with: the configured one, else the tape's, else the one that today's offset chooses. */
  async begin(): Promise<void> {
    const { clock, config } = this.#o;
    const { replayed, rule: configured } = config().clock;
    const current = this.current;
    const now = utcMs(clock.nowMs());
    if (configured !== 'auto') {
      const rule = parseClockRule(configured).id;
      if (current?.rule === rule) return;
      const agreed = replayed || (await this.#offsetNow()) === parseClockRule(rule).offsetAt(now);
      this.#step(rule, agreed, replayed ? 'configured, replayed gateway' : 'configured');
      return;
    }
    if (current !== null) return;
    const timezone = await this.#o.timezone();
    const offsetS = timezone.utcOffsetSeconds;
    const today = (replayed ? ownToday(timezone) : null) ?? now;
    // A snapshot is written without a guard, so nothing is written before the clock of a heartbeat or a live tick was compared with ours.
    const inferred = await this.#inferredAt(today, offsetS);
    const evidence = `the gateway stands ${offsetS} s before UTC today`;
    if (inferred !== null) this.#step(inferred, replayed, `inferred from history, and ${evidence}`);
    else this.#step(defaultRule(offsetS, today).id, replayed, evidence);
  }

  /**
   * Goes on with the rule that history shows, from now on, where it says the same now as the one in force: the two differ later in the year.
   * A replayed gateway's now is its own, and only its word says which offset it has.
   */
  async adopt(): Promise<void> {
    const { clock, config } = this.#o;
    const { replayed, rule: configured } = config().clock;
    const { current } = this;
    if (configured !== 'auto' || current === null || !current.confirmed) return;
    const text = await this.#o.inferred();
    if (text === null || text === current.rule) return;
    const now = utcMs(clock.nowMs());
    const today = replayed
      ? await this.#replayedToday()
      : { now, offsetS: parseClockRule(current.rule).offsetAt(now) };
    const inferred = today === null ? null : simpleAt(text, today.now, today.offsetS);
    if (inferred !== null && inferred !== current.rule) this.#step(inferred, true, 'inferred from history');
  }

  /** The tables were corrected: lines from before are read with the rule that the rows have now. */
  corrected({ applyId, rule, us }: AppliedRule): void {
    const { spans } = this.#o.memory;
    const next = correctSpans(spans, { untilUs: us, rule, evidence: `clock apply ${applyId}` });
    if (next !== spans) this.#write(next);
  }

  /** The configuration changed: takes the step if it names another rule, and wakes whoever waits for one. */
  async reconsider(): Promise<void> {
    await this.begin();
    this.#changed();
  }

  /** What the tape itself says about the rule of a stretch. Returns when the stretch may be read again. */
  async settle(hold: Hold, word: Word, signal: AbortSignal): Promise<void> {
    const { clock, config, log, memory } = this.#o;
    if (word === 'silence') {
      // A shut market contradicts nothing and proves nothing. Then it is enough that the gateway's own word fits.
      const rule = spanAt(memory.spans, hold.tsRecv)?.rule;
      const offsetS = await this.#offsetNow();
      if (rule !== undefined && offsetS === parseClockRule(rule).offsetAt(utcMs(clock.nowMs())))
        this.#write(confirmSpan(memory.spans, hold.tsRecv, 'the offset that the gateway states'));
      return;
    }
    if (word === 'agrees') {
      this.#write(confirmSpan(memory.spans, hold.tsRecv, 'the tape agrees'));
      return;
    }
    const refused = spanAt(memory.spans, hold.tsRecv);
    const later = memory.spans.find((span) => span.fromUs > hold.tsRecv && span.rule !== refused?.rule);
    if (later !== undefined) {
      this.#write(stepSpans(memory.spans, { ...later, fromUs: hold.tsRecv, confirmed: true }));
      return;
    }
    if (config().clock.rule === 'auto') {
      const offsetS = await this.#offsetNow();
      const now = utcMs(clock.nowMs());
      const other =
        offsetS === null ? null : ((await this.#inferredAt(now, offsetS)) ?? defaultRule(offsetS, now).id);
      if (other !== null && other !== refused?.rule) {
        log.warn({ from: refused?.rule, to: other }, 'the clock rule changes');
        this.#write(
          stepSpans(memory.spans, {
            fromUs: hold.tsRecv,
            rule: other,
            confirmed: true,
            evidence: 'offset today',
          }),
        );
        return;
      }
    }
    await this.#untilChanged(signal);
  }

  #step(rule: string, confirmed: boolean, evidence: string): void {
    const fromUs = this.#o.memory.spans.length === 0 ? 0 : this.#o.clock.nowUs();
    this.#write(stepSpans(this.#o.memory.spans, { fromUs, rule, confirmed, evidence }));
  }

  #write(spans: readonly ClockSpan[]): void {
    const { intake, log, tape } = this.#o;
    intake.note('clock', { spans });
    intake.clockChanged();
    tape.rotate();
    log.info({ spans }, 'clock rule');
  }

  /** The simple rule that was inferred for this instant, when it has this offset there. */
  async #inferredAt(now: UtcMs, offsetS: number): Promise<string | null> {
    const text = await this.#o.inferred();
    return text === null ? null : simpleAt(text, now, offsetS);
  }

  /** Null: the gateway does not tell, and is asked again with the next look. */
  async #replayedToday(): Promise<{ now: UtcMs; offsetS: number } | null> {
    try {
      const timezone = await this.#o.timezone();
      const now = ownToday(timezone);
      return now === null ? null : { now, offsetS: timezone.utcOffsetSeconds };
    } catch (error) {
      this.#o.log.warn({ err: error }, 'the gateway does not tell its day; the rule stays');
      return null;
    }
  }

  async #offsetNow(): Promise<number | null> {
    try {
      return (await this.#o.timezone()).utcOffsetSeconds;
    } catch (error) {
      this.#o.log.warn(
        { err: error },
        'the gateway does not tell its offset; the tape has to confirm the rule',
      );
      return null;
    }
  }

  /** Until the configuration changes, or it is time to ask the gateway again. */
  #untilChanged(signal: AbortSignal): Promise<void> {
    const { clock } = this.#o;
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        clock.clearTimeout(timer);
        this.#changed = () => {};
        resolve();
      };
      const timer = clock.setTimeout(done, ASK_AGAIN_MS);
      this.#changed = done;
      signal.addEventListener('abort', done);
    });
  }
}

/** The instant that a gateway states of its own clock; null where it states none. */
const ownToday = ({ serverTime, utcOffsetSeconds }: ServerTimezone): UtcMs | null => {
  const stated = parseBrokerTime(serverTime);
  return stated === null ? null : utcMs(stated.ms - utcOffsetSeconds * 1000);
};

/** The piece of a rule that holds at an instant, when it has this offset there. */
const simpleAt = (text: string, now: UtcMs, offsetS: number): string | null => {
  const rule = parseClockRule(parseClockRule(text).pieceAt(now));
  return rule.offsetAt(now) === offsetS ? rule.id : null;
};
