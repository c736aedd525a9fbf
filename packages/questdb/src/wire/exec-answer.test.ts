import { expect, test } from 'vitest';
import { asObjects, readExecAnswer } from './exec-answer.ts';

function read(status: number, body: unknown) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return readExecAnswer(
    { status, contentType: 'application/json', body: Buffer.from(text), requestSent: true },
    'SELECT 1',
  );
}

const columns = [
  { name: 'a', type: 'LONG' },
  { name: 'b', type: 'VARCHAR' },
];

test('a result is columns and rows', () => {
  const answer = read(200, { columns, dataset: [['9007199254740993', null]], count: 1 });
  expect(asObjects(answer)).toEqual([{ a: '9007199254740993', b: null }]);
  expect(read(200, { ddl: 'OK' })).toEqual({ columns: [], dataset: [] });
});

test.each([
  ['an error', 400, { error: 'table does not exist', position: 3 }, 'QDB_SQL'],
  ['an error with status 200', 200, { error: 'empty query', position: '0' }, 'QDB_SQL'],
  ['an error after the first rows', 200, { columns, dataset: [['1', 'x']], error: 'timeout' }, 'QDB_SQL'],
  [
    'rows that were cut off',
    200,
    '{"columns":[{"name":"a","type":"LONG"}],"dataset":[["1"],',
    'QDB_BAD_ANSWER',
  ],
  ['fewer rows than counted', 200, { columns, dataset: [], count: 1 }, 'QDB_BAD_ANSWER'],
  ['a page', 200, '<html></html>', 'QDB_BAD_ANSWER'],
  ['a page with 503', 503, '<html></html>', 'QDB_HTTP_STATUS'],
  ['nothing', 200, '', 'QDB_BAD_ANSWER'],
  ['another object', 200, {}, 'QDB_BAD_ANSWER'],
  ['a refusal of the password', 401, 'Unauthorized', 'QDB_UNAUTHORIZED'],
])('%s is never an empty result', (_what, status, body, code) => {
  expect(() => read(status, body)).toThrowError(expect.objectContaining({ code }));
});
