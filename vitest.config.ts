import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  // The tests import the package under its public names; here they mean the sources, so that a failing test points at them.
  resolve: {
    alias: [
      { find: /^ts-socketserver$/, replacement: source("index.ts") },
      { find: /^ts-socketserver\/socket$/, replacement: source("socket.ts") },
      { find: /^ts-socketserver\/selectors$/, replacement: source("selectors.ts") },
      { find: /^ts-socketserver\/servers$/, replacement: source("servers/index.ts") },
      { find: /^ts-socketserver\/clients$/, replacement: source("clients/index.ts") },
      { find: /^ts-socketserver\/testing$/, replacement: source("testing/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    testTimeout: 20_000,
    // One per processor: most tests wait for processes. Vitest's own choice leaves one out.
    maxWorkers: "100%",
    slowTestThreshold: 250,
  },
});
