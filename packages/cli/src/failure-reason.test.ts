import { expect, test } from 'vitest';
import { failureReason } from './failure-reason.ts';

const stack = ['Error: boom', '    at main.ts:1', '', 'Node.js v24.0.0', ''];

test.for([
  [[], null],
  [['', '  '], null],
  [['up', 'HTTP_LISTEN_FAILED: in use. Stop it.', ...stack], 'HTTP_LISTEN_FAILED: in use. Stop it.'],
  [['{"level":"info","msg":"a"}', '{"level":"fatal","msg":"uncaught error: boom"}'], 'uncaught error: boom'],
  [['{"level":"error","msg":"cut o'], '{"level":"error","msg":"cut o'],
  [stack, 'Node.js v24.0.0'],
] as const)('%j', ([lines, reason]) => {
  expect(failureReason(lines)).toBe(reason);
});
