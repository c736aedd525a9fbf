// Structured log of one process. In: pino calls. Out: one JSON line each on stdout, or readable lines where stdout is a terminal,
// with every secret taken out of the finished line, wherever in it it stood. Lines are written without waiting: a reader
// that stops reading must never stop the recorder, so beyond 16 MiB of unread lines new ones are dropped and counted.
import pino from 'pino';
import { prettyFactory } from 'pino-pretty';
import { Redactor } from './redact.ts';
import { tellError } from './tell-error.ts';
import { visibleOnceRead } from './visible.ts';

export type Log = pino.Logger;

export interface LogOptions {
  /** Name of the service; the field `service` of every line. */
  readonly service: string;
  /** pino level; default `info`. */
  readonly level?: string;
  /** Removes secrets from every line, including those registered later. */
  readonly redactor?: Redactor;
  /** Readable lines instead of JSON. Default: whether stdout is a terminal. */
  readonly pretty?: boolean;
  /** Where finished lines go; default stdout. */
  readonly write?: (line: string) => void;
}

const UNREAD_LIMIT_BYTES = 16 * 1024 * 1024;

/** The log of this process. Its lines carry ISO time, level by name, service and pid. */
export function createLog(options: LogOptions): Log {
  const redactor = options.redactor ?? new Redactor();
  const format = (options.pretty ?? process.stdout.isTTY === true) ? readable() : (line: string) => line;
  const out = options.write === undefined ? stdoutStream() : { write: options.write };
  const level = options.level ?? 'info';
  return pino(
    {
      level,
      base: { service: options.service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: toldErrors },
      // pino's own serializer would treat the result as an error again.
      serializers: { err: (told: unknown) => told },
    },
    {
      write: (line: string) => out.write(format(redactor.redact(line))),
      flushSync: () => 'flushSync' in out && out.flushSync(),
      flush: (done?: (error?: Error) => void) => ('flush' in out ? out.flush(done) : done?.()),
    } as pino.DestinationStream,
  );
}

/** For errors under any name: pino would write everything that a driver attached to them. */
function toldErrors(fields: Record<string, unknown>): Record<string, unknown> {
  const told = { ...fields };
  for (const [name, value] of Object.entries(fields))
    if (value instanceof Error) told[name] = tellError(value);
  return told;
}

/** Makes a JSON line of any process's log readable, as `createLog` prints it on a terminal. The result ends in a line break. */
export function readable(): (line: string) => string {
  const pretty = prettyFactory({
    colorize: process.stdout.isTTY === true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,service',
    messageFormat: '{service}: {msg}',
    singleLine: true,
  });
  return (line) => pretty(visibleOnceRead(line));
}

let isAbandoned = false;

/** From now on unwritten lines are dropped. Waiting for them at exit would hang when nobody reads stdout. */
export function abandonLines(): void {
  isAbandoned = true;
}

function stdoutStream() {
  const stream = pino.destination({ fd: 1, sync: false, maxLength: UNREAD_LIMIT_BYTES });
  // pino calls this at exit and retries for ever, even when the reader is gone.
  const everything = stream.flushSync.bind(stream);
  const flushSync = (): void => {
    if (!isAbandoned) everything();
  };
  stream.flushSync = flushSync;
  let isEmpty = true;
  const waiting = new Set<() => void>();
  const emptied = (): void => {
    isEmpty = true;
    for (const done of waiting) done();
    waiting.clear();
  };
  stream.on('drain', emptied);
  // The reader is gone or the file cannot be written. The rest is lost, and the process goes on without its log.
  stream.on('error', emptied);
  return {
    write: (line: string): void => {
      isEmpty = false;
      stream.write(line);
    },
    flushSync,
    /** Its own flush waits for nothing where each line is written at once. */
    flush: (done: () => void = () => {}): void => {
      if (isEmpty) done();
      else waiting.add(done);
    },
  };
}
