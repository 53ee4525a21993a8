import { configDefaults, defineConfig } from "vitest/config";
import { SlowestFiles } from "./test/support/slowest-files.js";

/** Files that change what belongs to the whole process (timers, streams, signals, the addon) have a process of their own each. */
const OWN_PROCESS = ["blocking", "cli", "forking", "native", "remote", "threading"].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);
/** They have a command of their own: see vitest.slow.config.ts. */
const SLOW = "test/**/*.slow.test.ts";

export default defineConfig({
  test: {
    globalSetup: "test/support/global-setup.ts",
    reporters: ["default", new SlowestFiles()],
    // They matter only where something hangs: a machine that is busy with other work as well takes long to start a process.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One per processor: most tests wait for processes. Vitest's own choice leaves one out.
    maxWorkers: "100%",
    execArgv: ["--enable-source-maps"],
    // The tests run the package as users get it: Node loads dist/ itself, once, as it does in threads and child processes.
    server: { deps: { external: [/\/dist\//] } },
    slowTestThreshold: 250,
    projects: [
      {
        extends: true,
        test: { name: "own process", include: OWN_PROCESS, exclude: [...configDefaults.exclude, SLOW] },
      },
      {
        extends: true,
        // What these files import is loaded once a worker.
        test: {
          name: "shared process",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, SLOW, ...OWN_PROCESS],
          isolate: false,
        },
      },
    ],
  },
});
