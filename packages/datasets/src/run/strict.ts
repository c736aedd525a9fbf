// `--strict`: refuses a range that has an open gap or a provisional clock rule. In: what is known of the range. Out: nothing, or an error
// that names the first one.
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
    const { account, cause, feed, fromUs, symbol } = open[0];
    const count = open.length === 1 ? '1 gap is' : `${open.length} gaps are`;
    throw notStrict(
      `${count} open in this range; the first: ${cause}, ${feed ?? account ?? ''} ${symbol ?? 'all symbols'}, from ${isoOf(fromUs)}`,
    );
  }
  const unsure = clockRules.find((rule) => rule.fromUs < toUs && rule.confidence === 'provisional');
  if (unsure !== undefined) throw notStrict(`the clock rule of ${unsure.server} is provisional`);
}

const notStrict = (message: string): FxtapeError => new FxtapeError({ code: 'DATASET_NOT_STRICT', message });
