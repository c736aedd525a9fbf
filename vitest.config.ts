import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Random laws are tried a tenth as often as they ask to be, but for FXTAPE_TEST_LAWS=full, which .ci/run sets.
const full = process.env['FXTAPE_TEST_LAWS'] === 'full';
const alias: Record<string, string> = full
  ? {}
  : { 'fast-check': join(import.meta.dirname, 'test', 'short-laws.ts') };
// One condition everywhere: workspace packages resolve to their TypeScript sources.
const conditions = ['@fxtape/source'];
const shared = { resolve: { alias, conditions }, ssr: { resolve: { conditions } } };

// Processes that tests start load their modules in half the time.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules', '.cache', 'compile');

const LONG = '**/*.long.test.ts';
const UNIT = ['packages/*/src/**/*.test.ts', 'services/*/src/**/*.test.ts', 'test/tidy/**/*.test.ts'];
const INTEGRATION = 'test/integration/**/*.test.ts';
const E2E = 'test/e2e/**/*.test.ts';
const withServers = {
  globalSetup: ['test/servers.ts'],
  setupFiles: ['test/fresh-connections.ts'],
  hookTimeout: 180_000,
};

export default defineConfig({
  ...shared,
  test: {
    projects: [
      {
        ...shared,
        test: { name: 'unit', include: UNIT, exclude: [LONG], testTimeout: 20_000, maxWorkers: '100%' },
      },
      {
        ...shared,
        // Each of the two workers has servers of its own.
        test: {
          ...withServers,
          name: 'integration',
          include: [INTEGRATION],
          exclude: [LONG],
          testTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        ...shared,
        // One `fxtape up` at a time: demonstrations record the same accounts.
        test: {
          ...withServers,
          name: 'e2e',
          include: [E2E],
          exclude: [LONG],
          testTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        ...shared,
        // What is long by nature, from every folder: killed processes, time-outs that are sat out, years of history.
        test: {
          ...withServers,
          name: 'long',
          include: [LONG],
          testTimeout: 180_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
