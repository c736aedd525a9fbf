// Rows of `clock_evidence` as evidence for a clock rule, and when more of it is wanted. In: what was gathered of a server, and the rules
// that were decided before. Out: evidence in the words of inference; null when nothing was gathered. The newest offset is its today, so
// that the same rows always lead to the same rule.
import { type ClockEvidence, clockOffset, type OffsetSample, readEdges, type TableRow } from '@fxtape/market';

type EvidenceRow = TableRow<'clock_evidence'>;

export interface Gathered {
  readonly evidence: ClockEvidence;
  /** When history was read last, UTC µs. */
  readonly readUs: number;
}

const SOURCES: readonly string[] = ['ticks', 'server_time', 'stated'];

export function gathered(
  rows: readonly EvidenceRow[],
  known: readonly string[],
  wallUs: number,
): Gathered | null {
  const edges = rows.filter(({ kind }) => kind === 'edges');
  if (edges.length === 0) return null;
  const samples = rows.flatMap(({ kind, ts, utc_offset_s: said }): OffsetSample[] => {
    const offsetS = typeof said === 'number' ? clockOffset(said) : null;
    if (offsetS === null || !SOURCES.includes(kind)) return [];
    return [{ utcMs: ts / 1000, offsetS, source: kind as OffsetSample['source'] }];
  });
  const histories = edges.flatMap(({ edges: text, symbol }) => {
    const read = typeof text === 'string' ? readEdges(text) : null;
    return read === null || symbol === null ? [] : [{ symbol, edges: read }];
  });
  const nowUtcMs = samples.reduce((newest, { utcMs }) => Math.max(newest, utcMs), Number.NEGATIVE_INFINITY);
  return {
    evidence: { nowUtcMs: samples.length === 0 ? wallUs / 1000 : nowUtcMs, samples, histories, known },
    readUs: edges.reduce((newest, { ts }) => Math.max(newest, ts), 0),
  };
}

const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;
/** How old evidence may grow: of a rule that is settled, of one that is not, and of one that the clock of today seems to contradict. */
const SETTLED_US = 3 * DAY_US;
const PROVISIONAL_US = DAY_US;
const DOUBTED_US = HOUR_US;

export const evidenceIsDue = (o: {
  readUs: number | null;
  wallUs: number;
  settled: boolean;
  doubted: boolean;
}): boolean => {
  if (o.readUs === null) return true;
  const age = o.wallUs - o.readUs;
  return age >= (o.doubted ? DOUBTED_US : o.settled ? SETTLED_US : PROVISIONAL_US);
};
