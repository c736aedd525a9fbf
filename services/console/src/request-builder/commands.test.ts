// What the commands say beside what they send, which test/e2e/request-commands.test.ts runs.
import { expect, test } from 'vitest';
import { commandsFor } from './commands.ts';
import type { Target } from './endpoint.ts';
import { endpointsOf } from './endpoints.ts';
import { fillIn } from './fill-in.ts';

const target: Target = {
  account: 'one',
  platform: 'mt4',
  restUrl: 'https://192.0.2.1/an-id',
  wsUrl: 'wss://192.0.2.1/an-id/ws',
  managementUrl: 'https://api.fxsocket.com/v1',
  keyVariable: 'OTHER_KEY',
  tlsVerify: false,
  allowHttp: false,
};
function commands(id: string, texts: Record<string, string>, more: Partial<Target> = {}) {
  const endpoint = endpointsOf(null).find((one) => one.id === id);
  if (endpoint === undefined) throw new Error(`no ${id}`);
  return commandsFor({ ...target, ...more }, fillIn(endpoint, texts).filled);
}

test('a terminal with a certificate of its own: its address and its variable, not the management API', () => {
  for (const id of ['GET /getQuote', 'GET /QuoteTicks', 'topic prices']) {
    const texts = { symbol: 'A', from: '2026-06-22', to: '2026-06-23' };
    const { python, shell, typescript, variables } = commands(id, texts);
    expect(variables).toEqual(['OTHER_KEY']);
    expect(shell).toMatch(/--insecure|NODE_TLS_REJECT_UNAUTHORIZED=0/);
    expect(typescript).toContain('tlsVerify: false');
    expect(python).toContain('verify=False');
    for (const text of [python, shell, typescript]) {
      expect(text).toContain('OTHER_KEY');
      expect(text).toContain('192.0.2.1/an-id');
    }
    const verified = JSON.stringify(commands(id, texts, { tlsVerify: true }));
    expect(verified).not.toMatch(/insecure|REJECT_UNAUTHORIZED|tlsVerify|verify=/);
  }
  const management = JSON.stringify(commands('GET /v1/accounts', {}));
  expect(management).toContain('https://api.fxsocket.com/v1');
  expect(management).not.toMatch(/insecure|REJECT_UNAUTHORIZED|tlsVerify|verify=/);
});

test('curl, as a person would write it', () => {
  const { shell } = commands('POST /OrderClose', { ticket: '7', volume: '0.10' }, { tlsVerify: true });
  expect(shell).toBe(
    [
      'curl --silent --show-error --fail-with-body \\',
      '  --request POST \\',
      '  --header "X-API-Key: $OTHER_KEY" \\',
      "  --header 'Content-Type: application/json' \\",
      `  --data '{"ticket":7,"volume":0.10}' \\`,
      "  'https://192.0.2.1/an-id/OrderClose'",
    ].join('\n'),
  );
});

test('a zero in TypeScript has the name that the client has for it', () => {
  const typescript = (path: string, texts: Record<string, string>): string =>
    commands(path, texts).typescript;
  const modify = typescript('POST /OrderModify', { ticket: '7', stopLoss: '0', takeProfit: '1.2' });
  expect(modify).toContain('clearStopLoss: true,');
  expect(modify).toContain('takeProfit: 1.2,');
  expect(modify).not.toContain('stopLoss: 0');
  const buy = { symbol: 'EURUSD', operation: 'Buy', volume: '1', stopLoss: '0', takeProfit: '0.0' };
  expect(typescript('POST /OrderSend', buy)).not.toMatch(/stopLoss|takeProfit/i);
  expect(typescript('POST /OrderClose', { ticket: '7', volume: '0' })).not.toContain('volume');
});

test('the document of the account needs no key; a password has a variable of its own', () => {
  expect(commands('GET /api-doc/openapi.json', {})).toMatchObject({
    variables: [],
    shell: expect.not.stringContaining('X-API-Key'),
  });
  const link = commands('POST /v1/accounts', { server: 'S', login: '1', proxy_address: 'h:1' });
  expect(link.variables).toEqual(['OTHER_KEY', 'BROKER_PASSWORD', 'PROXY_AUTH']);
});
