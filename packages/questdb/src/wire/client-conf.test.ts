import { expect, test } from 'vitest';
import { parseClientConf } from './client-conf.ts';

test('address, credentials and limits as the official clients write them', () => {
  expect(parseClientConf('http::addr=127.0.0.1;')).toEqual({
    tls: false,
    host: '127.0.0.1',
    port: 9000,
    authorization: null,
    tlsVerify: true,
    tlsCa: null,
    requestTimeoutMs: 10_000,
    minBytesPerSecond: 102_400,
  });
  expect(
    parseClientConf(
      'https::addr=db.example:443;username=u;password=a;;b;tls_verify=unsafe_off;request_timeout=5;request_min_throughput=7',
    ),
  ).toMatchObject({
    tls: true,
    host: 'db.example',
    port: 443,
    authorization: `Basic ${Buffer.from('u:a;b').toString('base64')}`,
    tlsVerify: false,
    requestTimeoutMs: 5,
    minBytesPerSecond: 7,
  });
  expect(parseClientConf('http::addr=h;token=abc')).toMatchObject({ authorization: 'Bearer abc' });
});

test.each([
  '',
  'http',
  'tcp::addr=h;',
  'http::addr=;',
  'http::addr=h:70000;',
  'http::addr=h;username=u;',
  'http::addr=h;tls_ca=/does/not/exist;',
  "http::addr=h;username=u;password=geheim'x;geheim;",
  'http::addr=h;password=geheim\u0001;username=u;',
])('%j is refused without repeating a secret', (conf) => {
  expect(() => parseClientConf(conf)).toThrowError(
    expect.objectContaining({ code: 'QDB_CONF_INVALID', message: expect.not.stringContaining('geheim') }),
  );
});
