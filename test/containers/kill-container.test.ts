// docker-compose.yml for real: everything comes to readiness on loopback only, and killing containers under load loses no tick outside a
// recorded gap, row by row against the ledger of the gateway.
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { pgQuery } from '@fxtape/questdb';
import { judge, report, tempDir } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ComposeStack, CONTAINERS } from './compose-stack.ts';

let stack: ComposeStack;

const TWO_KEYS = `
accounts:
  - { id: 0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f, name: one, key: FXSOCKET_API_KEY, market_data: { symbols: [BTCUSD] } }
  - { id: 2b7e1516-28ae-4d2a-96ab-f7158809cf4f, name: two, key: OTHER, market_data: { symbols: [BTCUSD] } }
`;

beforeAll(async () => {
  stack = await ComposeStack.find();
  await stack.up();
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

test('QuestDB and Redis ask for passwords that are made once, and that no description of a container shows', async () => {
  const names = ['questdb-admin', 'questdb-reader', 'redis-password', 'api-token'];
  const secrets = await Promise.all(names.map((name) => stack.secret(name)));
  expect(new Set(secrets.map(({ length }) => length))).toEqual(new Set([32]));
  const url = `${stack.questdb}/exec?query=SELECT%201`;
  expect((await fetch(url)).status).toBe(401);
  const inside = await stack.secret('questdb-reader-url');
  const published = inside.replace('questdb:8812', `127.0.0.1:${stack.pgPort}`);
  expect(await pgQuery(published, 'SELECT count() > 0 recorded FROM ticks')).toEqual([{ recorded: 't' }]);
  await expect(pgQuery(published, 'DROP TABLE ticks')).rejects.toThrow(/permission|denied|read.?only/i);
  const ping = "exec 3<>/dev/tcp/127.0.0.1/6379 && printf 'PING\\r\\n' >&3 && head -n 1 <&3";
  expect(await stack.docker('exec', await stack.id('redis'), 'bash', '-c', ping)).toContain('-NOAUTH');
  for (const name of CONTAINERS) {
    const shown = await stack.docker('inspect', await stack.id(name));
    for (const secret of secrets) expect(shown).not.toContain(secret);
  }
  await stack.compose('up', '-d', '--force-recreate', '--no-deps', 'secrets');
  expect(await Promise.all(names.map((name) => stack.secret(name)))).toEqual(secrets);
});

test('the command works inside the containers of the demonstration', async () => {
  const collector = await stack.id('collector');
  const command = (...args: string[]) => stack.docker('exec', collector, 'fxtape', ...args);
  expect(await command('config', 'show')).toContain('demo-four');
  expect(await command('clock')).toContain('UTC+2h');
  expect(await command('sql', 'SELECT count() > 0 recorded FROM ticks', '--csv')).toBe('recorded\nt');
  // Exit code 0: it is well.
  expect(await command('doctor')).toContain('demo');
  expect(await command('tape', 'check', 'demo')).not.toBe('');
  // With DuckDB, and with the tape of the volume.
  expect(await command('backup', '/tmp/backup')).toMatch(/^Backup \S+ in \/tmp\/backup: \d+ rows, [1-9]/);
});

test('keys come from a file, from the shell, or from both', async () => {
  const dir = tempDir('keys-file');
  try {
    // The user inside is another one.
    chmodSync(dir.path, 0o755);
    writeFileSync(join(dir.path, 'keys.env'), 'OTHER=fxs_ro_other\n');
    writeFileSync(join(dir.path, 'fxtape.yaml'), TWO_KEYS);
    const shown = async (variables: Record<string, string>) => {
      const run = ['run', '--rm', '--no-deps', '-T', '--entrypoint', 'fxtape', 'collector', 'config', 'show'];
      const variable = { FXTAPE_CONFIG_DIR: dir.path, ...variables };
      return stack.composeWith(variable, ...run, '--json');
    };
    const keys = (text: string) => {
      const { environment } = JSON.parse(text) as { environment: Record<string, { value: string }> };
      return ['OTHER', 'FXSOCKET_API_KEY'].map((name) => environment[name]?.value);
    };
    const file = join(dir.path, 'keys.env');
    expect(keys(await shown({}))).toEqual(['', '']);
    expect(keys(await shown({ FXTAPE_KEYS_FILE: file }))).toEqual(['[a key]', '']);
    const both = { FXTAPE_KEYS_FILE: file, FXSOCKET_API_KEY: 'fxs_live_secret' };
    expect(keys(await shown(both))).toEqual(['[a key]', '[a full key]']);
    expect(JSON.stringify(await shown(both))).not.toMatch(/fxs_/);
    writeFileSync(file, 'OTHER=fxs_ro_other\nFXSOCKET_API_KEY=fxs_ro_other\n');
    expect(keys(await shown({ FXTAPE_KEYS_FILE: file }))).toEqual(['[a key]', '[a key]']);
  } finally {
    await dir.remove();
  }
});

test('console and health ports ask for the token that was made at the first start', async () => {
  const ask = (headers: Record<string, string>) => fetch(`${stack.console}/api/streams`, { headers });
  expect((await ask({})).status).toBe(401);
  expect(stack.token).toMatch(/^[\w-]{32}$/);
  expect((await ask({ authorization: `Bearer ${stack.token}` })).status).toBe(200);
  expect(await (await fetch(`${stack.console}/readyz`)).json()).toEqual({ ready: true });
  const asked = (url: string) =>
    `fetch('${url}').then(async (answer) => console.log(answer.status, await answer.text()))`;
  const fromConsole = async (url: string) =>
    stack.docker('exec', await stack.id('console'), 'node', '-e', asked(url));
  expect(await fromConsole('http://collector:7071/state')).toMatch(/^401 /);
  for (const port of ['collector:7071', 'scheduler:7072', 'backfill:7073']) {
    expect(await fromConsole(`http://${port}/metrics`)).toMatch(/^401 /);
    expect(await fromConsole(`http://${port}/readyz`)).toMatch(/^\d+ \{"ready":(true|false)\}$/);
  }
});

// Six ends, each with a start of several containers: half a minute on an idle machine, minutes on a busy one.
test('kill-container: nothing is lost outside a recorded gap, however a container ends', {
  timeout: 900_000,
}, async () => {
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
        'kill -9 $(cat /data/demo/run/collector.pid)',
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
