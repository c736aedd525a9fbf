// Loaded before a service. Each place that it passes for the first time is a line of the file PASSING_FILE. It dies at once, by SIGKILL, at the
// place that PASSING_KILL_AT names; with `new` at each place that is no line of the file yet. At PASSING_THROW_AT it meets an error whose
// code is PASSING_CODE (default EMFILE): every time that PASSING_EVERY passes are over, at most PASSING_TIMES times.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

const { env } = process;
const { PASSING_FILE: file, PASSING_KILL_AT: killAt, PASSING_THROW_AT: throwAt } = env;
const code = env['PASSING_CODE'] ?? 'EMFILE';
const every = Number(env['PASSING_EVERY'] ?? 1);
const atMost = Number(env['PASSING_TIMES'] ?? Number.POSITIVE_INFINITY);
const passed = new Map();
let thrown = 0;

const isNew = (place) => !existsSync(file) || !readFileSync(file, 'utf8').split('\n').includes(place);

globalThis[Symbol.for('fxtape.passing')] = (place) => {
  const times = (passed.get(place) ?? 0) + 1;
  passed.set(place, times);
  const dies = killAt === place || (killAt === 'new' && times === 1 && isNew(place));
  if (times === 1 && file !== undefined && (killAt !== 'new' || dies)) appendFileSync(file, `${place}\n`);
  if (dies) process.kill(process.pid, 'SIGKILL');
  if (place !== throwAt || times % every !== 0 || thrown >= atMost) return;
  thrown++;
  throw Object.assign(new Error(code === 'EMFILE' ? 'too many open files' : 'a fault of the disk'), { code });
};
