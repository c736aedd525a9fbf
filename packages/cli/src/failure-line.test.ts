import { FxSocketError } from '@fxtape/fxsocket';
import { FxtapeError } from '@fxtape/ops';
import { expect, test } from 'vitest';
import { failureLine } from './failure-line.ts';

const error = new FxtapeError({ code: 'TAPE_IO', message: 'it\nfailed', hint: 'Do this' });

test('one line with code and hint, or JSON', () => {
  expect(failureLine(error, { json: false })).toBe('TAPE_IO: it failed. Do this.');
  expect(JSON.parse(failureLine(error, { json: true }))).toEqual({
    error: { code: 'TAPE_IO', message: 'it\nfailed', hint: 'Do this' },
  });
});

test('no key gets out, whoever said it', () => {
  const said = new FxSocketError({ code: 'FXSOCKET_HTTP', message: 'no route /ws?api_key=fxs_live_abcdef' });
  const lines = [said, new Error('fxs_ro_abcdef is wrong'), 'fxs_live_abcdef'].map((each) =>
    failureLine(each, { json: false }),
  );
  expect(lines.join('\n')).not.toMatch(/abcdef/);
  expect(lines[1]).toMatch(/^INTERNAL: /);
});
