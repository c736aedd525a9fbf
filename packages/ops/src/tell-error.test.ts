import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FxtapeError } from './errors/fxtape-error.ts';
import { createLog } from './log.ts';
import { Redactor } from './redact.ts';
import { secretReader } from './secret-reader.ts';

const logged = (write: (log: ReturnType<typeof createLog>) => void, redactor?: Redactor): string => {
  const lines: string[] = [];
  const out = { write: (line: string) => void lines.push(line) };
  write(createLog({ service: 't', pretty: false, ...out, ...(redactor === undefined ? {} : { redactor }) }));
  return lines.join('');
};

/** As ioredis makes them: with the command that was refused. */
const driverError = (message = 'WRONGPASS invalid username-password pair', cause?: Error): Error =>
  Object.assign(new Error(message, { cause }), {
    code: 'ERR_AUTH',
    command: { name: 'auth', args: ['user', 'open sesame'] },
    previousErrors: [{ auth: 'open sesame' }],
  });

test.each<[string, (log: ReturnType<typeof createLog>) => void]>([
  ['as err', (log) => log.warn({ err: driverError() }, 'no')],
  ['under another name', (log) => log.warn({ why: driverError() }, 'no')],
  ['alone', (log) => log.error(driverError())],
  ['in a child', (log) => log.child({ account: 'a' }).warn({ error: driverError() })],
  ['as a cause', (log) => log.warn({ err: new Error('outer', { cause: driverError() }) })],
  ['as one of several', (log) => log.warn({ err: new AggregateError([driverError()], 'several') })],
])('of an error of a driver its code and message are logged, never what it was doing: %s', (_name, write) => {
  const line = logged(write);
  expect(line).toContain('WRONGPASS invalid username-password pair');
  expect(line).toContain('ERR_AUTH');
  expect(line).not.toContain('open sesame');
});

test('of our own errors everything is logged that says what to do', () => {
  const error = new FxtapeError({
    code: 'TAPE_FULL',
    message: 'no room',
    hint: 'Make room',
    context: { freeBytes: 1 },
    cause: new Error('ENOSPC'),
  });
  expect(JSON.parse(logged((log) => log.error({ err: error }, 'm')))).toMatchObject({
    msg: 'm',
    err: {
      code: 'TAPE_FULL',
      kind: 'transient',
      message: 'no room',
      hint: 'Make room',
      context: { freeBytes: 1 },
      stack: expect.stringContaining('tell-error.test') as string,
      cause: { message: 'ENOSPC' },
    },
  });
});

test('causes that turn in a circle come to an end', () => {
  const a = new Error('a');
  a.cause = new Error('b', { cause: a });
  expect(logged((log) => log.error(a))).toContain('"message":"b"');
});

test.each([
  [
    'redis://nobody:s%C3%A9same-1@h:6379/0',
    ['sésame-1', 's%C3%A9same-1', Buffer.from('nobody:sésame-1').toString('base64')],
  ],
  ['http::addr=h:9000;username=u;password=a;;b c;tls_verify=on;', ['a;b c', btoa('u:a;b c')]],
  ['https::addr=h;token=abcdef;', ['abcdef']],
  ['postgresql://reader:quest%@h/qdb', ['quest%']],
  ['a-token-alone', ['a-token-alone']],
])('a password in %s is taken out wherever it stands', (setting, secrets) => {
  const redactor = new Redactor();
  redactor.addSetting(setting);
  for (const secret of secrets) expect(redactor.redact(`<${secret}>`)).toBe('<[redacted]>');
});

test('a setting without a secret takes nothing out', () => {
  const redactor = new Redactor();
  for (const setting of [
    'redis://127.0.0.1:6379',
    'http::addr=127.0.0.1:9000;',
    'postgresql://admin:quest@127.0.0.1:8812/qdb',
    '',
  ])
    redactor.addSetting(setting);
  expect(redactor.redact('127.0.0.1 addr http redis questdb')).toBe('127.0.0.1 addr http redis questdb');
});

test('a key that is read after the start, and one that was renewed, are taken out from then on', () => {
  const dir = mkdtempSync(join(tmpdir(), 'keys-'));
  try {
    const file = join(dir, 'key');
    const redactor = new Redactor();
    const read = secretReader(redactor, { LATE_KEY_FILE: file });
    for (const key of ['first-key-value', 'second-key-value']) {
      writeFileSync(file, `${key}\n`);
      expect(logged((log) => log.info(`with ${key}`), redactor)).toContain(key);
      expect(read('LATE_KEY')).toBe(key);
      expect(logged((log) => log.info(`with ${key}`), redactor)).toContain('with [redacted]');
    }
    expect(redactor.redact('first-key-value')).toBe('[redacted]');
    expect(read('NOT_SET_AT_ALL')).toBeUndefined();
  } finally {
    rmSync(dir, { recursive: true });
  }
});
