import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StartScreen } from './start-screen.ts';

let dir: string;
let shown: string;
let screen: StartScreen;
const log = () => readFileSync(join(dir, 'run', 'fxtape.log'), 'utf8');
const line = (level: string, msg: string, more: object = {}): string =>
  JSON.stringify({ level, time: '2026-11-28T12:00:00.000Z', service: 'any', msg, ...more });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fxtape-screen-'));
  shown = '';
  let nowMs = 0;
  screen = new StartScreen({
    write: (text) => void (shown += text.replaceAll('\r\u001b[K', '')),
    monoMs: () => (nowMs += 400),
  });
  screen.begin(join(dir, 'run', 'fxtape.log'));
});
afterEach(() => {
  screen.end();
  rmSync(dir, { recursive: true });
});

test('a start shows its steps; the lines of the services are in the file', () => {
  screen.take('fxtape', line('info', 'Starting QuestDB'));
  screen.take('collector', line('info', 'tables are up to date', { migrations: 27 }));
  screen.take('collector', line('warn', 'rows wait', { account: 'demo', code: 'CLOCK_UNCONFIRMED' }));
  screen.live();
  screen.end();
  expect(shown).toBe('    0 s  Starting QuestDB\n');
  expect(log().trimEnd().split('\n')).toHaveLength(3);
});

test('what a service says once stays: an error at once, a warning when every account is live', () => {
  screen.take('collector', line('error', 'QuestDB will never accept this row', { code: 'ROW_CONDEMNED' }));
  expect(shown).toBe('ERROR  collector: QuestDB will never accept this row (ROW_CONDEMNED)\n');
  screen.take('console', line('warn', 'QUESTDB_READER_URL is not set'));
  screen.take('collector', line('warn', 'this database lacks rows', { code: 'DATABASE_REPLACED' }));
  screen.take('scheduler', line('warn', 'cannot plan', { err: { kind: 'terminal', message: 'refused' } }));
  screen.take(
    'scheduler',
    line('warn', 'trying again', { err: { kind: 'transient', message: 'no answer' } }),
  );
  screen.live();
  screen.end();
  expect(shown.split('\n').slice(1)).toEqual([
    'WARN  console: QUESTDB_READER_URL is not set',
    'WARN  collector: this database lacks rows (DATABASE_REPLACED)',
    'WARN  scheduler: cannot plan: refused',
    '',
  ]);
});

test('what has not passed when the start ends is shown, and so is every later warning and error, without JSON', () => {
  screen.take('collector', line('warn', 'rows wait', { account: 'demo', code: 'CLOCK_UNCONFIRMED' }));
  screen.end();
  screen.take('scheduler', line('info', 'planning'));
  screen.take(
    'backfill',
    line('error', 'job failed', { err: { message: 'no answer\u001b[2J', stack: 'at x' } }),
  );
  expect(shown).toBe(
    'WARN  collector: demo: rows wait (CLOCK_UNCONFIRMED)\nERROR  backfill: job failed: no answer\\u001b[2J\n',
  );
});

test('warnings of `up` itself are shown at once, and so is a process that failed before its log began', () => {
  screen.take('fxtape', line('warn', 'console ended (code 1); restarting it in 500 ms'));
  expect(shown).toBe('WARN  console ended (code 1); restarting it in 500 ms\n');
  screen.take('console', 'API_TOKEN_REQUIRED: set it');
  screen.end();
  expect(shown.split('\n')[1]).toBe('ERROR  console: API_TOKEN_REQUIRED: set it');
  expect(JSON.parse(log().split('\n')[1] ?? '')).toMatchObject({
    service: 'console',
    msg: 'API_TOKEN_REQUIRED: set it',
  });
});
