import { describe, expect, it } from "vitest";
import { DatagramQueue } from "../../dist/core/socket/datagram-queue.js";

const explainer = {
  explainFailure: (error: unknown) => error,
  explainTimeout: () => new Error("too late"),
  explainClosed: () => new Error("closed"),
};

describe("DatagramQueue", () => {
  it("gives each result to one call when an attempt leads back to wake()", async () => {
    const waiters = new DatagramQueue(explainer);
    const results = [1, 2];
    let calls = 0;
    const attempt = (): number | null => {
      calls += 1;
      if (calls === 1) waiters.wake();
      return results.shift() ?? null;
    };
    const waits = [waiters.wait(attempt, "do", "do", null), waiters.wait(attempt, "do", "do", null)];
    waiters.wake();
    expect(await Promise.all(waits)).toEqual([1, 2]);
    expect([waiters.length, calls]).toEqual([0, 2]);
  });

  it("does not lose a wake() that comes during an attempt that still blocks", async () => {
    const waiters = new DatagramQueue(explainer);
    let ready = false;
    const attempt = (): string | null => {
      if (ready) return "ready";
      ready = true;
      waiters.wake();
      return null;
    };
    const wait = waiters.wait(attempt, "do", "do", null);
    waiters.wake();
    expect(await wait).toBe("ready");
    expect(waiters.length).toBe(0);
  });

  it("stays whole when an attempt ends every wait, its own too", async () => {
    const waiters = new DatagramQueue(explainer);
    const closing = waiters.wait(
      () => {
        waiters.close();
        return "late";
      },
      "do",
      "do",
      null,
    );
    const other = waiters.wait(() => null, "do", "do", null);
    const outcomes = Promise.allSettled([closing, other]);
    waiters.wake();
    expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(waiters.length).toBe(0);
    const next = waiters.wait(() => "next", "do", "do", null);
    expect(waiters.length).toBe(1);
    waiters.wake();
    expect(await next).toBe("next");
  });
});
