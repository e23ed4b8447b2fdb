import { defineConfig } from 'vitest/config'

/** Tests that start processes and measure nothing: slow machines get all the time they want. */
const patient = { testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false }

/** scripts/test.mjs runs these projects; those named after the engine want a network namespace of their own. */
export default defineConfig({
  test: {
    // Left alone, Vitest keeps a core for itself, which is half of a small machine.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      { test: { name: 'e2e', include: ['e2e/*.test.ts'], ...patient, sequence: { groupOrder: 1 } } },
      { test: { name: 'engine', include: ['e2e/engine/*.test.ts'], ...patient } },
      {
        test: {
          name: 'long',
          include: ['packages/*/test/**/*.long.ts', 'e2e/*.long.ts'],
          ...patient,
          testTimeout: 1_200_000,
        },
      },
      {
        test: { name: 'engine-long', include: ['e2e/engine/*.long.ts'], ...patient, testTimeout: 1_200_000 },
      },
    ],
  },
})
