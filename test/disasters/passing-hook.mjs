// Loaded before a service. Each place that it passes for the first time is a line of the file PASSING_FILE. At the place that PASSING_KILL_AT
// names it dies at once, by SIGKILL; at PASSING_THROW_AT it meets an error, every time that PASSING_EVERY passes are over.
import { appendFileSync } from 'node:fs';

const { PASSING_EVERY = '1', PASSING_FILE, PASSING_KILL_AT, PASSING_THROW_AT } = process.env;
const passed = new Map();
globalThis[Symbol.for('fxtape.passing')] = (place) => {
  const times = (passed.get(place) ?? 0) + 1;
  passed.set(place, times);
  if (times === 1 && PASSING_FILE !== undefined) appendFileSync(PASSING_FILE, `${place}\n`);
  if (place === PASSING_KILL_AT) process.kill(process.pid, 'SIGKILL');
  if (place === PASSING_THROW_AT && times % Number(PASSING_EVERY) === 0)
    throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
};
