import { describe, expect, it } from "vitest";
import { available, failure, native, pair, printed, sendText, unlessAvailable } from "./support.js";

describe.skipIf(!available)(`poll of the addon${unlessAvailable}`, () => {
  it("tells which descriptors are ready, and for what", () => {
    const { POLLIN, POLLOUT } = native.constants;
    const [one, other] = pair();
    sendText(other, "x");
    const entries = new Int32Array([one, POLLIN | POLLOUT, -1, other, POLLIN, -1, other, POLLOUT, -1]);
    expect(native.poll(entries, 3, 0)).toBe(2);
    expect([...entries]).toEqual([one, POLLIN | POLLOUT, POLLIN | POLLOUT, other, POLLIN, 0, other, POLLOUT, POLLOUT]);
  });

  it("looks at the first `count` entries only", () => {
    const [one] = pair();
    const entries = new Int32Array([one, native.constants.POLLOUT, -1, 0, 1, -1, 77]);
    expect(native.poll(entries, 1, 0)).toBe(1);
    expect([...entries.subarray(3)]).toEqual([0, 1, -1, 77]);
    expect(native.poll(entries, 0, 0)).toBe(0);
  });

  it("tells a peer that has gone", () => {
    const { POLLIN, POLLHUP } = native.constants;
    const [one, other] = pair();
    native.close(other);
    const entries = new Int32Array([one, POLLIN, 0]);
    expect(native.poll(entries, 1, -1)).toBe(1);
    expect(entries[2]).toBe(POLLIN | POLLHUP);
  });

  it("waits as long as it is told, and not longer", () => {
    const [one] = pair();
    const before = performance.now();
    expect(native.poll(new Int32Array([one, native.constants.POLLIN, 0]), 1, 30)).toBe(0);
    const waited = performance.now() - before;
    expect(waited).toBeGreaterThanOrEqual(29.9);
    expect(native.poll(new Int32Array(0), 0, 1)).toBe(0);
  });

  it("answers EBADF when one of the descriptors isn't this thread's, and leaves the entries alone", () => {
    const [one] = pair();
    const entries = new Int32Array([one, native.constants.POLLOUT, -5, 0, 1, -6]);
    expect(native.poll(entries, 2, -1)).toBe(failure("EBADF"));
    expect([...entries]).toEqual([one, native.constants.POLLOUT, -5, 0, 1, -6]);
  });

  it("takes more descriptors than fit on its stack", () => {
    const [one, other] = pair();
    const entries = Int32Array.from(
      { length: 3 * 500 },
      (_, index) => [one, native.constants.POLLIN, 0][index % 3] ?? 0,
    );
    expect(native.poll(entries, 500, 0)).toBe(0);
    sendText(other, "x");
    expect(native.poll(entries, 500, -1)).toBe(500);
  });

  it("goes on for the time that is left when a signal comes", async () => {
    let signalled = false;
    const lines = await printed(
      `process.on("SIGUSR2", () => undefined);
       const out = new Int32Array(2);
       native.socketpair(1, 1, 0, out);
       const before = performance.now();
       print("polls");
       const answer = native.poll(new Int32Array([out[0], 1, 0]), 1, 300);
       const waited = performance.now() - before;
       print(answer + " " + (waited >= 299.9 && waited < 5000));`,
      (_, pid) => {
        if (signalled) return;
        signalled = true;
        for (let time = 0; time < 5; time += 1) process.kill(pid, "SIGUSR2");
      },
    );
    expect(lines).toEqual(["polls", "0 true"]);
  });

  it("goes on for ever when a signal comes, until something is ready", async () => {
    const lines = await printed(
      `const { Worker } = require("node:worker_threads");
       process.on("SIGUSR2", () => undefined);
       const out = new Int32Array(2);
       native.socketpair(1, 1, 0, out);
       native.release(out[1]);
       // The other thread sends signals to the process, then the byte that ends the waiting.
       new Worker(\`
         const native = require(\${JSON.stringify(ADDON)});
         native.adopt(\${out[1]});
         for (let time = 0; time < 5; time += 1) process.kill(process.pid, "SIGUSR2");
         native.send(\${out[1]}, Buffer.from("x"), 0, 1, 0);
       \`, { eval: true });
       print(String(native.poll(new Int32Array([out[0], 1, 0]), 1, -1)));`,
    );
    expect(lines).toEqual(["1"]);
  });
});
