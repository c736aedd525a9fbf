// Reads a process's CPU time, memory and written bytes from /proc. In: a pid. Out: figures; null without /proc or for a process that is not
// visible, such as a server in a container.
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessSight {
  readonly atMs: number;
  /** User and system time, ms. */
  readonly cpuMs: number;
  readonly rssMb: number;
  /** Bytes passed to write calls, and bytes sent towards the disk (which include memory-mapped files). */
  readonly writtenBytes: number;
  readonly diskBytes: number;
}

/** Kernel ticks per second of /proc/PID/stat; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // There is no /proc, or the process is gone.
    return null;
  }
};

const field = (text: string | null, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text ?? '')?.[1] ?? Number.NaN);

export const sight = (pid: number | null): ProcessSight | null => {
  const stat = pid === null ? null : read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name in parentheses may contain spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const io = read(`/proc/${pid}/io`);
  return {
    atMs: performance.now(),
    cpuMs: ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND,
    rssMb: field(read(`/proc/${pid}/status`), 'VmRSS') / 1024,
    writtenBytes: field(io, 'wchar'),
    diskBytes: field(io, 'write_bytes'),
  };
};

/** CPU time between two readings as a share of one core. */
export const cpuShare = (before: ProcessSight | null, after: ProcessSight | null): number =>
  before === null || after === null ? Number.NaN : (after.cpuMs - before.cpuMs) / (after.atMs - before.atMs);

/** The pid of this process's child with that program name; null when there is none. */
export const childNamed = (name: string): number | null => {
  let pids: string[];
  try {
    pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  } catch {
    return null;
  }
  const found = pids.find((pid) => {
    const stat = read(`/proc/${pid}/stat`);
    const match = stat === null ? null : /^\d+ \((.*)\) \S (\d+)/s.exec(stat);
    return match?.[1] === name && Number(match[2]) === process.pid;
  });
  return found === undefined ? null : Number(found);
};
