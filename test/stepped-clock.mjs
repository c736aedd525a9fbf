// Loaded before a service: its wall clock is ahead by the milliseconds that stand in a file. Its monotonic clock goes on by itself.
import { readFileSync } from 'node:fs';

const now = Date.now;
const read = () => Number(readFileSync(process.env.STEPPED_CLOCK_FILE, 'utf8'));
let stepMs = read();
setInterval(() => {
  stepMs = read();
}, 20).unref();
Date.now = () => now() + stepMs;
