// Keeps the clock rule of one tape: chooses the first one, confirms it, and changes it when it is wrong. In: the configured rule, the rule
// inferred from history, the gateway's UTC offset of today, and what the tape shows of a running clock. Out: spans and rulings, as events
// on the tape and in a new head. An inferred rule is adopted without waiting for a running clock, and only where it agrees with one.
import type { AccountConfig } from '@fxtape/config';
import {
  clockOffset,
  type ClockRule,
  type ClockSight,
  type ClockSpan,
  confirmSpan,
  correctSpans,
  defaultRule,
  isNear,
  type MeasuredClock,
  parseBrokerTime,
  parseClockRule,
  type Ruling,
  spanAt,
  settleSpans,
  STEADY_US,
  stepSpans,
  type UtcMs,
  utcMs,
} from '@fxtape/market';
import type { Clock, Log } from '@fxtape/ops';
import type { AppliedRule } from '@fxtape/questdb';
import type { TapeWriter } from '@fxtape/tape';
import type { HoldKeeper } from './hold-watch.ts';
import type { Intake } from '../intake/intake.ts';
import type { TapeMemory } from '../tape/tape-memory.ts';

/** What a gateway states about its clock today. */
interface StatedClock {
  readonly serverTime: string;
  readonly utcOffsetSeconds: number;
}

export interface ClockKeeperOptions {
  readonly config: () => Pick<AccountConfig, 'clock'>;
  readonly timezone: () => Promise<StatedClock>;
  /** Id of the rule that was inferred for the server; null when none was, or when nobody can tell now. */
  readonly inferred: () => Promise<string | null>;
  readonly intake: Pick<Intake, 'note' | 'clockChanged'>;
  readonly memory: Pick<TapeMemory, 'spans'>;
  readonly tape: Pick<TapeWriter, 'rotate' | 'stamp'>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

export class ClockKeeper implements HoldKeeper {
  readonly #o: ClockKeeperOptions;
  /** The rule in force is the one inferred from history. */
  #isInferred = false;

  constructor(options: ClockKeeperOptions) {
    this.#o = options;
  }

  get current(): ClockSpan | null {
    return this.#o.memory.spans.at(-1) ?? null;
  }

  get isGiven(): boolean {
    return this.#o.config().clock.rule !== 'auto';
  }

  /** The rule is neither configured nor inferred from history yet. */
  get isProvisional(): boolean {
    return !this.isGiven && !this.#isInferred;
  }

  /** Chooses the rule to start with: the configured one, else the tape's, else one that fits today's offset. */
  async begin(): Promise<void> {
    const { clock, config } = this.#o;
    const { replayed, rule: configured } = config().clock;
    const current = this.current;
    if (configured !== 'auto') {
      const rule = parseClockRule(configured).id;
      if (current?.rule === rule && (current.confirmed || !replayed)) return;
      // No running clock can agree with a gateway that replays an old day, so the configuration is believed.
      this.#step(rule, replayed, replayed ? 'configured, replayed gateway' : 'configured');
      return;
    }
    if (current !== null) return;
    const timezone = await this.#o.timezone();
    const offsetS = clockOffset(timezone.utcOffsetSeconds);
    const today = (replayed ? ownToday(timezone) : null) ?? utcMs(clock.nowMs());
    const inferred = await this.#inferredAt(today, offsetS);
    const stated = `the gateway states a UTC offset of ${timezone.utcOffsetSeconds} s today`;
    const evidence = offsetS === null ? `${stated}, which no clock has` : stated;
    // Snapshots are not guarded, so the rule stays unconfirmed until a running clock was compared with ours.
    if (inferred !== null) this.#step(inferred, replayed, `inferred from history, and ${evidence}`);
    else this.#step(defaultRule(timezone.utcOffsetSeconds, today).id, false, evidence);
  }

