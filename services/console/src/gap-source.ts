// Where the console gets gaps from: the questions it asks, free of how they are answered. The answer comes from QuestDB through
// packages/questdb (`questdb-gaps.ts`), in tests from an array.
import type { z } from 'zod';
import type { GapsQuery, gapsAnswer, OutagesQuery, outagesAnswer } from './schemas.ts';

export interface GapSource {
  /** Newest first. @throws QDB_ codes; never an empty answer in place of one. */
  gaps(query: GapsQuery): Promise<z.infer<typeof gapsAnswer>>;
  /** Newest first; gaps of one incident together. */
  outages(query: OutagesQuery): Promise<z.infer<typeof outagesAnswer>>;
  /** Resolves when the database answers. @throws QDB_ codes. */
  ping(): Promise<void>;
}
