import { closeSync, fstatSync, openSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { AF_INET, SOCK_STREAM } from "../../dist/core/constants.js";
import {
  available,
  failure,
  loopback,
  native,
  opened,
  pair,
  places,
  printed,
  program,
  receiveText,
  sendText,
  unlessAvailable,
} from "./support.js";

/** Every call that takes a descriptor, with other arguments that are right. */
const calls: Readonly<Record<string, (descriptor: number) => number>> = {
  bind: (descriptor) => native.bind(descriptor, loopback()),
  listen: (descriptor) => native.listen(descriptor, 1),
  connect: (descriptor) => native.connect(descriptor, loopback(9)),
  accept: (descriptor) => native.accept(descriptor, places()),
  shutdown: (descriptor) => native.shutdown(descriptor, 2),
  getsockname: (descriptor) => native.getsockname(descriptor, places()),
  getpeername: (descriptor) => native.getpeername(descriptor, places()),
  getsockopt: (descriptor) => native.getsockopt(descriptor, 1, 3, Buffer.alloc(4)),
  setsockopt: (descriptor) => native.setsockopt(descriptor, 1, 2, Buffer.alloc(4), 4),
  recv: (descriptor) => native.recv(descriptor, Buffer.alloc(1), 0, 1, 0),
  setblocking: (descriptor) => native.setblocking(descriptor, 1),
  recvBlocking: (descriptor) => native.recvBlocking(descriptor, Buffer.alloc(1), 0, 1),
  send: (descriptor) => native.send(descriptor, Buffer.alloc(1), 0, 1, 0),
  recvfrom: (descriptor) => native.recvfrom(descriptor, Buffer.alloc(1), 0, 1, 0, places(), new Int32Array(1)),
  sendto: (descriptor) => native.sendto(descriptor, Buffer.alloc(1), 0, 1, 0, loopback(9)),
  recvmmsg: (descriptor) => native.recvmmsg(descriptor, Buffer.alloc(1), 1, 1, places(), new Int32Array(2)),
  sendmmsg: (descriptor) => native.sendmmsg(descriptor, Buffer.alloc(1), new Int32Array([1]), 1, loopback(9), 0),
  sendmsg: (descriptor) => native.sendmsg(descriptor, Buffer.alloc(1), 0, 1, 0, new Int32Array(0)),
  recvmsg: (descriptor) => native.recvmsg(descriptor, Buffer.alloc(1), 0, 1, 0, new Int32Array(1), new Int32Array(2)),
  dup: (descriptor) => native.dup(descriptor),
  close: (descriptor) => native.close(descriptor),
  release: (descriptor) => native.release(descriptor),
  unwatch: (descriptor) => native.unwatch(descriptor),
  poll: (descriptor) => native.poll(new Int32Array([descriptor, 1, 0]), 1, 0),
};

describe.skipIf(!available)(`Owning descriptors${unlessAvailable}`, () => {
  it.each(
    Object.keys(calls),
  )("%s answers EBADF for a descriptor that isn't this thread's, and leaves it alone", (name) => {
    const call = calls[name];
    const file = openSync("/dev/null", "r+");
    const closed = native.socket(AF_INET, SOCK_STREAM, 0);
    native.close(closed);
    for (const foreign of [0, 1, 2, file, closed, -1, -(2 ** 31), 2 ** 31 - 1, 1023, 1024, 1025]) {
      expect(call?.(foreign)).toBe(failure("EBADF"));
    }
    expect(fstatSync(file).isCharacterDevice()).toBe(true);
    closeSync(file);
    expect(fstatSync(0)).toBeDefined();
  });

  describe("close", () => {
    it("closes once: the second time it answers EBADF, even when Node has the number now", () => {
      const descriptor = native.socket(AF_INET, SOCK_STREAM, 0);
      expect(native.close(descriptor)).toBe(0);
      const file = openSync("/dev/null", "r");
      expect(file).toBe(descriptor);
      expect(native.close(descriptor)).toBe(failure("EBADF"));
      closeSync(file);
    });
  });

  describe("dup", () => {
    it("answers a second descriptor for the same socket, which outlives the first", () => {
      const [one, other] = pair();
      const copy = opened(native.dup(one));
      expect(copy).not.toBe(one);
      native.close(one);
      sendText(copy, "from the copy");
      expect(receiveText(other)).toBe("from the copy");
    });
  });

  describe("release", () => {
    it("gives the descriptor up, still open", () => {
      const descriptor = native.socket(AF_INET, SOCK_STREAM, 0);
      expect(native.release(descriptor)).toBe(0);
      expect(native.release(descriptor)).toBe(failure("EBADF"));
      expect(native.close(descriptor)).toBe(failure("EBADF"));
      expect(fstatSync(descriptor).isSocket()).toBe(true);
      expect(native.adopt(descriptor)).toBe(0);
      expect(native.close(descriptor)).toBe(0);
    });
  });

  describe("adopt", () => {
    it("takes a socket over, once", () => {
      const [one, other] = pair();
      expect(native.adopt(one)).toBe(failure("EEXIST"));
      native.release(one);
      expect(native.adopt(one)).toBe(0);
      expect(native.adopt(one)).toBe(failure("EEXIST"));
      sendText(one, "ours again");
      expect(receiveText(other)).toBe("ours again");
    });

    it("answers ENOTSOCK for a file, which stays with its owner", () => {
      const file = openSync("/dev/null", "r");
      expect(native.adopt(file)).toBe(failure("ENOTSOCK"));
      expect(native.close(file)).toBe(failure("EBADF"));
      closeSync(file);
    });

    it("answers EBADF for what isn't open", () => {
      for (const descriptor of [-1, 999_999, 2 ** 31 - 1]) expect(native.adopt(descriptor)).toBe(failure("EBADF"));
    });

    it("makes a socket non-blocking and closed on exec", async () => {
      // Node hands its child's fourth channel over as a Unix socket that blocks.
      const source = `
        const { readFileSync } = require("node:fs");
        const flags = () => /flags:\\s*(\\d+)/.exec(readFileSync("/proc/self/fdinfo/3", "utf8"))[1];
        const before = flags();
        print(native.adopt(3) + " " + before + " " + flags());
      `;
      const lines = await printed(
        `const { spawn } = require("node:child_process");
         spawn(process.execPath, ["-e", ${JSON.stringify(program(source))}], { stdio: ["ignore", "inherit", "inherit", "pipe"] });`,
      );
      // Node has seen to the one at its start.
      expect(lines).toEqual(["0 02000002 02004002"]);
    });
  });

  it("goes on beyond the first thousand descriptors, and closes them all", async () => {
    const lines = await printed(
      `const before = countDescriptors();
       const first = native.socket(2, 1, 0);
       const copies = [];
       while (copies.length < 3000) {
         const copy = native.dup(first);
         if (copy < 0) break;
         copies.push(copy);
       }
       print(copies.length > 1024 || copies.length + " descriptors are all that this system allows");
       print(countDescriptors() - before - copies.length);
       print(copies.every((copy) => native.close(copy) === 0));
       print(countDescriptors() - before);`,
    );
    expect(lines.slice(1)).toEqual(["1", "true", "1"]);
  });

  it("gives all descriptors back after 2,000 connections", async () => {
    const lines = await printed(
      `const address = new Uint8Array(constants.ADDRESS_SIZE);
       address.set(new Uint8Array(new Uint32Array([16]).buffer));
       address.set(new Uint8Array(new Uint16Array([2]).buffer), 4);
       address.set([127, 0, 0, 1], 8);
       const before = countDescriptors();
       const listener = native.socket(2, 1, 0);
       native.bind(listener, address), native.listen(listener, 128), native.getsockname(listener, address);
       const ready = new Int32Array(128), peer = new Uint8Array(constants.ADDRESS_SIZE);
       native.start(() => undefined, ready);
       const linger = new Uint8Array(8); linger[0] = 1;
       for (let number = 0; number < 2000; number += 1) {
         const client = native.socket(2, 1, 0);
         native.connect(client, address);
         native.poll(new Int32Array([listener, 1, 0]), 1, 5000);
         const server = native.accept(listener, peer);
         native.watch(server, server, 1 | constants.EPOLLET);
         native.setsockopt(client, 1, 13, linger, 8);
         native.close(number % 2 ? client : server), native.close(number % 2 ? server : client);
       }
       native.close(listener);
       print(countDescriptors() - before);`,
    );
    // The epoll set, and what libuv has opened for its loop.
    expect(Number(lines[0])).toBeLessThanOrEqual(1);
  });
});
