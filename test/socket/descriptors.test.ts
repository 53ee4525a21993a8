import { closeSync, openSync, readdirSync } from "node:fs";
import { AF_INET, AF_UNIX, ClosedResourceError, OSError, Socket } from "ts-socketserver";
import {
  type AddressFamily,
  MSG_PEEK,
  SO_KEEPALIVE,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  type SocketKind,
} from "ts-socketserver/socket";
import type { Transport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { isPending, settle } from "../support/settle.js";
import { datagrams, failureOf, receiveBytes, streams, unixDatagrams } from "./subjects.js";

/** A socket on a descriptor; what it is, it finds out itself. */
function adopt(transport: Transport, fileno: number, family?: AddressFamily, type?: SocketKind): Socket {
  return new Socket(family, type, undefined, { transport, fileno });
}

const native = [...streams].filter(({ isNative }) => isNative);
const nativeDatagrams = [...datagrams, ...unixDatagrams].filter(({ isNative }) => isNative);

// That the Node transport refuses these calls, and says so, is tested in unsupported.test.ts.
for (const subject of native) {
  const { transport } = subject;

  describe.skipIf(subject.missing !== null)(`Descriptors over ${subject.title}`, () => {
    it("are given up by detach(), and taken over by a new socket, with the bytes that nobody has read", async () => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      await client.sendall("before ");
      expect(String(await server.recv(3, MSG_PEEK))).toBe("bef");
      const [number, own, peer] = [server.fileno(), server.getsockname(), server.getpeername()];
      expect(server.detach()).toBe(number);
      expect([server.closed, server.fileno()]).toEqual([true, -1]);
      await client.sendall("between");

      await using next = adopt(transport, number);
      expect([next.family, next.type, next.fileno()]).toEqual([subject.family, SOCK_STREAM, number]);
      expect([next.getsockname(), next.getpeername()]).toEqual([own, peer]);
      expect(String(await receiveBytes(next, 14))).toBe("before between");
      await next.sendall("answer");
      expect(String(await client.recv(10))).toBe("answer");
      await next.close();
      expect(await client.recv(10)).toHaveLength(0);
    });

    it("take a waiting call's socket away from it: it ends with ClosedResourceError, and the connection lives on", async () => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      const receiving = server.recv(10);
      expect(await isPending(receiving)).toBe(true);
      const failure = failureOf(receiving);
      const number = server.detach();
      expect(await failure).toMatchObject({ name: "ClosedResourceError", code: "EBADF", syscall: "recv" });
      await using next = adopt(transport, number);
      const again = next.recv(10);
      await client.sendall("still here");
      expect(String(await again)).toBe("still here");
    });

    it("of a listener can be taken over as well: clients that wait are accepted by the new socket", async () => {
      const listener = await subject.listener();
      await using client = subject.socket();
      await client.connect(listener.getsockname());
      const address = listener.getsockname();
      await using next = adopt(transport, listener.detach());
      expect([next.getsockname(), next.remoteEndpoint]).toEqual([address, null]);
      const [server] = await next.accept();
      await server.sendall("welcome");
      expect(String(await client.recv(10))).toBe("welcome");
      await server.close();
    });

    it("may be two for one connection, which ends when both are closed", async () => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      const copy = server.dup();
      expect(copy.fileno()).not.toBe(server.fileno());
      expect([copy.family, copy.type, copy.getpeername()]).toEqual([server.family, server.type, server.getpeername()]);
      await copy.sendall("from the copy ");
      await server.close();
      await copy.sendall("and again");
      expect(String(await receiveBytes(client, 23))).toBe("from the copy and again");
      const receiving = copy.recv(10);
      await client.sendall("heard");
      expect(String(await receiving)).toBe("heard");
      expect(await isPending(client.recv(1))).toBe(true);
      await copy.close();
    });

    it("each hear what comes, and an option that one sets the other has as well", async () => {
      await using pair = await subject.pair();
      await using copy = pair.server.dup();
      const both = [pair.server.recv(4), copy.recv(4)];
      expect(await isPending(Promise.race(both))).toBe(true);
      await pair.client.sendall("one.two.");
      expect((await Promise.all(both)).map(String).sort()).toEqual(["one.", "two."]);
      copy.setsockopt(SOL_SOCKET, SO_KEEPALIVE, true);
      expect(pair.server.getsockopt(SOL_SOCKET, SO_KEEPALIVE)).toBe(1);
    });

    it("of a listener may be two: each accepts, knows that it has no peer, and goes on when the other is closed", async () => {
      const listener = await subject.listener();
      await using copy = listener.dup();
      expect([copy.remoteEndpoint, String(copy)]).toEqual([null, String(listener)]);
      await using one = subject.socket();
      await one.connect(listener.getsockname());
      const [first] = await copy.accept();
      copy.settimeout(0.01);
      expect(await failureOf(copy.accept())).toMatchObject({ name: "TimeoutError", code: "ETIMEDOUT" });
      copy.settimeout(null);
      if (subject.isTcp) await listener.close();
      await using other = subject.socket();
      await other.connect(copy.getsockname());
      const [second] = await copy.accept();
      for (const socket of [first, second, listener]) await socket.close();
    });

    it("have the time-out of the socket that they are copied from, as in CPython", async () => {
      await using pair = await subject.pair();
      pair.server.settimeout(0.02);
      await using copy = pair.server.dup();
      expect(copy.gettimeout()).toBe(0.02);
    });

    it("of closed sockets are refused: detach() and dup() fail with ClosedResourceError", async () => {
      const socket = subject.socket();
      await socket.close();
      expect(() => socket.detach()).toThrow(ClosedResourceError);
      expect(() => socket.dup()).toThrow(ClosedResourceError);
    });
  });
}

