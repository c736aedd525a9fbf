// Judges how a hold ends. Lines are held because nothing has confirmed their clock rule yet, or because a running clock contradicts it. In:
// the lines from the first held one on. Out: the outcome that the tape itself shows. Finding another rule is the clock keeper's task.
//
//   silent ──agrees, runs──► confirmed
//      └──insists, runs_against──► contradicted ◄──contradicts── agreeing ──for 60 s──► set aside
//                                       │  └──agrees, runs──────────▲
//                                       └──agrees, our own clock was set, and all before agrees by the corrected receipt──► corrected
//
// Every line is compared with the rule of the first held line, even where another rule was chosen for later lines. That a later rule agrees
// does not confirm the rule of the held lines; it only suggests that the later rule may be theirs.

import { foldOfMark } from './mark.ts';
import type { WireMessage } from '../tables/wire.ts';
import type { ClockRule } from '../time/clock-rule.ts';
import { type ClockSight, isNear, sightOf } from './line-sight.ts';
import type { CorrectedReceipt, Rulings } from './ruling.ts';
import { RunningClock } from './running-clock.ts';
import type { Instant } from './bound.ts';

export type HoldPhase = 'silent' | 'contradicted' | 'agreeing';
export type HoldEvent =
  | 'agrees'
  | 'contradicts'
  /** It contradicts twice in a row, and advances at our pace. */
  | 'insists'
  /** Near ticks have advanced with our clock for a while. */
  | 'runs'
  /** Ticks far from their receive time have, and none was near. */
  | 'runs_against'
  | 'other';

export const HOLD_TRANSITIONS: Readonly<
  Record<HoldPhase, Readonly<Record<HoldEvent, HoldPhase | 'confirmed'>>>
> = {
  silent: {
    agrees: 'confirmed',
    runs: 'confirmed',
    contradicts: 'silent',
    insists: 'contradicted',
    runs_against: 'contradicted',
    other: 'silent',
  },
  contradicted: {
    agrees: 'agreeing',
    runs: 'agreeing',
    contradicts: 'contradicted',
    insists: 'contradicted',
    runs_against: 'contradicted',
    other: 'contradicted',
  },
  agreeing: {
    agrees: 'agreeing',
    runs: 'agreeing',
    contradicts: 'contradicted',
    insists: 'contradicted',
    runs_against: 'agreeing',
    other: 'agreeing',
  },
};

export type HoldOutcome =
  | { readonly kind: 'confirmed'; readonly evidence: string }
  | {
      readonly kind: 'set_aside';
      readonly toUs: number;
      readonly to: Instant;
      /** The last clock that contradicted; null when none was seen. */
      readonly against: ClockSight | null;
    }
  | { readonly kind: 'corrected'; readonly receipts: readonly CorrectedReceipt[] };

/** A running clock compared with our own. */
export interface MeasuredClock {
  /** Broker's wall clock minus our UTC, as measured. */
  readonly differenceS: number;
  /** How long the clock has run with this difference. */
  readonly forUs: number;
}

/** A clock that agrees again is believed after so long; so is a measured offset that the gateway does not state. */
export const STEADY_US = 60_000_000;
const RUN_US = 1_000_000;
const AGAINST_US = 5_000_000;
/** Our own clock being set by less explains nothing. */
const LEAST_JUMP_US = 60_000_000;

interface HeldLine {
  readonly tsRecv: number;
  readonly mark: string | null;
  readonly event: string | null;
  readonly data: unknown;
}

/** Our own clock was set, or the machine slept. */
interface Jump {
  readonly tsRecv: number;
  readonly byUs: number;
}

/** What was seen between two jumps of our own clock. */
interface Segment {
  readonly fromUs: number;
  /** Heartbeats that agreed, and those that did not. */
  readonly agreed: ClockSight[];
  readonly against: ClockSight[];
  /** Ticks far from their receive time; used only when no heartbeat contradicts. */
  readonly ticks: ClockSight[];
}

const segmentFrom = (fromUs: number): Segment => ({ fromUs, agreed: [], against: [], ticks: [] });

/** Keeps the first and the last sight: for a running clock they are enough. */
const keepEnds = (sights: ClockSight[], sight: ClockSight): void => {
  if (sights.length > 1) sights.pop();
  sights.push(sight);
};

