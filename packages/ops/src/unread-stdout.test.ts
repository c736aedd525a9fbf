// The end of a process whose stdout nobody reads, or nobody can read any more: its lines are lost, but it ends.
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';

const index = new URL('./index.ts', import.meta.url).href;
const script = (end: string): string => `
  import { createLog, flushAndExit } from '${index}';
  const log = createLog({ service: 'test', pretty: false });
  const text = 'x'.repeat(10_000);
  process.on('message', () => {
    for (let i = 0; i < 100; i++) log.info(text);
    ${end}
  });
  process.send('ready');
`;
const AT_ONCE = 'flushAndExit(log, 7);';
/** Lines come until the end, as on a busy machine: the write that fails is never reported before. */
const BUSY = `${AT_ONCE} const end = performance.now() + 600; while (performance.now() < end) log.info(text);`;

test.each([
  ['it is not read', 'unread', AT_ONCE],
  ['its reader is gone', 'gone', AT_ONCE],
  ['its reader is gone and the machine is busy', 'gone', BUSY],
])(
  'a process ends though %s',
  async (_, how, end) => {
    const child = spawn(
      process.execPath,
      ['--conditions=@fxtape/source', '--input-type=module', '-e', script(end)],
      { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], cwd: new URL('..', import.meta.url).pathname },
    );
    const stop = new AbortController();
    try {
      await new Promise((resolve) => child.once('message', resolve));
      child.stdout?.pause();
      if (how === 'gone') child.stdout?.destroy();
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.send('go');
      const late = delay(15_000, 'it still runs', { signal: stop.signal }).catch(() => null);
      expect(await Promise.race([exited, late])).toBe(7);
    } finally {
      stop.abort();
      child.kill('SIGKILL');
    }
  },
  30_000,
);
