// Splits work that would make a statement too long. In: clocks and a range of wall clock. Out: parts by names, and pieces of wall clock, each
// short enough for one statement. Usually there is one of each, without a condition on names.
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

/** For the offsets, which a statement contains at most twice: the whole must fit into a URL. */
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

/** Every row is in one part, whether its name has a clock or not. `clockless`: names that have none. */
export async function partsOf(
  spec: SqlCorrection,
  clocks: readonly NamedClock[],
  wall: WallRange,
  clockless: () => Promise<readonly string[]>,
): Promise<Part[]> {
  if (fits(spec, clocks, wall)) return [{ clocks, where: '' }];
  const batches: NamedClock[][] = [];
  for (const clock of clocks) {
    const last = batches.at(-1);
    if (last !== undefined && fits(spec, [...last, clock], wall)) last.push(clock);
    else batches.push([clock]);
  }
  const named = batches.map((batch) => ({ clocks: batch, names: batch.flatMap(({ names }) => names) }));
  const others = chunks(await clockless(), NAMES_AT_ONCE).map((names) => ({ clocks: [], names }));
  return [
    ...[...named, ...others].map((part) => ({
      clocks: part.clocks,
      where: ` AND ${inNames(spec, part.names)}`,
    })),
    { clocks: [], where: ` AND ${spec.by} IS NULL` },
  ];
}

/** Pieces of wall clock short enough for a statement, whichever clock it is about. */
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
    // Rows without a broker time are in the first piece.
    const where = inside === '' ? '' : ` WHERE ${i === 0 ? `fx_b IS NULL OR ${inside}` : inside}`;
    return { fromUs, toUs, where };
  });
}
