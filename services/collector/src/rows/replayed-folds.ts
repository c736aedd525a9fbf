// For a gateway that replays an old day: which fold of a repeated hour its clock is in, for lines that were written before its rule was
// known, or with another rule. In: lines in order. Out: the same lines, with the fold in their marks where needed.
import {
  type ClockSpan,
  kindOfMark,
  type LedgerState,
  parseClockRule,
  foldOfMark,
  FoldTracker,
  statedTime,
  type WireMessage,
} from '@fxtape/market';
import type { Line } from '@fxtape/tape';

export class ReplayedFolds {
  readonly #ledger: LedgerState;
  #rule = '';
  #tracker: FoldTracker | null = null;
  #clockMs: number | null;

  /** `clockMs`: where the gateway's clock stood, null where only the account of gaps tells. */
  constructor(ledger: LedgerState, clockMs: number | null) {
    this.#ledger = ledger;
    this.#clockMs = clockMs;
  }

  get clockMs(): number | null {
    return this.#tracker?.utcMs ?? this.#clockMs;
  }

  complete(line: Line, message: WireMessage, span: ClockSpan): Line {
    const time = statedTime(message);
    if (time === null) return line;
    const tracker = this.#trackerOf(span);
    const kind = kindOfMark(line.mark);
    const moves = message.type === 'terminal' || kind === 'live';
    const known = foldOfMark(line.mark);
    const fold = moves ? tracker.follow(time.ms, known) : tracker.peek(time.ms);
    if (fold === null || known !== null) return line;
    return { ...line, mark: `${line.mark ?? 'stated'}/${fold}` };
  }

  #trackerOf({ rule }: ClockSpan): FoldTracker {
    if (this.#tracker !== null && this.#rule === rule) return this.#tracker;
    const { clean } = this.#ledger;
    const parsed = parseClockRule(rule);
    const near = clean === null ? null : parsed.read(clean.brokerMs, { fold: clean.pass ?? 1 }).ms;
    this.#tracker = new FoldTracker(parsed, this.#rule === '' ? (this.#clockMs ?? near) : near);
    this.#rule = rule;
    return this.#tracker;
  }
}
