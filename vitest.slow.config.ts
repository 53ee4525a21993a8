import { configDefaults } from "vitest/config";
import config from "./vitest.config.js";

/** What takes long by its nature, such as a compilation: `npm run test:install`. */
export default {
  ...config,
  test: { ...config.test, include: ["test/**/*.slow.test.ts"], exclude: configDefaults.exclude },
};
