import { defineConfig } from 'vitest/config';

// The longer lanes, each with a script of its own in package.json. `npm test` does not run them.
const conditions = ['@fxtape/source'];
const lane = (name: string, testTimeout: number, globalSetup: readonly string[] = []) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    globalSetup: [...globalSetup],
    setupFiles: ['test/fresh-connections.ts'],
    testTimeout,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});

export default defineConfig({
  test: {
    projects: [
      lane('disasters', 900_000, ['test/servers.ts']),
      lane('containers', 300_000),
      lane('published', 600_000),
      lane('readers', 900_000),
      lane('buckets', 300_000),
    ],
  },
});
