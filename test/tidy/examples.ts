// The examples of a page. In: its path. Out: every block of TypeScript in it, as it stands.
import { read } from './tree.ts';

export const examplesOf = (path: string): string[] =>
  [...read(path).matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);
