// What a copy can run into. In: the facts. Out: errors with a stable code and what to do.
import { FxtapeError } from '@fxtape/ops';

export const unlike = (table: string, copy: string): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_UNLIKE',
    message: `the corrected copy of ${table}, ${copy}, does not contain the rows it should, although it was made twice`,
    context: { table, copy },
  });
