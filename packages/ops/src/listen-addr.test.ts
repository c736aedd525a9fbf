import { expect, test } from 'vitest';
import { formatAddr, isLoopback, parseListenAddr } from './listen-addr.ts';

test.for([
  ['127.0.0.1:7070', { host: '127.0.0.1', port: 7070 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  ['0.0.0.0:65535', { host: '0.0.0.0', port: 65_535 }],
  ['console:80', { host: 'console', port: 80 }],
] as const)('%s', ([text, addr]) => {
  expect(parseListenAddr(text)).toEqual(addr);
  expect(formatAddr(addr)).toBe(text);
});

test.for([
  '',
  '7070',
  ':7070',
  '127.0.0.1',
  '127.0.0.1:',
  '127.0.0.1:65536',
  '::1:80',
  'http://a:80',
  'a:80/x',
])('refuses "%s"', (text) => {
  expect(() => parseListenAddr(text)).toThrow(expect.objectContaining({ code: 'HTTP_ADDR_INVALID' }));
});

test.for([
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.4', false],
  ['localhost.example.org', false],
  ['127.0.0.1.example.org', false],
] as const)('%s is loopback: %s', ([host, expected]) => {
  expect(isLoopback(host)).toBe(expected);
});
