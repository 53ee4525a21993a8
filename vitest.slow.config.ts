import { defineConfig } from "vitest/config";

/** What takes long by its nature, such as a compilation: `npm run test:install`. */
export default defineConfig({
  test: {
    include: ["test/**/*.slow.test.ts"],
    globalSetup: "test/support/global-setup.ts",
    testTimeout: 300_000,
    server: { deps: { external: [/\/dist\//] } },
  },
});
