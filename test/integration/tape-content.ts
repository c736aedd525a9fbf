// What the killed tape writer writes: a frame by round and number, the same in the program that appends it and in the test that
// looks for it. Lengths from a few bytes to a few pages, letters of one to four bytes.

export function contentOf(round: number, i: number): string {
  const hash = Math.imul(round * 100_003 + i + 1, 2_654_435_761) >>> 0;
  const length = hash % 50 === 0 ? hash % 20_000 : hash % 300;
  return JSON.stringify({ round, i, pad: 'aé\u2028𝄞"'.repeat(Math.ceil(length / 6)) });
}

/** A small generator of random numbers in [0, 1), for tests that print their seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
