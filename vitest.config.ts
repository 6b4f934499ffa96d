import { defineConfig } from "vitest/config";

const files = (suffix: string): string[] => [`{src,baseline,silvertorch}/**/*${suffix}`];

// unit: one file's promises, in process.  e2e: real processes, ports and a browser, one file at a time.
// Both run against dist/ wherever a worker or a service is started, so `npm test` builds first.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: files(".test.ts"),
          exclude: [...files(".e2e.test.ts"), ...files(".gpu.test.ts")],
          // Generous: a slow machine is no failure, and nothing here asserts a time.
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: files(".e2e.test.ts"),
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          // Of the tests that a file lets run side by side: each starts a handful of processes.
          maxConcurrency: 3,
        },
      },
      {
        test: {
          name: "gpu",
          include: files(".gpu.test.ts"),
          testTimeout: 120_000,
          fileParallelism: false,
          passWithNoTests: true,
        },
      },
    ],
  },
});
