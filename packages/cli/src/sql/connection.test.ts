import { expect, test } from 'vitest';
import { connectLines, connection } from './connection.ts';

const conf = 'http::addr=127.0.0.1:9000;username=admin;password=of-the-admin;';
const readerUrl = 'postgresql://reader:of_the_reader@127.0.0.1:8812/qdb';

test('how to connect as the reader; the password of the admin only when it is asked for', () => {
  const facts = connection({ conf, readerUrl, admin: false });
  expect(facts).toEqual({
    reader: {
      url: readerUrl,
      host: '127.0.0.1',
      port: 8812,
      database: 'qdb',
      user: 'reader',
      password: 'of_the_reader',
    },
  });
  const lines = connectLines(facts).join('\n');
  expect(lines).toContain(`psql "${readerUrl}?sslmode=disable"`);
  expect(lines).not.toContain('of-the-admin');
  const asked = connectLines(connection({ conf, readerUrl, admin: true })).join('\n');
  expect(asked).toContain('http://127.0.0.1:9000/index.html  user admin  password of-the-admin');
});

test('a server without a password is said to be one', () => {
  const lines = connectLines(connection({ conf: 'http::addr=h:1;', readerUrl, admin: true }));
  expect(lines.at(-1)).toBe('  http://h:1/index.html  needs no password');
});
