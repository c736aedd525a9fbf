// Loaded before a service: at the place that PASSING_KILL_AT names it dies at once, by SIGKILL; each place that it passes for the first time
// is a line of the file PASSING_FILE.
import { appendFileSync } from 'node:fs';

const { PASSING_FILE, PASSING_KILL_AT } = process.env;
const passed = new Set();
globalThis[Symbol.for('fxtape.passing')] = (place) => {
  if (passed.has(place)) return;
  passed.add(place);
  appendFileSync(PASSING_FILE, `${place}\n`);
  if (place === PASSING_KILL_AT) process.kill(process.pid, 'SIGKILL');
};
