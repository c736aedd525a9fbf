// docs/research.md, word for word: its commands run against a real database, its Python in one session, and what it prints is so.
import { execFile } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { machineEnv, pythonWith, runFxtape, tempDir, WORKSPACE } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ExportedTicks } from './exported.ts';

const run = promisify(execFile);
const COMMAND = 'npm run -s fxtape -- ';
const page = readFileSync(join(WORKSPACE, 'docs', 'research.md'), 'utf8');
const temp = tempDir('research');
let ticks: ExportedTicks;

beforeAll(async () => {
  ticks = await ExportedTicks.start();
});
afterAll(async () => {
  await ticks.close();
  await temp.remove();
});

/** The blocks of the page that are run, in order. */
const blocks = [...page.matchAll(/^```(bash|python)\n(.*?)^```$/gms)].map(([, language, text]) => ({
  language: language as 'bash' | 'python',
  text: text ?? '',
}));

test('every command and every line of Python runs, and the results differ where the diff says', async () => {
  const python = await pythonWith(join(WORKSPACE, 'test', 'research', 'requirements.txt'));
  const session: string[] = [];
  const said: string[] = [];
  const runPython = async (): Promise<string> => {
    writeFileSync(join(temp.path, 'session.py'), session.join('\n'));
    const env = { ...machineEnv(), MPLBACKEND: 'Agg' };
    return (await run(python, ['session.py'], { cwd: temp.path, env, maxBuffer: 1e8 })).stdout;
  };
  let healed = 0;
  for (const { language, text } of blocks) {
    if (language === 'python') {
      session.push(text);
      continue;
    }
    for (const line of text.trim().split('\n')) {
      expect(line.startsWith(COMMAND), line).toBe(true);
      if (line.includes('update')) healed = await ticks.heal();
      const { code, output, stdout } = await runFxtape(line.slice(COMMAND.length).split(' '), {
        dataDir: join(temp.path, 'data'),
        cwd: temp.path,
        env: { QDB_CLIENT_CONF: ticks.server.conf },
      });
      expect(code, output).toBe(line.includes(' diff ') ? 2 : 0);
      said.push(stdout);
    }
  }
  const told = await runPython();
  expect(statSync(join(temp.path, 'spread-by-hour.png')).size).toBeGreaterThan(10_000);
  const day = new Date(ticks.gap.fromUs / 1000).toISOString().slice(0, 10);
  expect(said.at(-1)).toContain(day);
  expect(said.at(-1)).toContain('healed');
  expect(told).toContain(`days that differ: ['${day}']`);
  const quotes = ticks.ticks('EURUSD').length - healed;
  expect(told).toContain(`${quotes} quotes`);
  const results = [...told.matchAll(/version (\d): (\d+) trades, (-?[\d.]+) %/g)];
  expect(results.map(([, version]) => version)).toEqual(['0', '1']);
  expect(Number(results[0]?.[2])).toBeGreaterThan(0);
  expect(results[0]?.[0].slice(10)).not.toBe(results[1]?.[0].slice(10));
});