for (const subject of nativeDatagrams) {
  describe.skipIf(subject.missing !== null)(`Descriptors over ${subject.title}`, () => {
    it("are given up by detach(), and taken over with the datagrams that wait", async () => {
      await using sender = await subject.bound();
      const receiver = await subject.bound();
      await sender.sendto("waiting", receiver.getsockname());
      await using next = adopt(subject.transport, receiver.detach());
      expect([next.family, next.type, next.remoteEndpoint]).toEqual([subject.family, SOCK_DGRAM, null]);
      expect(await next.recvfrom(10)).toEqual([Buffer.from("waiting"), sender.getsockname(), false]);
      await next.sendto("answer", sender.getsockname());
      expect(String(await sender.recv(10))).toBe("answer");
    });

    it("may be two for one address, neither of which has a peer", async () => {
      await using sender = await subject.bound();
      const receiver = await subject.bound();
      await using copy = receiver.dup();
      expect([copy.remoteEndpoint, String(copy)]).toEqual([null, String(receiver)]);
      await sender.sendto("for one of us", copy.getsockname());
      expect(String(await copy.recv(20))).toBe("for one of us");
      await copy.sendto("answer", sender.getsockname());
      expect(String(await sender.recv(10))).toBe("answer");
      await receiver.close();
    });

    it("of a connected socket are connected", async () => {
      await using peer = await subject.bound();
      const socket = await subject.bound();
      await socket.connect(peer.getsockname());
      await using copy = socket.dup();
      await using next = adopt(subject.transport, socket.detach());
      for (const one of [copy, next]) {
        expect(one.getpeername()).toEqual(peer.getsockname());
        await one.send("to my peer");
        expect(String(await peer.recv(20))).toBe("to my peer");
      }
    });
  });
}

const [anyNative] = native;
describe.skipIf(anyNative === undefined)(
  `Descriptors that cannot be taken over${anyNative === undefined ? " (skipped: the native transport is not there)" : ""}`,
  () => {
    const transport = anyNative?.transport as Transport;
    const attempt = (fileno: number) => (): Socket => adopt(transport, fileno);

    it("are those of no socket (ENOTSOCK), which stay open, and closed ones (EBADF)", () => {
      const file = openSync("/dev/null", "r");
      expect(attempt(file)).toThrow(expect.objectContaining({ code: "ENOTSOCK" }));
      expect(attempt(file)).toThrow(OSError);
      closeSync(file);
      expect(attempt(file)).toThrow(expect.objectContaining({ code: "EBADF" }));
    });

    it("are those that another socket has (EEXIST): it goes on", async () => {
      await using socket = new Socket(AF_INET, SOCK_DGRAM, 0, { transport });
      await socket.bind(["127.0.0.1", 0]);
      expect(attempt(socket.fileno())).toThrow(expect.objectContaining({ code: "EEXIST" }));
      expect(attempt(socket.fileno())).toThrow(OSError);
      await socket.sendto("mine", socket.getsockname());
      expect(String(await socket.recv(10))).toBe("mine");
    });

    it("leave nothing open", async () => {
      const [channel, other] = transport.openPair(AF_UNIX, SOCK_STREAM, 0) ?? [];
      await settle();
      const before = readdirSync("/proc/self/fd").length;
      for (let time = 0; time < 100; time += 1) expect(attempt(channel?.fileno() ?? -1)).toThrow();
      expect(readdirSync("/proc/self/fd").length).toBeLessThan(before + 50);
      channel?.close();
      other?.close();
    });

    it("may be named with a wrong family and kind, which are not believed, as in CPython", async () => {
      const socket = new Socket(AF_UNIX, SOCK_DGRAM, 0, { transport });
      await using next = adopt(transport, socket.detach(), AF_INET, SOCK_STREAM);
      expect([next.family, next.type]).toEqual([AF_UNIX, SOCK_DGRAM]);
    });
  },
);
