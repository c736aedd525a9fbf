// docker-compose.yml for real: everything comes to readiness on loopback only, and killing containers under load loses no tick outside a
// recorded gap, row by row against the ledger of the gateway.
import { once } from 'node:events';
import { connect } from 'node:net';
import { judge, report } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ComposeStack, CONTAINERS } from './compose-stack.ts';

let stack: ComposeStack;

beforeAll(async () => {
  stack = await ComposeStack.find();
  await stack.compose('up', '-d', '--build');
  await stack.healthy();
}, 900_000);
afterAll(async () => {
  await stack?.close();
});

test('all containers are healthy, publish on loopback only, and the services are not root', async () => {
  const lines = [stack.version];
  for (const name of CONTAINERS) {
    const { Config, HostConfig, Image, NetworkSettings } = await stack.inspect(name);
    lines.push(`  ${name}: ${Config.Image} ${Image}`);
    const published = Object.values(NetworkSettings.Ports).flatMap((bindings) => bindings ?? []);
    expect(published.filter(({ HostIp }) => HostIp !== '127.0.0.1')).toEqual([]);
    expect(HostConfig.Memory).toBeGreaterThan(0);
    if (name === 'questdb' || name === 'redis') continue;
    expect(Config.User).toBe('node');
    expect(HostConfig.ReadonlyRootfs).toBe(true);
  }
  console.log(lines.join('\n'));
});

test('ticks by SQL through the published ports, with the settings of infra', async () => {
  await stack.moreTicks(1000);
  const settings = new Map((await stack.sql('SHOW PARAMETERS')).map((row) => [row[0], row[2]]));
  expect(settings.get('cairo.o3.partition.split.min.size')).toBe('1000000');
  expect(settings.get('line.auto.create.new.tables')).toBe('false');
  const socket = connect({ host: '127.0.0.1', port: stack.pgPort });
  // SSLRequest of the PostgreSQL wire: QuestDB answers with one byte, N.
  socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
  const [reply] = (await once(socket, 'data')) as [Buffer];
  expect(reply.toString()).toBe('N');
  socket.destroy();
});

test('the console asks for the token that it made at its first start', async () => {
  const ask = (headers: Record<string, string>) => fetch(`${stack.console}/api/streams`, { headers });
  expect((await ask({})).status).toBe(401);
  const token = (await stack.docker('exec', await stack.id('console'), 'cat', '/data/token')).trim();
  expect(token.length).toBeGreaterThanOrEqual(32);
  expect((await ask({ authorization: `Bearer ${token}` })).status).toBe(200);
  await stack.compose('restart', 'console');
  await stack.live();
  expect((await ask({ authorization: `Bearer ${token}` })).status).toBe(200);
});

test('kill-container: nothing is lost outside a recorded gap, however a container ends', async () => {
  const ends: Record<string, () => Promise<unknown>> = {
    'docker kill, twice': async () => {
      for (let round = 0; round < 2; round++) {
        await stack.docker('kill', await stack.id('collector'));
        await stack.compose('up', '-d', 'collector');
        await stack.live();
        await stack.moreTicks(1000);
      }
    },
    'process killed inside, started again by the restart policy': async () => {
      const before = await stack.inspect('collector');
      await stack.docker(
        'exec',
        await stack.id('collector'),
        'sh',
        '-c',
        'kill -9 $(cat /data/run/collector.pid)',
      );
      await stack.restarted('collector', before);
      expect((await stack.inspect('collector')).RestartCount).toBe(before.RestartCount + 1);
    },
    'collector killed while QuestDB is down': async () => {
      await stack.docker('kill', await stack.id('questdb'));
      await stack.docker('kill', await stack.id('collector'));
      await stack.docker('start', await stack.id('collector'));
      await stack.docker('start', await stack.id('questdb'));
    },
    'container removed and made anew on its volume': async () => {
      await stack.compose('rm', '-f', '-s', 'collector');
      await stack.compose('up', '-d', 'collector');
    },
    'orderly stop and start': async () => {
      await stack.compose('stop', 'collector');
      await stack.compose('start', 'collector');
    },
  };
  for (const [name, end] of Object.entries(ends)) {
    const startedMs = performance.now();
    await end();
    await stack.live();
    await stack.moreTicks(1500);
    console.log(`${name}: recording again after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  }
  await stack.settle();
  const verdict = await judge(stack, 'demo');
  console.log(report('kill-container', verdict));
  expect(verdict.sent).toBeGreaterThan(8000);
  expect(verdict).toMatchObject({ missing: 0, unaccounted: 0, doubled: 0, wrong: 0, unclaimedUs: 0 });
  expect(await stack.sql('SELECT count() FROM gaps WHERE ts_to IS NULL')).toEqual([[0]]);
});

test('no key in any log and on the tape', async () => {
  const logs = await stack.compose('logs', '--no-color');
  expect(logs).toContain('recording');
  expect(logs).not.toContain('fxs_ro_demo');
  const count = 'grep -rl fxs_ro_demo /data | wc -l';
  expect(await stack.docker('exec', await stack.id('collector'), 'sh', '-c', count)).toBe('0');
});