  /**
   * Adopts the rule that was inferred from history, where it agrees now with the one in force; the two may differ later in the year. For a
   * replayed gateway "now" is the gateway's own day, only the gateway can state its offset, and nothing is sent before.
   */
  async adopt(): Promise<void> {
    const { clock, config } = this.#o;
    const { replayed, rule: configured } = config().clock;
    const { current } = this;
    if (configured !== 'auto' || current === null || !(current.confirmed || replayed)) return;
    const isStill = this.#asOfNow();
    const text = await this.#o.inferred();
    if (text === null) return;
    const now = utcMs(clock.nowMs());
    const today = replayed
      ? await this.#replayedToday()
      : { now, offsetS: parseClockRule(current.rule).offsetAt(now) };
    if (!isStill()) return;
    const inferred = today === null ? null : simpleAt(text, today.now, today.offsetS);
    this.#isInferred = inferred !== null || text === current.rule;
    if (inferred !== null && !(inferred === current.rule && current.confirmed))
      this.#step(inferred, true, 'inferred from history');
  }

  /** The tables were corrected: lines from before are read with the rule that the rows have now, unless somebody decided since. */
  corrected({ applyId, rule, us }: AppliedRule): void {
    const { spans } = this.#o.memory;
    const next = correctSpans(spans, { untilUs: us, rule, evidence: `clock apply ${applyId}` });
    if (next !== spans) this.#write(next);
  }

  /** The configuration changed: takes the step if it names another rule. */
  async reconsider(): Promise<void> {
    await this.begin();
  }

  confirm(tsRecv: number, evidence: string): void {
    this.#write(confirmSpan(this.#o.memory.spans, tsRecv, evidence));
  }

  rule(rulings: readonly Ruling[]): void {
    for (const ruling of rulings) this.#o.intake.note('ruling', ruling);
    this.#o.tape.rotate();
  }

  /** A shut market contradicts nothing and proves nothing. Then it is enough that the gateway's own word fits. */
  async believe(tsRecv: number): Promise<void> {
    const { clock, config, memory } = this.#o;
    const span = spanAt(memory.spans, tsRecv);
    const isStill = this.#asOfNow();
    const offsetS = await this.#statedOffset();
    if (span === null || offsetS === null || !isStill()) return;
    const now = utcMs(clock.nowMs());
    if (parseClockRule(span.rule).offsetAt(now) === offsetS)
      this.confirm(tsRecv, 'the offset that the gateway states');
    else if (config().clock.rule === 'auto' && span === this.current) {
      // It said something else, or nothing that a clock could have, when the first rule was chosen.
      const rule = (await this.#inferredAt(now, offsetS)) ?? defaultRule(offsetS, now).id;
      if (isStill()) this.#step(rule, false, `the gateway states a UTC offset of ${offsetS} s today`);
    }
  }

  async settle(tsRecv: number, seen: ClockSight, measured: MeasuredClock | null): Promise<void> {
    const { log, memory } = this.#o;
    const refused = spanAt(memory.spans, tsRecv);
    const isStill = this.#asOfNow();
    for await (const { evidence, rule } of this.#candidates(tsRecv, refused, measured)) {
      if (!isStill()) return;
      if (rule === refused?.rule || !fits(parseClockRule(rule), seen)) continue;
      log.warn({ from: refused?.rule, to: rule, evidence }, 'the clock rule changes');
      const decidedUs = this.#stamp();
      const step = { fromUs: tsRecv, rule, confirmed: true, evidence, decidedUs };
      this.#write(settleSpans(memory.spans, step));
      return;
    }
  }

  /** True until another decision was made: one that waited for an answer must not undo a newer one. */
  #asOfNow(): () => boolean {
    const { config, memory } = this.#o;
    const [{ spans }, { rule }] = [memory, config().clock];
    return () => memory.spans === spans && config().clock.rule === rule;
  }

