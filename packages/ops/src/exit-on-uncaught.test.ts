import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const opsUrl = new URL('./index.ts', import.meta.url).href;

test.for(['throw new Error(`bad ${key}`)', 'Promise.reject(new Error(`bad ${key}`))'])(
  'the process ends with 1 and the key is in no output: %s',
  (failure) => {
    const script = `
      const { createLog, exitOnUncaught, Redactor } = await import(${JSON.stringify(opsUrl)});
      const key = 'very' + '-secret-' + 'value';
      exitOnUncaught(createLog({ service: 't', redactor: new Redactor([key]) }));
      setImmediate(() => { ${failure}; });
      setInterval(() => {}, 1000);`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 15_000,
    });
    expect(child.status).toBe(1);
    expect(child.stdout).toContain('"level":"fatal"');
    expect(child.stdout).toContain('[redacted]');
    expect(child.stdout + child.stderr).not.toContain('very-secret-value');
  },
);
