// The cheapest path through a sequence of weeks in which each candidate has a cost per week and each change of candidate costs extra. In: costs by
// candidate and week. Out: for each last candidate, the candidate of each week and the total cost.

export interface Path {
  readonly steps: Uint16Array;
  readonly total: number;
}

/** Does not change candidate where that costs the same. All costs have the same length. */
export const cheapestPaths = (
  costs: readonly Float64Array[],
  changeCost: number,
): ((last: number) => Path) => {
  const weeks = costs[0]?.length ?? 0;
  /** Cheapest cost of all weeks so far that ends at each candidate. */
  const sums = new Float64Array(costs.length);
  /** By week: the candidate that others change from, and which candidates are reached by a change. */
  const cameFrom: { readonly best: number; readonly changed: Uint8Array }[] = [];
  for (let week = 0; week < weeks; week++) {
    let best = 0;
    for (let i = 1; i < sums.length; i++) if ((sums[i] as number) < (sums[best] as number)) best = i;
    const after = (sums[best] as number) + changeCost;
    const changed = new Uint8Array(costs.length);
    for (let i = 0; i < sums.length; i++) {
      if (week > 0 && after < (sums[i] as number)) {
        changed[i] = 1;
        sums[i] = after;
      }
      sums[i] = (sums[i] as number) + ((costs[i] as Float64Array)[week] as number);
    }
    cameFrom.push({ best, changed });
  }
  return (last) => {
    const steps = new Uint16Array(weeks);
    let at = last;
    for (let week = weeks - 1; week >= 0; week--) {
      steps[week] = at;
      const { best, changed } = cameFrom[week] as { best: number; changed: Uint8Array };
      if (changed[at] === 1) at = best;
    }
    return { steps, total: sums[last] as number };
  };
};
