// The cheapest way through a row of weeks, where each week has a cost for each candidate and a change of candidate costs something too.
// In: costs by candidate and week, and the candidate at which the way ends. Out: the candidate of each week, and what it costs.

export interface Path {
  readonly steps: Uint16Array;
  readonly total: number;
}

/** Stays where staying costs the same as a change. */
export const cheapestPath = (costs: readonly Float64Array[], last: number, changeCost: number): Path => {
  const weeks = costs[last]?.length ?? 0;
  /** Cheapest cost of all weeks so far that ends at each candidate. */
  let sums = new Float64Array(costs.length);
  const cameFrom: Uint16Array[] = [];
  for (let week = 0; week < weeks; week++) {
    const before = sums;
    const best = before.reduce((least, sum, i) => (sum < (before[least] as number) ? i : least), 0);
    const changed = (before[best] as number) + changeCost;
    const came = new Uint16Array(costs.length);
    sums = before.map((sum, i) => {
      const changes = week > 0 && changed < sum;
      came[i] = changes ? best : i;
      return (changes ? changed : sum) + (costs[i]?.[week] as number);
    });
    cameFrom.push(came);
  }
  const steps = new Uint16Array(weeks);
  let at = last;
  for (let week = weeks - 1; week >= 0; week--) {
    steps[week] = at;
    at = cameFrom[week]?.[at] as number;
  }
  return { steps, total: sums[last] as number };
};