export class HoldJudge {
  readonly #rule: ClockRule | null;
  readonly #rulings: Rulings;
  readonly #fromUs: number;
  #phase: HoldPhase;
  #heartbeats = new RunningClock();
  #near = new RunningClock();
  #odd = new RunningClock();
  #nears = 0;
  #agrees: { readonly tsRecv: number; readonly at: Instant; sinceUs: number } | null = null;
  #contradicts: { readonly sinceUs: number; readonly sight: ClockSight } | null = null;
  /** The same, also after the clock has agreed again. */
  #against: ClockSight | null = null;
  #measured: MeasuredClock | null = null;
  #segments: Segment[];
  #jumps: Jump[] = [];
  #newestUs: number | null = null;

  /** `fromUs`: receive time of the first held line; `rule`: the rule of that line. */
  constructor(o: {
    readonly why: 'unconfirmed' | 'conflict';
    readonly fromUs: number;
    readonly rule: ClockRule | null;
    readonly rulings: Rulings;
  }) {
    this.#phase = o.why === 'conflict' ? 'contradicted' : 'silent';
    this.#fromUs = o.fromUs;
    this.#rule = o.rule;
    this.#rulings = o.rulings;
    this.#segments = [segmentFrom(o.fromUs)];
  }

  get phase(): HoldPhase {
    return this.#phase;
  }

  /** Of the heartbeats that contradict now; null when none does. */
  get measured(): MeasuredClock | null {
    return this.#measured;
  }

  /** The newest sight of a clock that contradicts; null when there is none. */
  get contradicting(): ClockSight | null {
    return this.#contradicts?.sight ?? null;
  }

  /** Receive time of the newest waiting frame. */
  get newestUs(): number | null {
    return this.#newestUs;
  }

  /** Since when the clock has agreed again; null while it does not. */
  get agreeing(): { readonly tsRecv: number; readonly at: Instant } | null {
    return this.#agrees;
  }

