import { FxSocketError, type FxSocketErrorCode } from '@fxtape/fxsocket';
import { expect, test } from 'vitest';
import { accountOrQuestion } from './gateway-away.ts';

const error = (code: FxSocketErrorCode, status?: number) =>
  new FxSocketError({ code, message: 'no', ...(status === undefined ? {} : { status }) });
const ready = { status: 'ready', terminal: { alive: true }, account: { loggedIn: true } };

/** The code that is thrown for an error, and whether the terminal was asked how it is. */
async function judged(met: unknown, status: () => Promise<unknown>, optional = false) {
  let asked = false;
  const rest = {
    status: () => {
      asked = true;
      return status();
    },
  } as Parameters<typeof accountOrQuestion>[1]['rest'];
  const of = { account: 'demo', rest, optional };
  const thrown = await accountOrQuestion(met, of, new AbortController().signal);
  return `${(thrown as { code: string }).code}${asked ? ' asked' : ''}`;
}
const there = async () => ({ ...ready, broker: { connected: true } });
const offline = async () => ({ ...ready, broker: { connected: false } });
const gone = () => Promise.reject(error('FXSOCKET_UNREACHABLE'));

test('what is about the account, whatever the terminal says', async () => {
  for (const code of [
    'FXSOCKET_UNAUTHORIZED',
    'FXSOCKET_PAYMENT_REQUIRED',
    'FXSOCKET_FORBIDDEN',
    'FXSOCKET_RATE_LIMITED',
    'FXSOCKET_NOT_READY',
    'FXSOCKET_UNREACHABLE',
    'FXSOCKET_TLS',
    'FXSOCKET_REDIRECT',
    'FXSOCKET_HTTP',
  ] as const)
    expect([code, await judged(error(code), there)]).toEqual([code, 'ACCOUNT_AWAY']);
  expect(await judged(error('FXSOCKET_GATEWAY_DOWN', 502), there)).toBe('ACCOUNT_AWAY');
});

test('what may be about the range is so when the terminal is there', async () => {
  for (const [code, status] of [
    ['FXSOCKET_DEADLINE', undefined],
    ['FXSOCKET_NOT_FOUND', 404],
    ['FXSOCKET_NOT_JSON', 200],
    ['FXSOCKET_TRUNCATED', undefined],
    ['FXSOCKET_GATEWAY_DOWN', 504],
  ] as const) {
    expect(await judged(error(code, status), there)).toBe(`${code} asked`);
    expect(await judged(error(code, status), gone)).toBe('ACCOUNT_AWAY asked');
    expect(await judged(error(code, status), offline)).toBe('ACCOUNT_AWAY asked');
  }
});

test('an answer about the range is one, and a route that may be missing takes nothing away', async () => {
  for (const code of [
    'FXSOCKET_VALIDATION',
    'FXSOCKET_TERMINAL_TIMEOUT',
    'FXSOCKET_TERMINAL_FAILED',
  ] as const)
    expect(await judged(error(code), gone)).toBe(code);
  expect(await judged(error('FXSOCKET_FORBIDDEN'), there, true)).toBe('FXSOCKET_FORBIDDEN asked');
  expect(await judged(error('FXSOCKET_FORBIDDEN'), gone, true)).toBe('ACCOUNT_AWAY asked');
});
