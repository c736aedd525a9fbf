// Quantities for people. In: numbers. Out: text with three significant digits and the unit.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `1.23 MB`; decimal, as disks are sold. */
export function spellBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : significant(value)} ${UNITS[unit]}`;
}

/** `120 ms`, `12.3 s`, `4 min 10 s`, `3 h 5 min`, `2 d 4 h`. */
export function spellDuration(ms: number): string {
  if (ms < 0) return `-${spellDuration(-ms)}`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${significant(ms / 1000)} s`;
  const s = Math.round(ms / 1000);
  if (s < 3600) return pair(Math.floor(s / 60), 'min', s % 60, 's');
  const min = Math.round(s / 60);
  if (min < 24 * 60) return pair(Math.floor(min / 60), 'h', min % 60, 'min');
  const h = Math.round(min / 60);
  return pair(Math.floor(h / 24), 'd', h % 24, 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Three digits, without trailing zeros after the point. */
export function significant(value: number): string {
  return String(Number(value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)));
}

/** `1 gap`, `2 gaps`. */
export function count(n: number, noun: string, nouns = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : nouns}`;
}
