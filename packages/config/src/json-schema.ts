// The JSON Schema of fxtape.yaml, for editors that complete and check while typing. Out: a plain object, draft 2020-12.
import { z } from 'zod';
import { fileSchema } from './file-schema.ts';

export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-2020-12' });
  return { ...schema, title: 'fxtape.yaml', description: 'What fxtape records, and how long it keeps it.' };
}
