// The oldest Node that runs the recorder. In: a version as `node --version` prints it. Out: whether it is at least that. Older releases of
// Node 24 lack fixes of security, so neither one that is brought nor one of the machine may be older.
export const OLDEST_RUNTIME = '24.18.1';

export function isNewEnough(version) {
  const numbers = (text) => text.trim().replace(/^v/, '').split('.').map(Number);
  const oldest = numbers(OLDEST_RUNTIME);
  const [major, minor, patch] = numbers(version).map((part, i) => part - oldest[i]);
  return (major || minor || patch) >= 0;
}