  take(line: HeldLine, message: WireMessage | null): HoldOutcome | null {
    const { tsRecv } = line;
    if (tsRecv < this.#fromUs || this.#rulings.setAsideAt(tsRecv) !== null) return null;
    if (line.event === 'clock_jump') return this.#jumped(line);
    if (message !== null) this.#newestUs = tsRecv;
    if (message === null || this.#rule === null) return null;
    const sight = sightOf(line, message, this.#rule, this.#rulings.receivedUs(tsRecv));
    if (sight === null || sight.time === null) return null;
    const event = this.#event(sight);
    const to = HOLD_TRANSITIONS[this.#phase][event];
    if (to === 'confirmed')
      return {
        kind: 'confirmed',
        evidence: event === 'agrees' ? 'the running clock agrees' : 'ticks that run agree',
      };
    this.#remember(line, event, sight);
    this.#enter(to);
    const agrees = this.#agrees;
    if (agrees === null || (event !== 'agrees' && event !== 'runs')) return null;
    const corrected = this.#corrected();
    if (corrected !== null) return corrected;
    if (sight.receivedUs - agrees.sinceUs < STEADY_US) return null;
    return { kind: 'set_aside', toUs: agrees.tsRecv, to: agrees.at, against: this.#against };
  }

  #enter(phase: HoldPhase): void {
    if (phase !== 'agreeing') this.#agrees = null;
    this.#phase = phase;
  }

  #event({ receivedUs, time, word }: ClockSight): HoldEvent {
    if (time === null) return 'other';
    switch (word) {
      case 'agrees':
        return 'agrees';
      case 'contradicts':
        return this.#heartbeats.take(time.ms, receivedUs) > 0 ? 'insists' : 'contradicts';
      case 'near':
        this.#nears++;
        return this.#near.take(time.ms, receivedUs) >= RUN_US ? 'runs' : 'other';
      case 'old':
      case 'ahead':
        return this.#odd.take(time.ms, receivedUs) >= AGAINST_US && this.#nears === 0
          ? 'runs_against'
          : 'other';
      default:
        return 'other';
    }
  }

  #remember(line: HeldLine, event: HoldEvent, sight: ClockSight): void {
    const segment = this.#segments.at(-1) as Segment;
    if (event === 'agrees' || event === 'runs') {
      this.#agrees ??= { tsRecv: line.tsRecv, at: instantOf(line, sight), sinceUs: sight.receivedUs };
      keepEnds(segment.agreed, sight);
      if (event === 'agrees') {
        this.#heartbeats.forget();
        this.#contradicts = this.#measured = null;
      }
      return;
    }
    if (sight.word === 'old' || sight.word === 'ahead') keepEnds(segment.ticks, sight);
    if (event === 'other') return;
    this.#against = sight;
    if (event === 'contradicts' || this.#contradicts === null)
      this.#contradicts = { sinceUs: line.tsRecv, sight };
    else this.#contradicts = { sinceUs: this.#contradicts.sinceUs, sight };
    if (event !== 'runs_against' && sight.time !== null)
      this.#measured = {
        differenceS: sight.time.ms / 1000 - sight.receivedUs / 1e6,
        forUs: line.tsRecv - this.#contradicts.sinceUs,
      };
    if (event !== 'runs_against') keepEnds(segment.against, sight);
  }

  #jumped({ data, tsRecv }: HeldLine): null {
    const { byMs, of } = data as { of: string; byMs: number };
    if (of !== 'machine') return null;
    this.#jumps.push({ tsRecv, byUs: byMs * 1000 });
    this.#segments.push(segmentFrom(tsRecv));
    this.#heartbeats.forget();
    this.#near.forget();
    this.#odd.forget();
    // The minute of agreement is measured by our clock after it was set.
    if (this.#agrees !== null) this.#agrees.sinceUs += byMs * 1000;
    return null;
  }

  /** The clock agrees now. Tests whether it always did, and only our own clock was wrong until it was set. */
  #corrected(): HoldOutcome | null {
    const receipts = this.#jumps.map((jump, i): CorrectedReceipt => {
      const byUs = this.#jumps.slice(i).reduce((sum, _, k) => sum + this.#setBy(i + k), 0);
      return { kind: 'receipt', fromUs: (this.#segments[i] as Segment).fromUs, toUs: jump.tsRecv, byUs };
    });
    const witness = this.#segments.some(({ against }) => against.length > 0) ? 'against' : 'ticks';
    const against = this.#segments.flatMap((segment, i) => this.#seen(segment[witness], receipts[i]));
    const agreed = this.#segments.flatMap((segment, i) => this.#seen(segment.agreed, receipts[i]));
    const told = receipts.filter(({ byUs }) => Math.abs(byUs) >= LEAST_JUMP_US);
    const explained = against.length > 0 && [...against, ...agreed].every(Boolean);
    return explained && told.length > 0 ? { kind: 'corrected', receipts: told } : null;
  }

  /** By how much a jump set our clock: by 0 when the machine slept, because the broker's clock then advanced as far. */
  #setBy(i: number): number {
    const { byUs } = this.#jumps[i] as Jump;
    const before = distances(this.#segments[i] as Segment).at(-1);
    const after = distances(this.#segments[i + 1] as Segment)[0];
    const slept = before !== undefined && after !== undefined && Math.abs(after - before) < byUs / 2;
    return slept ? 0 : byUs;
  }

  /** For each sight: whether it agrees by its corrected receive time. */
  #seen(sights: readonly ClockSight[], receipt: CorrectedReceipt | undefined): boolean[] {
    const rule = this.#rule;
    return sights.map(({ receivedUs, time }) => {
      const us = receivedUs + (receipt?.byUs ?? 0);
      return rule !== null && time !== null && isNear(rule.read(time.ms, { recvMs: us / 1000 }).ms, us);
    });
  }
}

/** Broker's clock minus ours at each heartbeat, in order, microseconds. */
const distances = ({ against, agreed }: Segment): number[] =>
  [...against, ...agreed]
    .toSorted((a, b) => a.receivedUs - b.receivedUs)
    .map(({ receivedUs, time }) => (time === null ? Number.NaN : time.ms * 1000 - receivedUs));

const instantOf = ({ mark, tsRecv }: HeldLine, { time }: ClockSight): Instant => {
  const { ms, resolutionMs } = time as NonNullable<ClockSight['time']>;
  return { brokerMs: ms, resolutionMs, recvUs: tsRecv, pass: foldOfMark(mark) };
};
