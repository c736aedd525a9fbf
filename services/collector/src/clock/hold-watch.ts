// Ends a hold, during which no rows are made from the tape. It reads ahead for evidence, and asks for another rule when the tape shows that
// this one is wrong. In: the first held line. Out: returns when the line may be read again: a running clock agreed, a rule was found that
// fits it, our own clock was set right, or the stretch was set aside. Only two holds last until a person acts: a wrong rule in the
// configuration, and a clock that no rule fits. On a tape that has ended, every hold ends by itself.
import {
  type ClockSight,
  type ClockSpan,
  gapEnd,
  HoldJudge,
  type HoldOutcome,
  type Instant,
  LEAST_MARGIN_MS,
  type MeasuredClock,
  type RecordedStreams,
  ruleAt,
  type Ruling,
  type SetAside,
  setAsideFrom,
  spanAt,
  type StreamKey,
  type SymbolTiming,
} from '@fxtape/market';
import type { Clock, Log } from '@fxtape/ops';
import type { FollowOptions, Line, Position, TapeWriter } from '@fxtape/tape';
import { type Configured, messageOf, type TapeMemory } from '../tape/tape-memory.ts';
import type { Hold } from '../rows/tape-reader.ts';

/** How often the gateway is asked for its offset while the rule is contradicted and no other is known. */
const ASK_EVERY_MS = 10_000;
/** How long to wait when nothing confirms or contradicts the rule. A moving clock takes two heartbeats, two seconds. */
const SILENCE_MS = 10_000;
/** How long the lines waiting on an ended tape wait for another account of the server to know the rule. */
const LAST_MS = 60_000;
const NEVER = Number.POSITIVE_INFINITY;

/** Who decides, and writes the decision on the tape. */
export interface HoldKeeper {
  /** The configuration gives the rule: no other one is tried. */
  readonly isGiven: boolean;
  confirm(tsRecv: number, evidence: string): void;
  rule(rulings: readonly Ruling[]): void;
  /** Nothing confirms or contradicts the rule: takes one that fits the offset which the gateway states. */
  believe(tsRecv: number): Promise<void>;
  /** Goes on with another rule from this line on, if there is one that fits what was seen. */
  settle(tsRecv: number, seen: ClockSight, measured: MeasuredClock | null): Promise<void>;
}

