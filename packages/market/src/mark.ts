// What the recorder decides when it writes a line, and how that decision is spelled on the tape. A mark says what a tick
// frame is (`live`, `snapshot`, `repeat`) or what a heartbeat is worth (`clean`, `late`, `frozen`), with `/1` or `/2`
// behind it where a replayed gateway's clock passes an hour twice; other frames carry a mark (`stated`) only there.

import type { Pass } from './clock/clock-rule.ts';

export type TickMark = 'live' | 'snapshot' | 'repeat';
export type HeartbeatMark = 'clean' | 'late' | 'frozen';

/** Spells a mark for the tape. */
export const spellMark = (kind: TickMark | HeartbeatMark | 'stated', pass: Pass | null): string =>
  pass === null ? kind : `${kind}/${pass}`;

/** The pass a mark names, null where it names none. */
export const passOfMark = (mark: string | null): Pass | null => {
  if (mark === null || mark.charCodeAt(mark.length - 2) !== 47) return null;
  return mark.endsWith('2') ? 2 : 1;
};

/** The word of a mark without its pass. */
export const kindOfMark = (mark: string | null): string | null => {
  if (mark === null) return null;
  return mark.charCodeAt(mark.length - 2) === 47 ? mark.slice(0, -2) : mark;
};
