import { openSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SOCK_DGRAM, SOCK_STREAM } from "../../dist/core/constants.js";
import {
  available,
  failure,
  native,
  opened,
  pair,
  printed,
  program,
  receiveText,
  sendText,
  unlessAvailable,
  waitFor,
} from "./support.js";

const MSG_CTRUNC = 0x8;

function sendDescriptors(descriptor: number, descriptors: readonly number[], text = "x"): number {
  const bytes = Buffer.from(text);
  return native.sendmsg(descriptor, bytes, 0, bytes.length, 0, Int32Array.from(descriptors));
}

interface Received {
  readonly text: string;
  readonly descriptors: number[];
  readonly flags: number;
}

function receiveDescriptors(descriptor: number, room: number): Received {
  waitFor(descriptor, native.constants.POLLIN);
  const buffer = Buffer.alloc(64);
  const descriptors = new Int32Array(room).fill(-1);
  const result = new Int32Array(2);
  const received = native.recvmsg(descriptor, buffer, 0, buffer.length, 0, descriptors, result);
  expect(received).toBeGreaterThanOrEqual(0);
  const [count = 0, flags = 0] = result;
  return {
    text: buffer.toString("utf8", 0, received),
    descriptors: [...descriptors].slice(0, count).map(opened),
    flags,
  };
}

describe.skipIf(!available)(`Descriptors in messages${unlessAvailable}`, () => {
  it.each([
    ["streams", SOCK_STREAM],
    ["datagrams", SOCK_DGRAM],
  ])("travel over %s, and are sockets like those that were sent", (_, type) => {
    const [one, other] = pair(type);
    const [left, right] = pair();
    const [up, down] = pair();
    expect(sendDescriptors(one, [left, up], "two of them")).toBe(11);
    const { text, descriptors, flags } = receiveDescriptors(other, 4);
    expect([text, descriptors.length, flags & MSG_CTRUNC]).toEqual(["two of them", 2, 0]);
    const [first = -1, second = -1] = descriptors;
    sendText(first, "left");
    expect(receiveText(right)).toBe("left");
    sendText(second, "up");
    expect(receiveText(down)).toBe("up");
  });

  it("are copies: the sender closes its own, and the socket lives on", () => {
    const [one, other] = pair();
    const [left, right] = pair();
    sendDescriptors(one, [left]);
    expect(native.close(left)).toBe(0);
    const [received = -1] = receiveDescriptors(other, 1).descriptors;
    sendText(received, "alive");
    expect(receiveText(right)).toBe("alive");
  });

  it("may be none: bytes alone", () => {
    const [one, other] = pair();
    expect(sendDescriptors(one, [], "bytes")).toBe(5);
    expect(receiveDescriptors(other, 2)).toMatchObject({ text: "bytes", descriptors: [] });
  });

  it("are refused when this thread doesn't own them", () => {
    const [one, other] = pair();
    for (const foreign of [0, 1, 2, -1, 1_000_000, openSync("/dev/null", "r")]) {
      expect(sendDescriptors(one, [other, foreign])).toBe(failure("EBADF"));
    }
  });

  it("are at most 253 in a message", () => {
    const [one, other] = pair();
    const most: number[] = Array(253).fill(other);
    expect(() => sendDescriptors(one, [...most, other])).toThrow("sendmsg: descriptors[253] must be the end");
    expect(sendDescriptors(one, most)).toBe(1);
    expect(receiveDescriptors(other, 253)).toMatchObject({ flags: expect.any(Number), descriptors: { length: 253 } });
  });

  it("answer the system's errors", () => {
    const [one, other] = pair();
    expect(native.recvmsg(one, Buffer.alloc(1), 0, 1, 0, new Int32Array(1), new Int32Array(2))).toBe(failure("EAGAIN"));
    native.close(other);
    expect(sendDescriptors(one, [one])).toBe(failure("EPIPE"));
  });

  it("don't block and are closed on exec, even when they come from a program whose sockets block", async () => {
    // Python's sockets block, and are sent as they are.
    const source = `
      const { readFileSync } = require("node:fs");
      const descriptors = new Int32Array(1);
      native.adopt(3);
      native.poll(new Int32Array([3, 1, 0]), 1, 10000);
      native.recvmsg(3, Buffer.alloc(1), 0, 1, 0, descriptors, new Int32Array(2));
      print(/flags:\\s*(\\d+)/.exec(readFileSync("/proc/self/fdinfo/" + descriptors[0], "utf8"))[1]);
    `;
    const lines = await printed(
      `const { spawn } = require("node:child_process");
       const out = new Int32Array(2);
       native.socketpair(1, 1, 0, out);
       // What a child inherits, libuv makes blocking: so is the socket that is sent, which is the very same.
       native.sendmsg(out[0], Buffer.from("x"), 0, 1, 0, new Int32Array([out[1]]));
       spawn(process.execPath, ["-e", ${JSON.stringify(program(source))}], { stdio: ["ignore", "inherit", "inherit", out[1]] });`,
    );
    expect(lines).toEqual(["02004002"]);
  });

  it("that don't fit, or that nobody has room for, are closed and never left over", async () => {
    const lines = await printed(
      `const out = new Int32Array(2);
       native.socketpair(1, 1, 0, out);
       const [one, other] = out;
       const before = countDescriptors();
       const receive = (room) => {
         const descriptors = new Int32Array(room), result = new Int32Array(2);
         native.recvmsg(other, Buffer.alloc(1), 0, 1, 0, descriptors, result);
         for (const descriptor of descriptors.subarray(0, result[0])) native.close(descriptor);
         return [result[0], (result[1] & 8) !== 0, countDescriptors() - before].join(" ");
       };
       for (const [sent, room] of [[5, 5], [5, 4], [5, 1], [5, 0], [253, 0], [253, 2], [1, 253]]) {
         native.sendmsg(one, Buffer.from("x"), 0, 1, 0, new Int32Array(sent).fill(other));
         print(receive(room));
       }
       native.sendmsg(one, Buffer.from("x"), 0, 1, 0, new Int32Array(3).fill(other));
       native.recv(other, Buffer.alloc(1), 0, 1, 0);
       print(countDescriptors() - before);`,
    );
    expect(lines).toEqual(["5 false 0", "4 true 0", "1 true 0", "0 true 0", "0 true 0", "2 true 0", "1 false 0", "0"]);
  });

  it("arrive in part when the process has no descriptor left", async () => {
    const lines = await printed(
      `const out = new Int32Array(2);
       native.socketpair(1, 1, 0, out);
       const [one, other] = out;
       native.sendmsg(one, Buffer.from("x"), 0, 1, 0, new Int32Array(8).fill(other));
       const made = [];
       let descriptor;
       while ((descriptor = native.socket(2, 1, 0)) >= 0) made.push(descriptor);
       for (const few of made.splice(0, 3)) native.close(few);
       const result = new Int32Array(2);
       native.recvmsg(other, Buffer.alloc(1), 0, 1, 0, new Int32Array(8), result);
       print(result[0] + " " + ((result[1] & 8) !== 0));`,
      undefined,
      ["/bin/sh", "-c", `ulimit -n 60; exec "${process.execPath}" "$@"`, "sh"],
    );
    expect(lines).toEqual(["3 true"]);
  });

  it("may follow the sender's credentials", () => {
    const [one, other] = pair();
    const passCredentials = 16;
    const yes = Buffer.from([1, 0, 0, 0]);
    expect(native.setsockopt(other, 1, passCredentials, yes, 4)).toBe(0);
    sendDescriptors(one, [one, other]);
    expect(receiveDescriptors(other, 2).descriptors).toHaveLength(2);
  });
});
