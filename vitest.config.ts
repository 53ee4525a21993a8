import { configDefaults, defineConfig } from "vitest/config";
import { SlowestFiles } from "./test/support/slowest-files.js";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // They have a command of their own: see vitest.slow.config.ts.
    exclude: [...configDefaults.exclude, "test/**/*.slow.test.ts"],
    globalSetup: "test/support/global-setup.ts",
    reporters: ["default", new SlowestFiles()],
    // They matter only where something hangs: a machine that is busy with other work as well takes long to start a process.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One per processor: most tests wait for processes. Vitest's own choice leaves one out.
    maxWorkers: "100%",
    // Files share their worker's modules: what they import is loaded once a worker.
    isolate: false,
    execArgv: ["--enable-source-maps"],
    // The tests run the package as users get it: Node loads dist/ itself, once, as it does in threads and child processes.
    server: { deps: { external: [/\/dist\//] } },
    slowTestThreshold: 250,
  },
});
