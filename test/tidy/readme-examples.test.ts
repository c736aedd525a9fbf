// The examples on the pages of the published packages are type-checked as they stand: what a stranger copies compiles. That they run is shown
// with the packed packages (test/published/published-packages.test.ts).

import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { examplesOf } from './examples.ts';
import { ROOT } from './tree.ts';

test.for([
  ['fxsocket', 5],
  ['fxsocket-trading', 2],
] as const)('the examples of %s compile', { timeout: 60_000 }, async ([name, count]) => {
  const examples = examplesOf(`packages/${name}/README.md`);
  expect(examples.length).toBe(count);
  // Inside the package, so that its dependencies are found as they are there.
  const folder = join(ROOT, `packages/${name}/node_modules/.examples`);
  mkdirSync(folder, { recursive: true });
  try {
    for (const [i, text] of examples.entries()) writeFileSync(join(folder, `example-${i}.ts`), text);
    const project = join(folder, 'tsconfig.json');
    const base = join(ROOT, 'tsconfig.base.json');
    const source = (of: string, file = 'index') => [join(ROOT, `packages/${of}/src/${file}.ts`)];
    const paths = {
      '@fxtape/fxsocket': source('fxsocket'),
      '@fxtape/fxsocket/transport': source('fxsocket', 'transport'),
      '@fxtape/fxsocket-trading': source('fxsocket-trading'),
    };
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
