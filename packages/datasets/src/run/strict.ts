// `--strict`: refuses a range that has an open gap, a stretch that nothing accounts for, or a provisional clock rule. In: what is known of the range. Out: nothing, or an error
// that names the first one.
import { FxtapeError } from '@fxtape/ops';
import { isoOf } from '../calendar.ts';
import type { Manifest } from '../manifest.ts';
import type { Selection, UncoveredRange } from '../source.ts';

/** Errors: DATASET_NOT_STRICT. */
export function requireStrict(
  { clockRules, gaps, uncovered }: Pick<Manifest, 'clockRules' | 'gaps' | 'uncovered'>,
  { kind, toUs }: Selection,
): void {
  const open = gaps.filter(({ state }) => state === 'open');
  if (open[0] !== undefined) {
    const { account, cause, feed, fromUs, symbol } = open[0];
    const count = open.length === 1 ? '1 gap is' : `${open.length} gaps are`;
    throw notStrict(
      `${count} open in this range; the first: ${cause}, ${feed ?? account ?? ''} ${symbol ?? 'all symbols'}, from ${isoOf(fromUs)}`,
    );
  }
  // Bars and deals are covered by history alone, which always comes some time behind.
  const isBehind = kind === 'bars' || kind === 'deals';
  const holes = uncovered.filter((each) => !isBehind || each.toUs < toUs);
  const [hole] = holes;
  if (hole !== undefined)
    throw notStrict(
      `it is not known whether rows are missing in ${holes.length === 1 ? 'a stretch' : `${holes.length} stretches`} of this range; the first: ${uncoveredText(hole)}`,
    );
  const unsure = clockRules.find((rule) => rule.fromUs < toUs && rule.confidence === 'provisional');
  if (unsure !== undefined) throw notStrict(`the clock rule of ${unsure.server} is provisional`);
}

/** `icm EURUSD from … to …` */
export const uncoveredText = ({ account, feed, fromUs, symbol, timeframe, toUs }: UncoveredRange): string =>
  `${[feed ?? account, symbol, timeframe].filter((part) => part !== null).join(' ')} from ${isoOf(fromUs)} to ${isoOf(toUs)}`;

const notStrict = (message: string): FxtapeError => new FxtapeError({ code: 'DATASET_NOT_STRICT', message });
