// What is loaded with this package: its own files. Of the client it takes types only.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('nothing but this package is loaded', async () => {
  const home = new URL('.', import.meta.url).href;
  const program = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    await import(${JSON.stringify(`${home}index.ts`)});
    console.log(JSON.stringify(loaded));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=@fxtape/source',
    '--input-type=module',
    '-e',
    program,
  ]);
  const loaded = JSON.parse(stdout) as string[];
  expect(loaded.length).toBeGreaterThan(40);
  expect(loaded.filter((url) => !url.startsWith(home))).toEqual([]);
});
