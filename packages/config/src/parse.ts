// From the text of fxtape.yaml to a Config. In: YAML 1.2 text and the path it came from. Out: the complete configuration, or one
// CONFIG_INVALID that tells everything wrong with it, each with its place and line.
import { FxtapeError } from '@fxtape/ops';
import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { Config } from './config.ts';
import { fileSchema } from './file-schema.ts';
import { conflicts, resolve } from './resolve.ts';
import { type Path, sentences, spellPath } from './sentences.ts';

/** @throws CONFIG_INVALID. */
export function parseConfig(text: string, path: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map(
      (error) => `${yamlSentence(error.message)} (line ${lines.linePos(error.pos[0]).line})`,
    );
    throw invalid(path, problems);
  }
  const lineOf = (place: Path, of: 'value' | 'key' = 'value'): number | null => {
    const mapping: unknown = of === 'key' ? document.getIn(place.slice(0, -1), true) : null;
    if (isMap(mapping)) {
      const key = mapping.items.find(
        (pair) => isScalar(pair.key) && String(pair.key.value) === place.at(-1),
      )?.key;
      if (isNode(key) && key.range) return lines.linePos(key.range[0]).line;
    }
    for (let length = place.length; length > 0; length -= 1) {
      const node: unknown = document.getIn(place.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return null;
  };
  const value = toValue(() => document.toJS({ maxAliasCount: 100 }), path);
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) throw invalid(path, sentences(parsed.error.issues, value, lineOf));
  const found = conflicts(parsed.data);
  if (found.length > 0) {
    throw invalid(
      path,
      found.map((conflict) => {
        const line = lineOf(conflict.path);
        return `${spellPath(conflict.path)} ${conflict.message}${line === null ? '' : ` (line ${line})`}`;
      }),
    );
  }
  return resolve(parsed.data, path);
}

function toValue(make: () => unknown, path: string): unknown {
  try {
    return make();
  } catch (error) {
    throw invalid(path, [yamlSentence(error instanceof Error ? error.message : String(error))]);
  }
}

function yamlSentence(message: string): string {
  return `not YAML: ${message.split('\n')[0] ?? ''}`;
}

function invalid(path: string, problems: string[]): FxtapeError {
  return new FxtapeError({
    code: 'CONFIG_INVALID',
    message: `${path}: ${problems.join('; ')}`,
    context: { path, problems },
  });
}
