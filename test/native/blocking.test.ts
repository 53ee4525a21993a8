import { describe, expect, it } from "vitest";
import { available, failure, flagsOf, native, pair, sendText, unlessAvailable } from "./support.js";

function receive(descriptor: number): number {
  return native.recvBlocking(descriptor, Buffer.alloc(8), 0, 8);
}

describe.skipIf(!available)(`recvBlocking of the addon${unlessAvailable}`, () => {
  it("does not wait unless the descriptor may block", () => {
    const [one, other] = pair();
    expect(receive(one)).toBe(failure("EAGAIN"));
    sendText(other, "hello");
    expect(receive(one)).toBe(5);
  });

  it("waits as long as setblocking says, and not longer; no other call does", () => {
    const [one, other] = pair();
    expect(native.setblocking(one, 30)).toBe(0);
    expect(flagsOf(one).nonBlocking).toBe(false);
    const before = performance.now();
    expect(native.recv(one, Buffer.alloc(8), 0, 8, 0)).toBe(failure("EAGAIN"));
    expect(performance.now() - before).toBeLessThan(30);
    expect(receive(one)).toBe(failure("EAGAIN"));
    expect(performance.now() - before).toBeGreaterThanOrEqual(29.9);
    sendText(other, "hello");
    expect(receive(one)).toBe(5);
    native.close(other);
    expect(receive(one)).toBe(0);
  });

  it("does not wait any more after setblocking(descriptor, 0)", () => {
    const [one] = pair();
    expect([native.setblocking(one, 1000), native.setblocking(one, 0)]).toEqual([0, 0]);
    expect(flagsOf(one).nonBlocking).toBe(true);
    const before = performance.now();
    expect(receive(one)).toBe(failure("EAGAIN"));
    expect(performance.now() - before).toBeLessThan(1000);
  });
});
