// The first line of each segment. In: the account and the owner's state, opaque here. Out: the data of the event `head`. The owner rebuilds
// its state from it without reading older segments; it also names the segment before.
import { formatUnknown } from './errors.ts';
import type { Line } from './line.ts';

export const HEAD_EVENT = 'head';
export const TAPE_FORMAT = 1;

/** The segment before this one as its writer left it; null on the first segment of a tape. */
export interface PreviousSegment {
  readonly segment: number;
  /** Its uncompressed length. */
  readonly bytes: number;
}

export interface HeadData {
  readonly format: number;
  readonly account: string;
  /** What the owner gave. */
  readonly state: unknown;
  readonly previous: PreviousSegment | null;
}

/** The data of a head line. Throws TAPE_FORMAT when a newer version wrote it; null when the line is no head. */
export function headOf(line: Line, path: string): HeadData | null {
  if (line.event !== HEAD_EVENT || typeof line.data !== 'object' || line.data === null) return null;
  const data = line.data as Partial<HeadData>;
  if (data.format !== TAPE_FORMAT) throw formatUnknown(data.format, path);
  return {
    format: data.format,
    account: String(data.account),
    state: data.state ?? null,
    previous: data.previous ?? null,
  };
}
