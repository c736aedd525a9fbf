// Marked places of a program, at which a test kills it, holds it or lets it fail. In: the name of a place, each time the program passes it.
// Out: nothing, unless a hook was put in: by a module that is loaded before the program (`--import`), or by a test in its own process.

export type PassingHook = (place: string) => void;

const HOOK = Symbol.for('fxtape.passing');
const home = globalThis as { [HOOK]?: PassingHook };

/** Marks a place. What the hook throws is thrown here. */
export const passing = (place: string): void => home[HOOK]?.(place);
