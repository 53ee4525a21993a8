import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  IPPROTO_TCP,
  MSG_OOB,
  MSG_PEEK,
  SHUT_WR,
  SO_ERROR,
  SO_REUSEADDR,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
} from "../../dist/core/constants.js";
import { temporaryPath } from "../support/temporary-path.js";
import {
  available,
  connected,
  failure,
  flagsOf,
  lengthOf,
  listening,
  loopback,
  native,
  opened,
  pair,
  pathOf,
  places,
  portOf,
  printed,
  receiveText,
  sendText,
  unixPath,
  unlessAvailable,
  waitFor,
} from "./support.js";

function option(descriptor: number, level: number, name: number): number {
  const value = Buffer.alloc(4);
  expect(native.getsockopt(descriptor, level, name, value)).toBe(4);
  return value.readInt32LE();
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

describe.skipIf(!available)(`Sockets of the addon${unlessAvailable}`, () => {
  it("never block and are closed on exec, however they were made", () => {
    const { client, server } = connected();
    const made = [...pair(), client, server, opened(native.dup(client)), opened(native.socket(AF_INET, SOCK_DGRAM, 0))];
    for (const descriptor of made) expect(flagsOf(descriptor)).toEqual({ nonBlocking: true, closedOnExec: true });
  });

  describe("socket", () => {
    it("answers a descriptor of the kind asked for", () => {
      const descriptor = opened(native.socket(AF_INET, SOCK_DGRAM, 0));
      expect(option(descriptor, SOL_SOCKET, SO_TYPE)).toBe(SOCK_DGRAM);
    });

    it("answers the system's error for what is no family", () => {
      expect(native.socket(12_345, SOCK_STREAM, 0)).toBe(failure("EAFNOSUPPORT"));
    });

    it("answers EMFILE when the process has no descriptor left, and goes on when it has one again", async () => {
      const lines = await printed(
        `const made = [];
         let descriptor;
         while ((descriptor = native.socket(2, 1, 0)) >= 0) made.push(descriptor);
         print(descriptor);
         native.close(made[0]);
         print(native.socket(2, 1, 0) === made[0]);`,
        undefined,
        ["/bin/sh", "-c", `ulimit -n 60; exec "${process.execPath}" "$@"`, "sh"],
      );
      expect(lines).toEqual([String(failure("EMFILE")), "true"]);
    });
  });

  describe("socketpair", () => {
    it("makes two sockets that are connected to each other", () => {
      const [one, other] = pair();
      expect(sendText(one, "there")).toBe(5);
      expect(receiveText(other)).toBe("there");
      expect(sendText(other, "back")).toBe(4);
      expect(receiveText(one)).toBe("back");
    });

    it("answers the system's error and leaves `out` alone for a family that has no pairs", () => {
      const out = new Int32Array([-7, -8]);
      expect(native.socketpair(AF_INET, SOCK_STREAM, 0, out)).toBe(failure("EOPNOTSUPP"));
      expect([...out]).toEqual([-7, -8]);
    });
  });

  describe("bind, listen, getsockname", () => {
    it("give a socket the port that was free", () => {
      const { listener, address } = listening();
      expect(portOf(address)).toBeGreaterThan(0);
      expect(lengthOf(address)).toBe(16);
      const again = places();
      expect(native.getsockname(listener, again)).toBe(0);
      expect(again).toEqual(address);
    });

    it("answer EADDRINUSE for a port that is taken", () => {
      const { address } = listening();
      expect(native.bind(opened(native.socket(AF_INET, SOCK_STREAM, 0)), address)).toBe(failure("EADDRINUSE"));
    });

    it("make a Unix socket's file, whose name comes back", () => {
      const path = temporaryPath();
      const listener = opened(native.socket(AF_UNIX, SOCK_STREAM, 0));
      expect(native.bind(listener, unixPath(path))).toBe(0);
      expect(existsSync(path)).toBe(true);
      const address = places();
      expect(native.getsockname(listener, address)).toBe(0);
      expect(pathOf(address)).toBe(path);
    });

    it("answer EOPNOTSUPP for listening on a datagram socket", () => {
      expect(native.listen(opened(native.socket(AF_INET, SOCK_DGRAM, 0)), 1)).toBe(failure("EOPNOTSUPP"));
    });
  });

  describe("connect and accept", () => {
    it("answer EINPROGRESS first; the peer's address is the client's", () => {
      const { listener, address } = listening();
      const client = opened(native.socket(AF_INET, SOCK_STREAM, 0));
      expect(native.connect(client, address)).toBe(failure("EINPROGRESS"));
      waitFor(client, native.constants.POLLOUT);
      expect(option(client, SOL_SOCKET, SO_ERROR)).toBe(0);
      waitFor(listener, native.constants.POLLIN);
      const peer = places();
      const server = opened(native.accept(listener, peer));
      const local = places();
      native.getsockname(client, local);
      expect(peer).toEqual(local);
      const asked = places();
      expect(native.getpeername(server, asked)).toBe(0);
      expect(asked).toEqual(peer);
    });

    it("tell ECONNREFUSED through SO_ERROR", () => {
      const { listener, address } = listening();
      native.close(listener);
      const client = opened(native.socket(AF_INET, SOCK_STREAM, 0));
      if (native.connect(client, address) === failure("EINPROGRESS")) {
        waitFor(client, native.constants.POLLOUT);
        expect(option(client, SOL_SOCKET, SO_ERROR)).toBe(-failure("ECONNREFUSED"));
      }
    });

    it("answer EAGAIN when nobody is waiting, and EINVAL for a socket that doesn't listen", () => {
      const { listener } = listening();
      expect(native.accept(listener, places())).toBe(failure("EAGAIN"));
      expect(native.accept(opened(native.socket(AF_INET, SOCK_STREAM, 0)), places())).toBe(failure("EINVAL"));
    });

    it("name a Unix peer that has no address by the length 2", () => {
      const path = temporaryPath();
      const listener = opened(native.socket(AF_UNIX, SOCK_STREAM, 0));
      native.bind(listener, unixPath(path));
      native.listen(listener, 1);
      const client = opened(native.socket(AF_UNIX, SOCK_STREAM, 0));
      expect(native.connect(client, unixPath(path))).toBe(0);
      const peer = places();
      opened(native.accept(listener, peer));
      expect(lengthOf(peer)).toBe(2);
    });

    it("answer ENOTCONN for the peer of a socket that has none", () => {
      const address = loopback(77);
      const before = address.slice();
      expect(native.getpeername(opened(native.socket(AF_INET, SOCK_STREAM, 0)), address)).toBe(failure("ENOTCONN"));
      expect(address).toEqual(before);
    });
  });

  describe("recv and send", () => {
    it("move the part of the buffer that is meant, and no other byte", () => {
      const [one, other] = pair();
      expect(native.send(one, Buffer.from("0123456789"), 2, 5, 0)).toBe(5);
      const buffer = Buffer.alloc(10, ".");
      waitFor(other, native.constants.POLLIN);
      expect(native.recv(other, buffer, 3, 4, 0)).toBe(4);
      expect(buffer.toString()).toBe("...2345...");
      expect(native.recv(other, buffer, 0, 10, 0)).toBe(1);
      expect(buffer.toString()).toBe("6..2345...");
    });

    it("respect where a Uint8Array begins in its memory, shared memory included", () => {
      const [one, other] = pair();
      const memory = new Uint8Array(new SharedArrayBuffer(16), 4, 8);
      memory.set(Buffer.from("abcdefgh"));
      expect(native.send(one, memory, 1, 3, 0)).toBe(3);
      expect(receiveText(other)).toBe("bcd");
    });

    it("answer EAGAIN when nothing is there, and 0 at the end", () => {
      const [one, other] = pair();
      expect(native.recv(other, Buffer.alloc(8), 0, 8, 0)).toBe(failure("EAGAIN"));
      expect(native.send(one, Buffer.alloc(0), 0, 0, 0)).toBe(0);
      native.close(one);
      expect(native.recv(other, Buffer.alloc(8), 0, 8, 0)).toBe(0);
    });

    it("take less than all when the peer doesn't read, then answer EAGAIN", () => {
      const [one] = pair();
      const much = Buffer.alloc(4 << 20);
      const sent = native.send(one, much, 0, much.length, 0);
      expect(sent).toBeGreaterThan(0);
      expect(sent).toBeLessThan(much.length);
      expect(native.send(one, much, 0, much.length, 0)).toBe(failure("EAGAIN"));
    });

    it("answer EPIPE when the peer has gone, and the process lives", () => {
      const [one, other] = pair();
      native.close(other);
      expect(sendText(one, "x")).toBe(failure("EPIPE"));
    });

    it("pass the flags on", () => {
      const { client, server } = connected();
      sendText(client, "peek");
      waitFor(server, native.constants.POLLIN);
      const buffer = Buffer.alloc(8);
      expect(native.recv(server, buffer, 0, 8, MSG_PEEK)).toBe(4);
      expect(native.recv(server, buffer, 0, 8, 0)).toBe(4);
      expect(native.send(client, Buffer.from("!"), 0, 1, MSG_OOB)).toBe(1);
      waitFor(server, native.constants.POLLPRI);
      expect(native.recv(server, buffer, 0, 1, MSG_OOB)).toBe(1);
      expect(buffer.toString("latin1", 0, 1)).toBe("!");
    });
  });

  describe("shutdown", () => {
    it("ends one direction", () => {
      const { client, server } = connected();
      expect(native.shutdown(client, SHUT_WR)).toBe(0);
      expect(receiveText(server)).toBe("");
      sendText(server, "still");
      expect(receiveText(client)).toBe("still");
    });

    it("answers ENOTCONN for a socket that isn't connected, EINVAL for what is no direction", () => {
      const fresh = opened(native.socket(AF_INET, SOCK_STREAM, 0));
      expect(native.shutdown(fresh, SHUT_WR)).toBe(failure("ENOTCONN"));
      expect(native.shutdown(connected().client, 7)).toBe(failure("EINVAL"));
    });
  });

  describe("getsockopt and setsockopt", () => {
    it("read what was written", () => {
      const descriptor = opened(native.socket(AF_INET, SOCK_STREAM, 0));
      for (const [level, name] of [
        [SOL_SOCKET, SO_REUSEADDR],
        [IPPROTO_TCP, TCP_NODELAY],
      ] as const) {
        expect(option(descriptor, level, name)).toBe(0);
        expect(native.setsockopt(descriptor, level, name, number(1), 4)).toBe(0);
        expect(option(descriptor, level, name)).toBe(1);
      }
    });

    it("write no more than the buffer holds, and answer how much that is", () => {
      const descriptor = opened(native.socket(AF_INET, SOCK_STREAM, 0));
      const memory = Buffer.alloc(8, 0xff);
      expect(native.getsockopt(descriptor, SOL_SOCKET, SO_TYPE, memory.subarray(0, 2))).toBe(2);
      expect([...memory]).toEqual([1, 0, 255, 255, 255, 255, 255, 255]);
      expect(native.getsockopt(descriptor, SOL_SOCKET, SO_TYPE, Buffer.alloc(0))).toBe(0);
    });

    it("answer the system's error for what is no option, or too short a value", () => {
      const descriptor = opened(native.socket(AF_INET, SOCK_STREAM, 0));
      expect(native.getsockopt(descriptor, SOL_SOCKET, 9999, Buffer.alloc(4))).toBe(failure("ENOPROTOOPT"));
      expect(native.setsockopt(descriptor, SOL_SOCKET, 9999, number(1), 4)).toBe(failure("ENOPROTOOPT"));
      expect(native.setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, number(1), 3)).toBe(failure("EINVAL"));
    });
  });
});