export interface HoldWatchOptions {
  readonly replayed: boolean;
  /** No frame will follow and no gateway can be asked: what still waits after a minute is set aside. */
  readonly isOver?: boolean;
  readonly tape: TapeWriter;
  readonly memory: TapeMemory;
  readonly keeper: HoldKeeper;
  /** Where reading will resume: lines before it are not looked at. */
  readonly from: () => Position | null;
  readonly inHand: () => Omit<FollowOptions, 'signal'>;
  /** Called when rows begin to wait, and when the reason changes. */
  readonly says: (phase: 'unconfirmed' | 'clock_conflict', reason: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** A hold, with what the gap ledger knows at it: the last clean heartbeat, what is configured, and how late symbols arrive. */
export interface WatchedHold extends Hold {
  readonly clean: Instant | null;
  readonly feed: string | null;
  readonly streams: readonly StreamKey[];
  readonly late: readonly SymbolTiming[];
}

type Aside = Pick<SetAside, 'toUs' | 'to' | 'reason'>;

export class HoldWatch {
  readonly #o: HoldWatchOptions;
  /** What the lines that were read ahead configure. */
  #configured: RecordedStreams[] = [];

  constructor(options: HoldWatchOptions) {
    this.#o = options;
  }

  /** Returns when the line may be read again, or the signal is aborted. @throws TAPE_FULL, TAPE_IO: the decision could not be written. */
  async wait(hold: WatchedHold, signal: AbortSignal): Promise<void> {
    const { clock, isOver, log, memory, replayed, says } = this.#o;
    const judge = new HoldJudge({
      why: hold.why,
      fromUs: hold.tsRecv,
      rule: ruleAt(memory.spans, hold.tsRecv),
      rulings: memory.rulings,
    });
    const isMoot = this.#moot(hold);
    this.#configured = [];
    let [position, caughtUp] = [this.#o.from(), false];
    let said = '';
    const untilMs = clock.monoMs() + LAST_MS;
    let asksAtMs = NEVER;
    while (!signal.aborted) {
      const phase = judge.phase === 'silent' ? 'unconfirmed' : 'clock_conflict';
      if (phase !== said) {
        const reason = this.#reason(hold, judge);
        const code = phase === 'unconfirmed' ? 'CLOCK_UNCONFIRMED' : 'CLOCK_CONFLICT';
        log.warn({ code, why: hold.why, tsRecv: hold.tsRecv, clean: hold.clean }, `rows wait: ${reason}`);
        says(phase, reason);
        // A gateway that replays an old day has no clock to compare with: its rule comes from elsewhere.
        asksAtMs = clock.monoMs() + (phase === 'unconfirmed' ? SILENCE_MS : 0);
        if (replayed) asksAtMs = isOver === true ? untilMs : NEVER;
      }
      said = phase;
      const read = await this.#read(judge, { asksAtMs, caughtUp, isMoot, position }, signal);
      ({ caughtUp, position } = read);
      if (signal.aborted || isMoot()) return;
      if (read.outcome !== null) {
        await this.#offerLater(hold, read.outcome);
        return isMoot() ? undefined : this.#decide(hold, read.outcome);
      }
      if (!caughtUp || clock.monoMs() < asksAtMs) continue;
      if (judge.phase === 'silent' && isOver !== true) await this.#o.keeper.believe(hold.tsRecv);
      else if (judge.contradicting !== null)
        await this.#o.keeper.settle(hold.tsRecv, judge.contradicting, judge.measured);
      if (isMoot()) return;
      if (isOver === true && clock.monoMs() >= untilMs) return this.#end(hold, judge);
      asksAtMs = clock.monoMs() + ASK_EVERY_MS;
    }
  }

  /** Before a stretch is set aside: tries the rules that were chosen for later lines. A tape that is read in one go has not tried them yet. */
  async #offerLater({ tsRecv }: Hold, outcome: HoldOutcome): Promise<void> {
    const { keeper, memory } = this.#o;
    if (outcome.kind !== 'set_aside' || outcome.against === null) return;
    if (memory.spans.some(({ fromUs }) => fromUs > tsRecv))
      await keeper.settle(tsRecv, outcome.against, null);
  }

  /** Reads on until the tape shows how the hold ends or what kind it is, or until it is time to ask. */
  async #read(
    judge: HoldJudge,
    o: { asksAtMs: number; caughtUp: boolean; isMoot: () => boolean; position: Position | null },
    signal: AbortSignal,
  ): Promise<{ position: Position | null; caughtUp: boolean; outcome: HoldOutcome | null }> {
    const { clock, inHand, replayed, tape } = this.#o;
    const { phase } = judge;
    const due = new AbortController();
    const waitMs = o.caughtUp ? Math.min(o.asksAtMs - clock.monoMs(), ASK_EVERY_MS) : ASK_EVERY_MS;
    const timer = clock.setTimeout(() => due.abort(), Math.max(0, waitMs));
    let { caughtUp, position } = o;
    try {
      const options = { ...inHand(), signal: AbortSignal.any([signal, due.signal]) };
      for await (const batch of tape.follow(position, options)) {
        for (const item of batch.items) {
          if ('kind' in item || item.event === 'head') continue;
          if (item.event === 'configured') this.#configured.push(recordedFrom(item));
          if (replayed) continue;
          const outcome = judge.take(item, messageOf(item));
          if (outcome !== null) return { caughtUp, position, outcome };
        }
        ({ caughtUp, end: position } = batch);
        // As long as there is more tape to read, its later lines may settle the hold: ask only at its end.
        if (o.isMoot() || (caughtUp && (judge.phase !== phase || clock.monoMs() >= o.asksAtMs))) break;
      }
    } finally {
      clock.clearTimeout(timer);
    }
    return { caughtUp, position, outcome: null };
  }

  /** Whether a decision made meanwhile has changed the rule of the line, so that the hold must be judged again. */
  #moot({ tsRecv }: Hold): () => boolean {
    const { memory } = this.#o;
    const told = (span: ClockSpan | null): string => `${span?.rule} ${span?.confirmed}`;
    const [before, rulings] = [told(spanAt(memory.spans, tsRecv)), memory.rulings];
    return () => told(spanAt(memory.spans, tsRecv)) !== before || memory.rulings !== rulings;
  }

