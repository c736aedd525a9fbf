import { expect, test } from 'vitest';
import { givenQuestDb, questDbAddress } from './questdb-address.ts';

test('nothing given is nothing', () => {
  expect(givenQuestDb({})).toBeNull();
});

test('the configuration string gives the HTTP address, wherever addr stands in it', () => {
  expect(
    givenQuestDb({ QDB_CLIENT_CONF: 'https::username=u;password=p;addr=db.example;tls_verify=on;' }),
  ).toEqual({
    conf: 'https::username=u;password=p;addr=db.example;tls_verify=on;',
    httpUrl: 'https://db.example:9000',
    pgUrl: 'postgresql://admin:quest@db.example:8812/qdb',
    readerUrl: null,
  });
  expect(givenQuestDb({ QDB_CLIENT_CONF: 'http::addr=[::1]:9100;' })?.httpUrl).toBe('http://[::1]:9100');
});

test('a string without an address is refused', () => {
  expect(() => givenQuestDb({ QDB_CLIENT_CONF: 'tcp::addr=x;' })).toThrow(
    expect.objectContaining({ code: 'ENGINE_SETTINGS' }),
  );
});

test('the passwords of an engine stand in every form but the URL of its HTTP port', () => {
  expect(questDbAddress(9100, 8900, { admin: 'a-password', reader: 'another_one' })).toEqual({
    conf: 'http::addr=127.0.0.1:9100;username=admin;password=a-password;',
    httpUrl: 'http://127.0.0.1:9100',
    pgUrl: 'postgresql://admin:a-password@127.0.0.1:8900/qdb',
    readerUrl: 'postgresql://reader:another_one@127.0.0.1:8900/qdb',
  });
});
