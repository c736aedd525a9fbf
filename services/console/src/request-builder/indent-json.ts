// JSON text, laid out for reading. In: any text. Out: the same tokens with white space between them; null when it is not JSON. No number is
// parsed on the way, because tickets have more digits than a number holds.

export function indentJson(text: string): string | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  let out = '';
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[^\s"{}[\],:]+|\{\s*\}|\[\s*\]|[{}[\],:]/g)) {
    if (/^[{[]\s*[}\]]$/.test(token)) out += token[0] === '{' ? '{}' : '[]';
    else if (token === '{' || token === '[') out += token + line(++depth);
    else if (token === '}' || token === ']') out += line(--depth) + token;
    else if (token === ',') out += token + line(depth);
    else out += token === ':' ? ': ' : token;
  }
  return out;
}

const line = (depth: number): string => `\n${'  '.repeat(depth)}`;