  #reason(hold: Hold, judge: HoldJudge): string {
    const { keeper, replayed } = this.#o;
    const rule = this.#ruleOf(hold);
    if (replayed)
      return 'no clock rule is configured for this replayed gateway, and history has not shown one yet';
    if (judge.phase === 'silent') return `no running clock has agreed with the rule ${rule} yet`;
    const seen = judge.contradicting;
    const offS = seen === null || seen.time === null ? null : seen.time.ms / 1000 - seen.receivedUs / 1e6;
    const shown = offS === null ? '' : `: it shows a UTC offset of ${(offS / 3600).toFixed(2)} h`;
    const todo = keeper.isGiven ? '; correct `clock` in the configuration, or set this machine’s clock' : '';
    return `a running clock contradicts the rule ${rule}${shown}${todo}`;
  }

  #decide(hold: WatchedHold, outcome: HoldOutcome): void {
    const { keeper, log } = this.#o;
    if (outcome.kind === 'confirmed') return keeper.confirm(hold.tsRecv, outcome.evidence);
    if (outcome.kind === 'corrected') {
      log.warn(
        { receipts: outcome.receipts },
        'this machine’s clock was wrong until it was set; earlier lines are judged by corrected receive times',
      );
      return keeper.rule(outcome.receipts);
    }
    this.#setAside(hold, this.#until(hold, { tsRecv: outcome.toUs, at: outcome.to }));
  }

  /** For an ended tape: a clock that agreed at its end is believed without waiting for more. */
  #end(hold: WatchedHold, { agreeing, newestUs }: HoldJudge): void {
    const { memory } = this.#o;
    if (agreeing !== null) return this.#setAside(hold, this.#until(hold, agreeing));
    const lastUs = newestUs ?? memory.ledger.lastTsRecv;
    const to = { utcUs: memory.rulings.receivedUs(lastUs) + LEAST_MARGIN_MS * 1000 };
    const reason = `no running clock agreed with the rule ${this.#ruleOf(hold)} before the recording ended`;
    this.#setAside(hold, { toUs: lastUs + 1, to, reason });
  }

  #until(hold: Hold, { at, tsRecv }: NonNullable<HoldJudge['agreeing']>): Aside {
    const reason = `the clock contradicted the rule ${this.#ruleOf(hold)} and agreed with it again`;
    return { toUs: tsRecv, to: gapEnd(at, LEAST_MARGIN_MS), reason };
  }

  #ruleOf({ tsRecv }: Hold): string {
    return spanAt(this.#o.memory.spans, tsRecv)?.rule ?? 'none';
  }

  #setAside({ clean, feed, late, streams, tsRecv }: WatchedHold, { reason, to, toUs }: Aside): void {
    const { keeper, log, memory } = this.#o;
    const from = setAsideFrom(clean, memory.rulings.receivedUs(tsRecv));
    log.warn(
      { code: 'CLOCK_SET_ASIDE', fromUs: tsRecv, toUs, reason },
      'a stretch of the tape is set aside: lines without a known time go to `rejected`, inside a gap',
    );
    const later = this.#configured.filter(({ fromUs }) => fromUs > tsRecv && fromUs < toUs);
    const recorded = [{ fromUs: tsRecv, feed, streams }, ...later];
    keeper.rule([{ kind: 'set_aside', fromUs: tsRecv, toUs, from, to, reason, late, recorded }]);
  }
}

const recordedFrom = ({ data, tsRecv }: Line): RecordedStreams => {
  const { feed, streams } = data as Configured;
  return {
    fromUs: tsRecv,
    feed,
    streams: streams.map(({ stream, symbol, timeframe }) => ({ stream, symbol, timeframe })),
  };
};
