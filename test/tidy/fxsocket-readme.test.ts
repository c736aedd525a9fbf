// The examples of the fxsocket page are type-checked as they stand: what a stranger copies compiles.

import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { read, ROOT } from './tree.ts';

test('the examples compile', { timeout: 60_000 }, async () => {
  const examples = [...read('packages/fxsocket/README.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(
    (match) => match[1] as string,
  );
  expect(examples.length).toBe(2);
  // Inside the package, so that its name and its dependencies are found as they are there.
  const folder = join(ROOT, 'packages/fxsocket/node_modules/.examples');
  mkdirSync(folder, { recursive: true });
  try {
    for (const [i, text] of examples.entries()) writeFileSync(join(folder, `example-${i}.ts`), text);
    const project = join(folder, 'tsconfig.json');
    const base = join(ROOT, 'tsconfig.base.json');
    const paths = { '@fxtape/fxsocket': [join(ROOT, 'packages/fxsocket/src/index.ts')] };
    writeFileSync(
      project,
      JSON.stringify({ extends: base, compilerOptions: { noEmit: true, paths }, include: ['example-*.ts'] }),
    );
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const result = await promisify(execFile)(process.execPath, [tsc, '-p', project]).catch(
      (error: { stdout: string }) => error,
    );
    expect(result.stdout).toBe('');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
