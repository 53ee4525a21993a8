/** The examples that are one program each: run as a reader would run them, they print what their first comment says. */

import { describe, it } from "vitest";
import { alone, checkExample } from "./examples.js";

describe.concurrent("An example", () => {
  for (const { name, whyNot } of alone) {
    it.skipIf(whyNot !== "")(`prints what its comment says: ${name}${whyNot}`, async () => {
      await checkExample(name);
    });
  }
});
