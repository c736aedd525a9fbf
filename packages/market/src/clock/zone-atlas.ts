// All zones of the platform that have a given offset at an instant, as rules that are exact for some years. In: instants with the offset seen
// there, and the years that matter. Out: one rule per zone, by name. Complete tables of all zones would take seconds to build, so tables are
// limited to these years and cached.

import { ClockRule } from '../time/clock-rule.ts';
import { platformOffset, zoneIntervals } from '../time/zone-transitions.ts';

/** Broker's wall clock minus UTC at an instant. */
export interface ShownOffset {
  readonly utcMs: number;
  readonly offsetS: number;
}

/** Years, both included. */
export interface Years {
  readonly first: number;
  readonly last: number;
}

const offsets = new Map<string, (utcMs: number) => number>();
const rules = new Map<string, ClockRule>();

const kept = <V>(map: Map<string, V>, key: string, make: () => V): V => {
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
};

/** Zones that fit one of the offsets. */
export const zonesShowing = (shown: readonly ShownOffset[], { first, last }: Years): ClockRule[] => {
  if (shown.length === 0) return [];
  const table = { fromUtcMs: Date.UTC(first, 0, 1), toUtcMs: Date.UTC(last + 1, 0, 1) };
  return Intl.supportedValuesOf('timeZone').flatMap((zone) => {
    const key = `${zone} ${first} ${last}`;
    const known = rules.get(key);
    const offset = kept(offsets, zone, () => platformOffset(zone));
    // Asking the platform takes microseconds, asking a rule far less.
    const fits = shown.some(
      ({ offsetS, utcMs }) => (known === undefined ? offset(utcMs) : known.offsetAt(utcMs)) === offsetS,
    );
    return fits ? kept(rules, key, () => new ClockRule(zone, zoneIntervals(zone, table, offset))) : [];
  });
};
