import { expect, it } from "vitest";
import { BusyResourceError } from "../../dist/core/errors.js";
import { StreamWriter } from "../../dist/core/stream/writer.js";

it("StreamWriter bounds unawaited writes by what they take, not by their bytes alone", async () => {
  const never = new Promise<void>(() => undefined);
  const writer = new StreamWriter({ sendall: () => never });
  let accepted = 0;
  let refused: unknown = null;
  while (refused === null && accepted < 500_000) {
    writer.write("x").catch((error: unknown) => {
      refused = error;
    });
    accepted += 1;
    if (accepted % 1000 === 0) await Promise.resolve();
  }
  expect(refused).toBeInstanceOf(BusyResourceError);
  expect(accepted).toBeLessThan(70_000);
});
