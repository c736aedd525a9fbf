// Makes what a release of a client package uploads. In: run by `pnpm pack` or `pnpm publish`, inside the package. Out: a fresh `dist`. npm is refused:
// only pnpm writes versions in the place of `workspace:^` and `catalog:`, so what npm packs cannot be installed by anybody.

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

if (!process.env['npm_config_user_agent']?.startsWith('pnpm/')) {
  console.error('pack with pnpm: what npm packs cannot be installed (see docs/releasing.md)');
  process.exit(1);
}
const root = fileURLToPath(new URL('..', import.meta.url));
const name = basename(process.cwd());
// The types of the first are those that the second is built with.
for (const each of new Set(['fxsocket', name])) {
  const folder = join(root, 'packages', each);
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(folder, 'tsconfig.build.json')], { stdio: 'inherit' });
}
