// What a program loads that only follows a stream: not the HTTP client.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the HTTP client is loaded with the first request, and not before', async () => {
  const index = new URL('index.ts', import.meta.url).href;
  const program = `
    import { createRequire } from 'node:module';
    const { FxSocket } = await import(${JSON.stringify(index)});
    const { cache } = createRequire(${JSON.stringify(index)});
    const loaded = () => Object.keys(cache).some((path) => path.includes('/undici/'));
    const fx = new FxSocket({ apiKey: 'fxs_ro_demo', baseUrl: 'http://127.0.0.1:9' });
    const before = loaded();
    await fx.accounts({ retry: 'none' }).catch(() => {});
    console.log(before, loaded());
    await fx.close();`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  expect(stdout).toBe('false true\n');
});
