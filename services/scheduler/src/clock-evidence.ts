// Turns rows of `clock_evidence` into evidence for inference, and decides when more is due. In: the rows of a server, and earlier decisions.
// Out: evidence; null when there is none. The time of the newest offset counts as now, so that the same rows always give the same rule.
import { type ClockEvidence, clockOffset, type OffsetSample, readEdges, type TableRow } from '@fxtape/market';

export type EvidenceRow = TableRow<'clock_evidence'>;

export interface Gathered {
  readonly evidence: ClockEvidence;
  /** When evidence was first and last gathered, UTC µs. */
  readonly sinceUs: number;
  readonly readUs: number;
  /** No hourly bar was read, though at least one symbol is not known to be unlisted: the terminal has probably just started. */
  readonly isEmpty: boolean;
}

const SOURCES: readonly string[] = ['ticks', 'server_time', 'stated'];

/** `decidedUs`: when the first rule of the server was decided, before anything was gathered. */
export function gathered(
  rows: readonly EvidenceRow[],
  known: readonly string[],
  wallUs: number,
  decidedUs: number,
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
  const offsets = rows.filter(({ kind, ts }) => kind !== 'edges' && ts >= decidedUs);
  const readUs = edges.reduce((newest, { ts }) => Math.max(newest, ts), 0);
  const nowUtcMs = samples.reduce((newest, { utcMs }) => Math.max(newest, utcMs), Number.NEGATIVE_INFINITY);
  return {
    evidence: { nowUtcMs: samples.length === 0 ? wallUs / 1000 : nowUtcMs, samples, histories, known },
    // Offsets of a replayed gateway carry the times of its old day.
    sinceUs: offsets.length === 0 ? decidedUs : Math.min(...offsets.map(({ ts }) => ts)),
    readUs,
    isEmpty:
      edges.every(({ bars }) => bars === 0) &&
      edges.some(({ reason }) => reason === null || !reason.startsWith('SYMBOL_NOT_LISTED')),
  };
}

const MINUTE_US = 60_000_000;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;
/** The age at which evidence is gathered again: for a settled rule, a provisional one, and one that today's clock seems to contradict. */
const SETTLED_US = 3 * DAY_US;
const PROVISIONAL_US = DAY_US;
const DOUBTED_US = HOUR_US;
/** How long history waits for a terminal that shows no hourly bars, from the first reading of its clock. */
const EMPTY_WAIT_US = 10 * MINUTE_US;

/** `sinceUs`: as in `Gathered`. For a new server, evidence is due after 1, 2, 4, … minutes until a rule is settled. */
export const evidenceIsDue = (o: {
  readUs: number | null;
  sinceUs: number;
  wallUs: number;
  settled: boolean;
  doubted: boolean;
}): boolean => {
  if (o.readUs === null) return true;
  const young = Math.max(MINUTE_US, o.readUs - o.sinceUs);
  const most = o.settled ? SETTLED_US : Math.min(PROVISIONAL_US, young);
  return o.wallUs - o.readUs >= (o.doubted ? Math.min(DOUBTED_US, most) : most);
};

/** Whether history must wait: rows written with a wrong rule cannot be deleted. */
export const awaitsEvidence = (seen: Gathered | null, sinceUs: number, wallUs: number): boolean =>
  seen === null || (seen.isEmpty && wallUs - sinceUs < EMPTY_WAIT_US);
