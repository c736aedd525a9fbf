// Sets of half-open ranges of UTC microseconds: what is covered, wanted or missing. In: ranges in any order, overlapping or empty. Out: sorted,
// disjoint ranges that do not touch, so that equal sets are equal lists.

/** `[fromUs, toUs)` in UTC microseconds. Empty when `toUs <= fromUs`. */
export interface Range {
  readonly fromUs: number;
  readonly toUs: number;
}

const isTidy = (ranges: readonly Range[]): boolean => {
  let reach = Number.NEGATIVE_INFINITY;
  for (const { fromUs, toUs } of ranges) {
    if (fromUs <= reach || toUs <= fromUs) return false;
    reach = toUs;
  }
  return true;
};

/** The union: sorted and disjoint, touching ranges joined. */
export const unite = (ranges: Iterable<Range>): Range[] => {
  const all = [...ranges];
  if (isTidy(all)) return all;
  const sorted = all
    .filter((range) => range.toUs > range.fromUs)
    .toSorted((a, b) => a.fromUs - b.fromUs || a.toUs - b.toUs);
  const united: { fromUs: number; toUs: number }[] = [];
  for (const { fromUs, toUs } of sorted) {
    const last = united.at(-1);
    if (last === undefined || fromUs > last.toUs) united.push({ fromUs, toUs });
    else if (toUs > last.toUs) last.toUs = toUs;
  }
  return united;
};

/** The parts of `wanted` that are in no range of `taken`. */
export const subtract = (wanted: readonly Range[], taken: readonly Range[]): Range[] => {
  const left: Range[] = [];
  const holes = unite(taken);
  let first = 0;
  for (const { fromUs, toUs } of unite(wanted)) {
    let at = fromUs;
    while (first < holes.length && (holes[first] as Range).toUs <= fromUs) first++;
    for (let i = first; i < holes.length && at < toUs; i++) {
      const hole = holes[i] as Range;
      if (hole.fromUs >= toUs) break;
      if (hole.fromUs > at) left.push({ fromUs: at, toUs: hole.fromUs });
      at = hole.toUs;
    }
    if (at < toUs) left.push({ fromUs: at, toUs });
  }
  return left;
};

/** The parts that are in both. */
export const intersect = (a: readonly Range[], b: readonly Range[]): Range[] => {
  const both: Range[] = [];
  const left = unite(a);
  const right = unite(b);
  for (let i = 0, k = 0; i < left.length && k < right.length; ) {
    const one = left[i] as Range;
    const other = right[k] as Range;
    const fromUs = Math.max(one.fromUs, other.fromUs);
    const toUs = Math.min(one.toUs, other.toUs);
    if (toUs > fromUs) both.push({ fromUs, toUs });
    if (one.toUs < other.toUs) i++;
    else k++;
  }
  return both;
};
