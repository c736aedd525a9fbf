// Cuts what one statement would be too long for. In: whose clocks, over which wall clock. Out: parts of names, and pieces of wall clock, each
// of which one statement can tell. Most of the time there is one of each, and it says nothing about names.
import { chunks, inNames, type NamedClock, NAMES_AT_ONCE, offsetSql, type WallRange } from './offset-sql.ts';
import type { SqlCorrection } from './corrected-tables.ts';

/** Rows of some names. */
export interface Part {
  readonly clocks: readonly NamedClock[];
  /** Which rows, to be added to other conditions; empty: all. */
  readonly where: string;
}

/** Rows whose broker time lies in it. */
export interface WallPiece extends WallRange {
  /** Which rows; empty: all. */
  readonly where: string;
}

/** Of the offsets, which a statement has in it twice at most: all of it has to fit into an address. */
const MOST_BYTES = 9_000;

export const fits = (spec: SqlCorrection, clocks: readonly NamedClock[], wall: WallRange): boolean => {
  const sql =
    offsetSql(spec, clocks, wall) +
    inNames(
      spec,
      clocks.flatMap(({ names }) => names),
    );
  return encodeURIComponent(sql).length <= MOST_BYTES;
};

/** Everybody is in one of the parts, whether he has a clock or not. `strangers`: names that have none. */
export async function partsOf(
  spec: SqlCorrection,
  clocks: readonly NamedClock[],
  wall: WallRange,
  strangers: () => Promise<readonly string[]>,
): Promise<Part[]> {
  if (fits(spec, clocks, wall)) return [{ clocks, where: '' }];
  const batches: NamedClock[][] = [];
  for (const clock of clocks) {
    const last = batches.at(-1);
    if (last !== undefined && fits(spec, [...last, clock], wall)) last.push(clock);
    else batches.push([clock]);
  }
  const named = batches.map((batch) => ({ clocks: batch, names: batch.flatMap(({ names }) => names) }));
  const others = chunks(await strangers(), NAMES_AT_ONCE).map((names) => ({ clocks: [], names }));
  return [
    ...[...named, ...others].map((part) => ({
      clocks: part.clocks,
      where: ` AND ${inNames(spec, part.names)}`,
    })),
    { clocks: [], where: ` AND ${spec.by} IS NULL` },
  ];
}

/** Pieces of wall clock that a statement can tell of any one clock. */
export function piecesOf(spec: SqlCorrection, clocks: readonly NamedClock[], wall: WallRange): WallPiece[] {
  const edges = [wall.fromUs, wall.toUs];
  for (let i = 0; i < edges.length - 1; ) {
    const piece = { fromUs: edges[i] as number, toUs: edges[i + 1] as number };
    if (piece.toUs - piece.fromUs <= 1 || clocks.every((clock) => fits(spec, [clock], piece))) i++;
    else edges.splice(i + 1, 0, Math.floor((piece.fromUs + piece.toUs) / 2));
  }
  const last = edges.length - 2;
  return edges.slice(0, -1).map((fromUs, i) => {
    const toUs = edges[i + 1] as number;
    const from = i === 0 ? '' : `fx_b >= ${fromUs}L`;
    const to = i === last ? '' : `fx_b < ${toUs}L`;
    const inside = [from, to].filter(Boolean).join(' AND ');
    // The first piece has the rows that have no broker time.
    const where = inside === '' ? '' : ` WHERE ${i === 0 ? `fx_b IS NULL OR ${inside}` : inside}`;
    return { fromUs, toUs, where };
  });
}
