// One sees the way through a package: its files do not lead in circles, and neither do its folders. From the real imports.

import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { homeOf, importsOf, productFiles } from './tree.ts';

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** What each file of one package imports of the same package. */
const graphOf = (paths: readonly string[]): Graph =>
  new Map(
    paths.map((path) => [
      path,
      new Set(
        importsOf(path)
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => posix.join(posix.dirname(path), specifier)),
      ),
    ]),
  );

/** Folders directly under `src`; a file that lies there itself stands for itself. */
const foldersOf = (graph: Graph): Graph => {
  const folder = (path: string): string => path.split('/').slice(0, 4).join('/');
  const found = new Map<string, Set<string>>();
  for (const [path, imports] of graph) {
    const targets = found.get(folder(path)) ?? new Set();
    for (const each of imports) if (folder(each) !== folder(path)) targets.add(folder(each));
    found.set(folder(path), targets);
  }
  return found;
};

/** The first way that comes back to where it began; null: there is none. */
const circleIn = (graph: Graph): string[] | null => {
  const done = new Set<string>();
  const follow = (way: readonly string[]): string[] | null => {
    const last = way.at(-1) as string;
    for (const next of graph.get(last) ?? []) {
      if (way.includes(next)) return [...way.slice(way.indexOf(next)), next];
      const found = done.has(next) ? null : follow([...way, next]);
      if (found !== null) return found;
    }
    done.add(last);
    return null;
  };
  for (const path of graph.keys()) {
    const found = done.has(path) ? null : follow([path]);
    if (found !== null) return found;
  }
  return null;
};

const packages = Map.groupBy(productFiles(), homeOf);

test.for([...packages.keys()])('no circle of files or folders in %s', (home) => {
  const graph = graphOf(packages.get(home) ?? []);
  expect(circleIn(graph)).toBeNull();
  expect(circleIn(foldersOf(graph))).toBeNull();
});

test('a circle is seen', () => {
  const graph = new Map([
    ['p/a/src/x/1.ts', new Set(['p/a/src/y/2.ts'])],
    ['p/a/src/y/2.ts', new Set(['p/a/src/z.ts'])],
    ['p/a/src/y/3.ts', new Set(['p/a/src/x/1.ts'])],
  ]);
  expect(circleIn(graph)).toBeNull();
  expect(circleIn(foldersOf(graph))).toEqual(['p/a/src/x', 'p/a/src/y', 'p/a/src/x']);
});
