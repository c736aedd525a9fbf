// What the recorder decides when it writes a line, and how that is spelled on the tape. A mark says what a tick frame is (`live`, `snapshot`,
// `repeat`) or what a heartbeat is worth (`clean`, `late`, `frozen`: not seen to move with our clock); then, of a
// heartbeat whose line has a made-up receive time, what the machine's clock showed (`@` and UTC microseconds); then, where a clock had
// jumped, which one (`~m`); then `/1` or `/2` where a replayed gateway's clock shows an hour twice. Other frames carry a mark (`stated`)
// only for the last two.

import type { Fold } from '../time/clock-rule.ts';

export type TickMark = 'live' | 'snapshot' | 'repeat';
export type HeartbeatMark = 'clean' | 'late' | 'frozen';

/** Which clocks a line cannot be timed by. */
export interface Unsteady {
  /** The machine's clock has just jumped. */
  readonly machine: boolean;
  /** The machine's clock is behind the tape: the receive time on the line is made up, a microsecond after the last one. */
  readonly held: boolean;
  /** The server's clock has just jumped. */
  readonly server: boolean;
}

const SLASH = 47;
const TILDE = 126;
const AT = '@';
/** Spelling by what is unsteady: machine, held, server as bits 1, 2, 4. One letter each, so that a mark is read from its end. */
const LETTERS = ['', 'm', 'h', 'i', 's', 'n', 'k', 'j'] as const;

const bitsOf = ({ held, machine, server }: Unsteady): number =>
  (machine ? 1 : 0) + (held ? 2 : 0) + (server ? 4 : 0);
const BY_LETTER = new Map<string, Unsteady>(
  LETTERS.map((letter, bits) => [
    letter,
    { machine: (bits & 1) !== 0, held: (bits & 2) !== 0, server: (bits & 4) !== 0 },
  ]),
);

/** Spells a mark for the tape. `shownUs`: what the machine's clock shows now; it is spelled where the line will not say it. */
export const spellMark = (
  kind: TickMark | HeartbeatMark | 'stated',
  fold: Fold | null,
  unsteady: Unsteady | null = null,
  shownUs: number | null = null,
): string => {
  const jump = unsteady === null ? '' : (LETTERS[bitsOf(unsteady)] as string);
  const shown = shownUs === null || unsteady?.held !== true ? '' : `${AT}${shownUs}`;
  const word = jump === '' ? kind : `${kind}${shown}~${jump}`;
  return fold === null ? word : `${word}/${fold}`;
};

/** The fold a mark names, null where it names none. */
export const foldOfMark = (mark: string | null): Fold | null => {
  if (mark === null || mark.charCodeAt(mark.length - 2) !== SLASH) return null;
  return mark.endsWith('2') ? 2 : 1;
};

/** The word of a mark without what stands behind it. */
export const kindOfMark = (mark: string | null): string | null => {
  if (mark === null) return null;
  const word = withoutFold(mark);
  return word.charCodeAt(word.length - 2) === TILDE ? (word.slice(0, -2).split(AT)[0] as string) : word;
};

/** When a line was received by the machine's clock, microseconds: its own receive time, or what its mark says instead; null: made up. */
export const shownOfMark = (mark: string | null, tsRecv: number): number | null => {
  if (unsteadyOfMark(mark)?.held !== true) return tsRecv;
  const shown = withoutFold(mark as string)
    .slice(0, -2)
    .split(AT)[1];
  return shown === undefined ? null : Number(shown);
};

/** Which clocks the line of a mark cannot be timed by; null: all are steady. */
export const unsteadyOfMark = (mark: string | null): Unsteady | null => {
  if (mark === null) return null;
  const word = withoutFold(mark);
  if (word.charCodeAt(word.length - 2) !== TILDE) return null;
  return BY_LETTER.get(word.slice(-1)) ?? null;
};

/** Its receive time is not when it was received, or may not be. */
export const isMistimed = (mark: string | null): boolean => {
  const unsteady = unsteadyOfMark(mark);
  return unsteady !== null && (unsteady.machine || unsteady.held);
};

/** Its receive time is what the machine's clock showed, right after that clock had jumped. */
export const isAfterJump = (mark: string | null): boolean => {
  const unsteady = unsteadyOfMark(mark);
  return unsteady !== null && unsteady.machine && !unsteady.held;
};

const withoutFold = (mark: string): string =>
  mark.charCodeAt(mark.length - 2) === SLASH ? mark.slice(0, -2) : mark;
