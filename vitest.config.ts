import { defineConfig } from "vitest/config";

const files = (suffix: string): string[] => [`{src,baseline,silvertorch}/**/*${suffix}`];

/** Loads that are held against what they should measure, which suffers from company. */
const measuring = ["src/load/{open-loop,selftest}.e2e.test.ts"];

/** Places that load no native library: src/architecture.test.ts holds them to that. */
const plain = [
  "src/*.test.ts",
  "src/{cost,dataset,door,gate,load,math,measure,process,report,result,retrieval,scenario}/**/*.test.ts",
];
const withProcesses = [...files(".e2e.test.ts"), ...files(".gpu.test.ts")];

// unit, native: one file's promises, in process, the second with native libraries.  e2e: real
// processes, ports and a browser, two files at a time.  measuring: the same, one file at a time.
// gpu: a GPU, or what plays one, two files at a time: many of its steps keep one CPU busy.
// All run against dist/ wherever a worker or a service is started, so `npm test` builds first.
// Nothing asserts a time; the generous limits are for slow machines.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: plain,
          exclude: withProcesses,
          testTimeout: 120_000,
          // Most files take longer to load what they test than to test it: what is loaded is kept.
          isolate: false,
          maxWorkers: "100%",
        },
      },
      {
        test: {
          name: "native",
          include: files(".test.ts"),
          exclude: [...plain, ...withProcesses],
          testTimeout: 120_000,
          // A process a file: native libraries share one badly when many tests have come and gone.
          maxWorkers: "100%",
        },
      },
      {
        test: {
          name: "e2e",
          include: files(".e2e.test.ts"),
          exclude: measuring,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          maxWorkers: 2,
          // Of the tests that a file lets run side by side: each starts a handful of processes.
          maxConcurrency: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "measuring",
          include: measuring,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "gpu",
          include: files(".gpu.test.ts"),
          testTimeout: 120_000,
          maxWorkers: 2,
          passWithNoTests: true,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
