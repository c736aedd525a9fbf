import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { NODE_FLAGS } from '@fxtape/ops';
import { expect, test } from 'vitest';

test('a machine that has no open file left for a service is waited for, and ends nothing', async () => {
  const program = `
    import { closeSync, openSync } from 'node:fs';
    import { ServiceProcess } from ${JSON.stringify(new URL('service-process.ts', import.meta.url).href)};
    const warnings = [];
    const open = [];
    const service = new ServiceProcess({
      name: 'console',
      env: {},
      dataDir: '/nowhere',
      line: () => {},
      warn: (message) => {
        warnings.push(message);
        for (const fd of open.splice(0)) closeSync(fd);
      },
      command: ['-e', 'setInterval(() => {}, 1000)'],
    });
    try {
      for (;;) open.push(openSync('/dev/null'));
    } catch {}
    void service.start();
    while (service.pid === null || warnings.length === 0) await new Promise((done) => setTimeout(done, 20));
    await service.stop(5000);
    console.log(warnings.join());
    process.exit();`;
  const node = [
    process.execPath,
    ...NODE_FLAGS,
    '--conditions=@fxtape/source',
    '--input-type=module',
    '-e',
    program,
  ];
  const shell = ['-c', 'ulimit -n 200; exec "$@"', 'sh', ...node];
  const { stdout } = await promisify(execFile)('sh', shell, { timeout: 30_000 });
  expect(stdout).toMatch(/^console ended \(spawn .*EMFILE\); restarting it in \d+ ms\n$/);
});
