// `--strict`: a range is exported only when nothing in it is open. In: what is known of the range. Out: nothing, or an error that names it.
import { FxtapeError } from '@fxtape/ops';
import { isoOf } from '../calendar.ts';
import type { Manifest } from '../manifest.ts';
import type { Selection } from '../source.ts';

/** Errors: DATASET_NOT_STRICT. */
export function requireStrict(
  { clockRules, gaps }: Pick<Manifest, 'clockRules' | 'gaps'>,
  { toUs }: Selection,
): void {
  const open = gaps.filter(({ state }) => state === 'open');
  if (open[0] !== undefined) {
    const { cause, feed, fromUs, symbol } = open[0];
    throw notStrict(
      `${open.length} gaps are open in this range; the first: ${cause}, ${feed ?? ''} ${symbol ?? 'all symbols'}, from ${isoOf(fromUs)}`,
    );
  }
  const unsure = clockRules.find((rule) => rule.fromUs < toUs && rule.confidence === 'provisional');
  if (unsure !== undefined) throw notStrict(`the clock rule of ${unsure.server} is provisional`);
}

const notStrict = (message: string): FxtapeError => new FxtapeError({ code: 'DATASET_NOT_STRICT', message });
