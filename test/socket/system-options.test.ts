import { AF_INET6, AF_UNIX, BaseRequestHandler, type Socket, UnsupportedOperation } from "ts-socketserver";
import {
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SO_LINGER,
  SO_OOBINLINE,
  SO_PEERCRED,
  SO_RCVTIMEO,
  SOL_SOCKET,
  TCP_QUICKACK,
  TCP_USER_TIMEOUT,
} from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { serveWith } from "../robustness/support.js";
import { streamSubjects } from "../support/subjects.js";
import { datagrams, streams, unixDatagrams } from "./subjects.js";

/** Which process, user and group: C's `struct ucred`. */
const OWN_CREDENTIALS = [process.pid, process.getuid?.(), process.getgid?.()];

/** The numbers in a C structure of 32-bit integers. */
function integers(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readInt32LE(4 * index));
}

/** A C structure of so many 32-bit integers. */
function structure(...values: number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

// That the Node transport refuses these, and says so, is tested in options.test.ts.
for (const subject of [...streams, ...datagrams, ...unixDatagrams].filter(({ isNative }) => isNative)) {
  describe.skipIf(subject.missing !== null)(`Options of the system over ${subject.title}`, () => {
    it("may be C structures: SO_LINGER and SO_RCVTIMEO are read as they were set", async () => {
      await using socket = subject.socket();
      expect(integers(socket.getsockopt(SOL_SOCKET, SO_LINGER, 8))).toEqual([0, 0]);
      socket.setsockopt(SOL_SOCKET, SO_LINGER, structure(1, 5));
      expect(integers(socket.getsockopt(SOL_SOCKET, SO_LINGER, 8))).toEqual([1, 5]);
      // `struct timeval`: seconds and microseconds, 64 bits each.
      const time = new Uint8Array(BigInt64Array.of(3n, 500_000n).buffer);
      socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, time);
      expect(socket.getsockopt(SOL_SOCKET, SO_RCVTIMEO, 16).equals(time)).toBe(true);
    });

    it("are read no further than was asked for, and no further than they go", async () => {
      await using socket = subject.socket();
      socket.setsockopt(SOL_SOCKET, SO_LINGER, structure(1, 5));
      expect(integers(socket.getsockopt(SOL_SOCKET, SO_LINGER, 4))).toEqual([1]);
      expect(integers(socket.getsockopt(SOL_SOCKET, SO_LINGER, 100))).toEqual([1, 5]);
      expect(() => socket.getsockopt(SOL_SOCKET, SO_LINGER, -1)).toThrow(RangeError);
    });

    it("are refused with the system's words: a structure that is too short, an option that there is not", async () => {
      await using socket = subject.socket();
      expect(() => socket.setsockopt(SOL_SOCKET, SO_LINGER, structure(1))).toThrow(
        expect.objectContaining({ name: "OSError", code: "EINVAL", syscall: "setsockopt" }),
      );
      expect(() => socket.getsockopt(SOL_SOCKET, 9999)).toThrow(
        expect.objectContaining({ name: "OSError", code: "ENOPROTOOPT", syscall: "getsockopt" }),
      );
      expect(() => socket.setsockopt(SOL_SOCKET, 9999, 1)).toThrow(/^Cannot set option 9999 of level 1 on /);
    });

    it("that the Node transport lacks can be set and read", async () => {
      await using socket = subject.socket();
      const inet: [level: number, option: number, value: number][] = [[IPPROTO_IP, IP_TTL, 7]];
      const options: [level: number, option: number, value: number][] = [[SOL_SOCKET, SO_OOBINLINE, 1]];
      for (const [level, option, value] of subject.family === AF_UNIX ? options : [...options, ...inet]) {
        socket.setsockopt(level, option, value);
        expect(socket.getsockopt(level, option)).toBe(value);
      }
    });
  });
}

for (const subject of streams.filter(({ isNative, isTcp }) => isNative && isTcp)) {
  describe.skipIf(subject.missing !== null)(`Options of TCP over ${subject.title}`, () => {
    /** `TCP_INFO`, whose first byte is the connection's state. */
    const TCP_INFO = 11;
    const [ESTABLISHED, CLOSE] = [1, 7];

    it("can be set and read on a connection: TCP_QUICKACK, TCP_USER_TIMEOUT in milliseconds", async () => {
      await using pair = await subject.pair();
      pair.client.setsockopt(IPPROTO_TCP, TCP_QUICKACK, 0);
      expect(pair.client.getsockopt(IPPROTO_TCP, TCP_QUICKACK)).toBe(0);
      pair.client.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, 1234);
      expect(pair.client.getsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT)).toBe(1234);
    });

    it("tell what the system knows of a connection: TCP_INFO", async () => {
      await using pair = await subject.pair();
      await using fresh = subject.socket();
      expect(pair.client.getsockopt(IPPROTO_TCP, TCP_INFO, 104)).toHaveLength(104);
      expect([pair.client, fresh].map((socket) => socket.getsockopt(IPPROTO_TCP, TCP_INFO, 1)[0])).toEqual([
        ESTABLISHED,
        CLOSE,
      ]);
    });
  });
}

for (const subject of streams.filter(({ isNative, family }) => isNative && family === AF_INET6)) {
  describe.skipIf(subject.missing !== null)(`Options of IPv6 over ${subject.title}`, () => {
    it("can be set before the socket is bound, and no later: IPV6_V6ONLY", async () => {
      await using socket = subject.socket();
      for (const value of [0, 1]) {
        socket.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, value);
        expect(socket.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY)).toBe(value);
      }
      await socket.bind(subject.address());
      expect(() => socket.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)).toThrow(
        expect.objectContaining({ code: "EINVAL" }),
      );
    });
  });
}

for (const subject of streams.filter(({ isTcp }) => !isTcp)) {
  describe.skipIf(subject.missing !== null)(`Who is at the other end, over ${subject.title}`, () => {
    it.skipIf(!subject.isNative)(
      `is told by SO_PEERCRED at both ends${subject.isNative ? "" : " (skipped: Node has no call for it)"}`,
      async () => {
        await using pair = await subject.pair();
        for (const socket of [pair.client, pair.server]) {
          expect(integers(socket.getsockopt(SOL_SOCKET, SO_PEERCRED, 12))).toEqual(OWN_CREDENTIALS);
        }
      },
    );

    it.skipIf(subject.isNative)(
      `is out of reach where Node has no call for it${subject.isNative ? " (skipped: the native transport has)" : ""}`,
      async () => {
        await using pair = await subject.pair();
        expect(() => pair.client.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)).toThrow(UnsupportedOperation);
      },
    );
  });
}

for (const subject of streamSubjects.filter(({ transport, name }) => transport === "native" && name.includes("Unix"))) {
  describe(`A handler of a ${subject.name} on the native transport`, () => {
    it("can ask who its client is", async () => {
      class WhoIsThere extends BaseRequestHandler<Socket> {
        override async handle(): Promise<void> {
          await this.request.sendall(integers(this.request.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)).join(" "));
        }
      }
      await using running = await serveWith(subject, WhoIsThere);
      await using client = await running.connect();
      expect(await client.readAll()).toBe(OWN_CREDENTIALS.join(" "));
    });
  });
}
