// Prints for the command. In: text, parts of it written by others. Out: stdout or stderr, without any character that a terminal would act
// upon.
import { visible } from '@fxtape/ops';

/** False: the buffer of stdout is full, as for `write` of a stream. */
export const out = (text: string): boolean => process.stdout.write(visible(text));

export const err = (text: string): boolean => process.stderr.write(visible(text));
