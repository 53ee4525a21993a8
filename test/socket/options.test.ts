import { AF_UNIX, type Socket, UnsupportedOperation } from "ts-socketserver";
import {
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPV6_V6ONLY,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_DOMAIN,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_OOBINLINE,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_SNDBUF,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_KEEPIDLE,
  TCP_NODELAY,
  TCP_QUICKACK,
} from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { datagrams, streams, tcpStreams } from "./subjects.js";

/** The system's answer for an option of TCP on a Unix socket. */
function expectNoTcpOption(socket: Socket, option: number): void {
  const refusal = expect.objectContaining({ name: "OSError", code: "EOPNOTSUPP" });
  expect(() => socket.setsockopt(IPPROTO_TCP, option, 1)).toThrow(refusal);
  expect(() => socket.getsockopt(IPPROTO_TCP, option)).toThrow(refusal);
}

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`Options of ${subject.title}`, () => {
    it.each([
      ["SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1],
      ["TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 30],
      ["TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1],
    ] as const)("%s can be set and read in every state", async (_name, level, option, value) => {
      await using pair = await subject.pair();
      await using fresh = subject.socket();
      if (level === IPPROTO_TCP && subject.isNative && !subject.isTcp) {
        expectNoTcpOption(fresh, option);
        expectNoTcpOption(pair.client, option);
        return;
      }
      for (const socket of [fresh, pair.client, pair.server, ...(option === SO_KEEPALIVE ? [pair.listener] : [])]) {
        socket.setsockopt(level, option, value);
        expect(socket.getsockopt(level, option)).toBe(value);
      }
      await pair.client.sendall("still works");
      expect(String(await pair.server.recv(100))).toBe("still works");
    });

    it("are kept when they are set before connecting, and take true and false", async () => {
      await using listener = await subject.listener();
      await using client = subject.socket();
      client.setsockopt(SOL_SOCKET, SO_KEEPALIVE, true);
      await client.connect(listener.getsockname());
      expect(client.getsockopt(SOL_SOCKET, SO_KEEPALIVE)).toBe(1);
      client.setsockopt(SOL_SOCKET, SO_KEEPALIVE, false);
      expect(client.getsockopt(SOL_SOCKET, SO_KEEPALIVE)).toBe(0);
    });

    it("tell what kind of socket it is", async () => {
      await using pair = await subject.pair();
      for (const socket of [pair.client, pair.server, pair.listener]) {
        expect(socket.getsockopt(SOL_SOCKET, SO_TYPE)).toBe(SOCK_STREAM);
        expect(socket.getsockopt(SOL_SOCKET, SO_DOMAIN)).toBe(subject.family);
        expect(socket.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
        expect(socket.getsockopt(SOL_SOCKET, SO_ACCEPTCONN)).toBe(socket === pair.listener ? 1 : 0);
      }
    });

    it("tell the protocol: that of TCP, and 0 for Unix sockets", async () => {
      await using socket = subject.socket();
      expect(socket.getsockopt(SOL_SOCKET, SO_PROTOCOL)).toBe(subject.family === AF_UNIX ? 0 : IPPROTO_TCP);
    });

    it("grant SO_REUSEADDR", async () => {
      await using socket = subject.socket();
      socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, true);
      expect(socket.getsockopt(SOL_SOCKET, SO_REUSEADDR)).toBe(1);
    });
  });
}

for (const subject of tcpStreams) {
  describe.skipIf(subject.missing !== null)(`Options of TCP of ${subject.title}`, () => {
    it("are kept when they are set before connecting, and take true and false", async () => {
      await using listener = await subject.listener();
      await using client = subject.socket();
      client.setsockopt(IPPROTO_TCP, TCP_NODELAY, true);
      await client.connect(listener.getsockname());
      expect(client.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(1);
      client.setsockopt(IPPROTO_TCP, TCP_NODELAY, false);
      expect(client.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(0);
    });
  });
}

for (const subject of streams.filter(({ isNative }) => !isNative)) {
  describe.skipIf(subject.missing !== null)(`Options that are out of reach of ${subject.title}`, () => {
    it.each([
      ["SO_RCVTIMEO", SOL_SOCKET, SO_RCVTIMEO],
      ["SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE],
      ["TCP_QUICKACK", IPPROTO_TCP, TCP_QUICKACK],
      ["IP_TTL", IPPROTO_IP, IP_TTL],
    ] as const)("say so clearly: %s", async (_name, level, option) => {
      await using pair = await subject.pair();
      for (const call of [
        () => pair.client.setsockopt(level, option, 1),
        () => pair.client.getsockopt(level, option),
      ]) {
        expect(call).toThrow(UnsupportedOperation);
        expect(call).toThrow(new RegExp(`option ${option} of level ${level} \\(ENOTSUP\\).*native transport`));
      }
    });

    it("refuse a lingering SO_LINGER, since close() cannot wait", async () => {
      await using socket = subject.socket();
      const seconds = new Uint8Array(Int32Array.of(1, 5).buffer);
      expect(() => socket.setsockopt(SOL_SOCKET, SO_LINGER, seconds)).toThrow(UnsupportedOperation);
    });
  });
}

for (const subject of datagrams) {
  describe.skipIf(subject.missing !== null)(`Options of ${subject.title}`, () => {
    it("set the sizes of the kernel's buffers", async () => {
      await using socket = await subject.bound();
      for (const option of [SO_RCVBUF, SO_SNDBUF]) {
        socket.setsockopt(SOL_SOCKET, option, 65_536);
        // Linux doubles what it is given.
        expect([65_536, 131_072]).toContain(socket.getsockopt(SOL_SOCKET, option));
      }
    });

    it("can be set before the socket is bound, and are applied then", async () => {
      await using socket = subject.socket();
      socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 32_768);
      socket.setsockopt(SOL_SOCKET, SO_BROADCAST, true);
      await socket.bind(subject.address());
      expect([32_768, 65_536]).toContain(socket.getsockopt(SOL_SOCKET, SO_RCVBUF));
      expect(socket.getsockopt(SOL_SOCKET, SO_BROADCAST)).toBe(1);
    });

    it("tell what kind of socket it is", async () => {
      await using socket = await subject.bound();
      const read = (option: number): number => socket.getsockopt(SOL_SOCKET, option);
      expect([SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ERROR].map(read)).toEqual([
        SOCK_DGRAM,
        subject.family,
        IPPROTO_UDP,
        0,
      ]);
    });
  });
}

for (const subject of datagrams.filter(({ isNative }) => !isNative)) {
  describe.skipIf(subject.missing !== null)(
    `Options that are out of reach of ${subject.title}, or come too late`,
    () => {
      it("say so clearly", async () => {
        await using socket = await subject.bound();
        expect(() => socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)).toThrow(UnsupportedOperation);
        expect(() => socket.getsockopt(SOL_SOCKET, SO_KEEPALIVE)).toThrow(UnsupportedOperation);
        expect(() => socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)).toThrow(UnsupportedOperation);
        expect(() => socket.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)).toThrow(UnsupportedOperation);
      });
    },
  );
}
