// `fxtape status`: one screen of what is recorded, how far behind it is, and what is missing. In: the environment. Out: the screen or one
// JSON document, and an exit code: 0 well, 1 degraded, 2 down. With --watch the screen is redrawn every two seconds until SIGINT, which is
// not a failure: the exit code is then that of the last refresh.
import { setTimeout as delay } from 'node:timers/promises';
import { styleText } from 'node:util';
import { visible } from '@fxtape/ops';
import { readRunningEnv } from '../env.ts';
import { out } from '../print/out.ts';
import { gather } from '../status/gather.ts';
import type { Sample } from '../status/rates.ts';
import { screen } from '../status/render.ts';
import { EXIT_CODES, reportOf, type StatusReport } from '../status/report.ts';

const EVERY_MS = 2000;
const COLOURS = { well: 'green', degraded: 'yellow', down: 'red' } as const;
const HOME_AND_CLEAR = '\u001B[H\u001B[J';

export interface StatusOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** Resolves with the exit code. Errors: ENV_INVALID, QDB_CONF_INVALID, RUN_FILE_INVALID. */
export async function status(options: StatusOptions): Promise<number> {
  if (options.watch !== true) {
    const { facts } = await gather(readRunningEnv(), null);
    const report = reportOf(facts);
    show(report, options);
    return EXIT_CODES[report.verdict];
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  let before: Sample | null = null;
  let code = 0;
  while (!stop.signal.aborted) {
    // Addresses are read each time: `fxtape up` may have been started since.
    const { facts, sample } = await gather(readRunningEnv(), before);
    before = sample;
    const report = reportOf(facts);
    code = EXIT_CODES[report.verdict];
    if (!stop.signal.aborted) show(report, options);
    await delay(EVERY_MS, null, { signal: stop.signal }).catch(() => null);
  }
  return code;
}

function show(report: StatusReport, options: StatusOptions): void {
  const { stdout } = process;
  if (options.json === true) {
    out(`${JSON.stringify(report, null, options.watch === true ? 0 : 2)}\n`);
    return;
  }
  const terminal = stdout.isTTY === true;
  const rows = terminal ? stdout.rows - 1 : Number.POSITIVE_INFINITY;
  const lines = screen(report, {
    rows,
    paint: (verdict, text) => styleText(COLOURS[verdict], text, { stream: stdout }),
  });
  if (options.watch !== true) out(`${lines.join('\n')}\n`);
  else if (terminal) stdout.write(`${HOME_AND_CLEAR}${visible(lines.slice(0, rows).join('\n'))}\n`);
  else out(`${lines.join('\n')}\n\n`);
}
