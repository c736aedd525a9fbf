// Who depends on whom among the packages of a workspace. In: its root folder. Out: for each package its name, its folder, and what it leads
// to: declared in its package.json (but for development), or imported by what it runs.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Part {
  readonly name: string;
  /** `packages/tape` */
  readonly home: string;
  readonly needs: ReadonlySet<string>;
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

/** `@fxtape/cli/clock-apply` → `@fxtape/cli`. */
const packageOf = (specifier: string): string => specifier.split('/').slice(0, 2).join('/');

export function partsOf(root: string): Part[] {
  const manifests = globSync(['packages/*/package.json', 'services/*/package.json'], { cwd: root });
  return manifests.map((path) => {
    const home = path.replaceAll('\\', '/').replace(/\/package\.json$/, '');
    const { dependencies, name, optionalDependencies, peerDependencies } = JSON.parse(
      readFileSync(join(root, path), 'utf8'),
    ) as Manifest;
    const declared = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
    const sources = globSync(`${home}/src/**/*.ts`, { cwd: root }).filter(
      (file) => !/\.test\.ts$|\/testing\//.test(file.replaceAll('\\', '/')),
    );
    const imported = sources.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/'(@fxtape\/[^']+)'/g)].map(([, specifier]) =>
        packageOf(specifier as string),
      ),
    );
    return { name, home, needs: new Set([...declared, ...imported].filter((each) => each !== name)) };
  });
}

/** What records. The paper trader of the demonstration stands beside the simulator, and is for trading. */
const isService = (home: string): boolean => home.startsWith('services/') && home !== 'services/paper-trader';

/** Ways from a service to this package, each as the names on it. Empty: no service leads to it. */
export function waysFromServices(parts: readonly Part[], to: string): string[][] {
  const byName = new Map(parts.map((part) => [part.name, part]));
  const found: string[][] = [];
  const follow = (way: readonly string[], seen: ReadonlySet<string>): void => {
    const last = way.at(-1) as string;
    if (last === to) {
      found.push([...way]);
      return;
    }
    for (const next of byName.get(last)?.needs ?? [])
      if (!seen.has(next)) follow([...way, next], new Set([...seen, next]));
  };
  for (const { home, name } of parts) if (isService(home)) follow([name], new Set([name]));
  return found;
}
