// How a process of fxtape is started. In: nothing. Out: the flags of node that come before the script.

/**
 * `--conditions`: packages of the workspace are run from their sources. `--max-semi-space-size`: left alone, V8 lets the room for young
 * objects grow with the rate of ticks, and a recorder at 5,000 ticks/s holds twice the memory for the same speed.
 */
export const NODE_FLAGS: readonly string[] = ['--conditions=@fxtape/source', '--max-semi-space-size=16'];