  /** Candidate rules, the most credible first. */
  async *#candidates(
    tsRecv: number,
    refused: ClockSpan | null,
    measured: MeasuredClock | null,
  ): AsyncGenerator<{ rule: string; evidence: string }> {
    const { clock, config, memory } = this.#o;
    for (const { evidence, fromUs, rule } of memory.spans) if (fromUs > tsRecv) yield { rule, evidence };
    if (config().clock.rule !== 'auto') return;
    const now = utcMs(clock.nowMs());
    const inferred = await this.#inferredAt(now, null);
    if (inferred !== null) yield { rule: inferred, evidence: 'inferred from history' };
    const stated = await this.#statedOffset();
    const evidence = 'offset today';
    if (stated !== null) yield { rule: defaultRule(stated, now).id, evidence };
    // Without a stated offset, a clock that runs steadily shows it, if the present rule never agreed with any clock.
    const offsetS = measured === null ? null : clockOffset(measured.differenceS);
    if (
      stated === null &&
      offsetS !== null &&
      refused?.confirmed !== true &&
      (measured?.forUs ?? 0) >= STEADY_US
    )
      yield {
        rule: defaultRule(offsetS, now).id,
        evidence: `its clock runs at a UTC offset of ${offsetS} s`,
      };
  }

  #step(rule: string, confirmed: boolean, evidence: string): void {
    const decidedUs = this.#stamp();
    const fromUs = this.#o.memory.spans.length === 0 ? 0 : decidedUs;
    this.#write(stepSpans(this.#o.memory.spans, { fromUs, rule, confirmed, evidence, decidedUs }));
  }

  /** The present in receive times of the tape: the machine's clock may be behind it. */
  #stamp(): number {
    return this.#o.tape.stamp(this.#o.clock.nowUs());
  }

  #write(spans: readonly ClockSpan[]): void {
    const { intake, log, tape } = this.#o;
    intake.note('clock', { spans });
    intake.clockChanged();
    tape.rotate();
    log.info({ spans }, 'clock rule');
  }

  /** The piece of the inferred rule that holds at this instant, if it has this offset there. `offsetS` null: any offset. */
  async #inferredAt(now: UtcMs, offsetS: number | null): Promise<string | null> {
    const text = await this.#o.inferred();
    return text === null ? null : simpleAt(text, now, offsetS);
  }

  /** Null: the gateway does not state it now, and is asked again later. */
  async #replayedToday(): Promise<{ now: UtcMs; offsetS: number | null } | null> {
    try {
      const timezone = await this.#o.timezone();
      const now = ownToday(timezone);
      return now === null ? null : { now, offsetS: clockOffset(timezone.utcOffsetSeconds) };
    } catch (error) {
      this.#o.log.warn({ err: error }, 'the gateway does not state its day; the rule stays');
      return null;
    }
  }

  /** Null: unknown. */
  async #statedOffset(): Promise<number | null> {
    try {
      return clockOffset((await this.#o.timezone()).utcOffsetSeconds);
    } catch (error) {
      this.#o.log.warn(
        { err: error },
        'the gateway does not state its UTC offset; the tape has to confirm the rule',
      );
      return null;
    }
  }
}

/** True when the clock that was seen fits this rule. */
const fits = (rule: ClockRule, { receivedUs, time }: ClockSight): boolean =>
  time !== null && isNear(rule.read(time.ms, { recvMs: receivedUs / 1000 }).ms, receivedUs);

/** The gateway's own present in UTC; null where it states no time. */
const ownToday = ({ serverTime, utcOffsetSeconds }: StatedClock): UtcMs | null => {
  const stated = parseBrokerTime(serverTime);
  return stated === null ? null : utcMs(stated.ms - (clockOffset(utcOffsetSeconds) ?? 0) * 1000);
};

/** The piece of a rule that holds at an instant, if it has this offset there. `offsetS` null: any offset. */
const simpleAt = (text: string, now: UtcMs, offsetS: number | null): string | null => {
  const rule = parseClockRule(parseClockRule(text).pieceAt(now));
  return offsetS === null || rule.offsetAt(now) === offsetS ? rule.id : null;
};
