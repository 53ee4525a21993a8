import { existsSync } from "node:fs";
import { AF_INET, AF_INET6, AF_UNIX, OSError, PermissionError, Socket, UnsupportedOperation } from "ts-socketserver";
import {
  type AddressFamily,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  MSG_DONTWAIT,
  MSG_PEEK,
  SHUT_WR,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  type SocketKind,
  socketpair,
} from "ts-socketserver/socket";
import type { Transport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { isPending } from "../support/settle.js";
import { temporaryPath } from "../support/temporary-path.js";
import { transports } from "../support/transports.js";
import { failureOf, pattern } from "./subjects.js";

const NOT_ALLOWED = "only root, or who has CAP_NET_RAW, may open them";

// That the Node transport refuses these kinds, and says so, is tested in unsupported.test.ts.
const withAllKinds = transports.filter(({ features }) => features.rawSockets);

if (withAllKinds.length === 0) it.skip("Other kinds of sockets (skipped: they need the native transport)", () => {});

/** A pair that is closed at the end of its block. */
class Pair implements AsyncDisposable {
  private constructor(
    readonly one: Socket,
    readonly other: Socket,
  ) {}

  static async make(transport: Transport, kind: SocketKind): Promise<Pair> {
    const [one, other] = await socketpair(AF_UNIX, kind, { transport });
    return new Pair(one, other);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.one.close();
    await this.other.close();
  }
}

for (const transport of withAllKinds) {
  describe.each([
    ["datagrams", SOCK_DGRAM],
    ["sequenced packets", SOCK_SEQPACKET],
  ] as const)(`socketpair() of %s on the ${transport.name} transport`, (_kind, kind) => {
    it("gives two ends without names, connected with each other both ways", async () => {
      await using pair = await Pair.make(transport, kind);
      const { one, other } = pair;
      expect([one.getsockname(), one.getpeername(), one.family, one.type]).toEqual(["", "", AF_UNIX, kind]);
      expect(other.getsockopt(SOL_SOCKET, SO_TYPE)).toBe(kind);
      await Promise.all([one.send("ping"), other.sendall("pong")]);
      expect([String(await other.recv(10)), String(await one.recv(10))]).toEqual(["ping", "pong"]);
    });

    it("keeps messages apart, and loses of each what finds no room, and no more", async () => {
      await using pair = await Pair.make(transport, kind);
      for (const text of ["first", "second", "third"]) await pair.one.sendall(text);
      expect(String(await pair.other.recv(100))).toBe("first");
      expect(String(await pair.other.recv(3))).toBe("sec");
      expect(String(await pair.other.recv(100))).toBe("third");
    });

    it("tells by recvfrom() that a message was cut, also of one that stays", async () => {
      await using pair = await Pair.make(transport, kind);
      for (const text of ["first", "second"]) await pair.one.sendall(text);
      const received = async (size: number, flags?: number): Promise<unknown> => {
        const [data, address, truncated] = await pair.other.recvfrom(size, flags);
        return [String(data), address, truncated];
      };
      expect(await received(3, MSG_PEEK)).toEqual(["fir", "", true]);
      expect(await received(5, MSG_PEEK)).toEqual(["first", "", false]);
      expect(await received(4)).toEqual(["firs", "", true]);
      expect(await received(6)).toEqual(["second", "", false]);
      const waiting = received(1);
      await pair.one.sendall("third");
      expect(await waiting).toEqual(["t", "", true]);
      // More than is received at once of a stream.
      await pair.one.sendall(Buffer.alloc(150_000));
      const [data, , truncated] = await pair.other.recvfrom(140_000);
      expect([data.length, truncated]).toEqual([140_000, true]);
    });

    it("carries long messages whole, if they are asked for", async () => {
      await using pair = await Pair.make(transport, kind);
      // More than is received at once of a stream, less than the system's usual buffer for sending.
      for (const size of [150_000, 70_000, 140_000]) {
        const sent = pattern(size);
        await pair.one.sendall(sent);
        expect((await pair.other.recv(200_000)).equals(sent)).toBe(true);
      }
      const error = await failureOf(pair.one.sendall(Buffer.alloc(16 * 1024 * 1024)));
      expect(error.code).toBe("EMSGSIZE");
    });

    it("makes sends wait while the other end does not receive, and keeps their order", async () => {
      await using pair = await Pair.make(transport, kind);
      const sends = Array.from({ length: 500 }, (_, index) => pair.one.sendall(`${index}`.padStart(1000)));
      expect(await isPending(Promise.all(sends))).toBe(true);
      for (let index = 0; index < 500; index += 1) expect(Number(await pair.other.recv(2000))).toBe(index);
      await Promise.all(sends);
      expect((await failureOf(pair.other.recv(1, MSG_DONTWAIT))).code).toBe("EAGAIN");
    });

    it("cannot be given to Node, which has no such sockets: it goes on as before", async () => {
      await using pair = await Pair.make(transport, kind);
      const { one, other } = pair;
      const refusal = expect.objectContaining({ name: "OSError", code: "EOPNOTSUPP" });
      expect(() => one.toNodeSocket()).toThrow(refusal);
      await one.sendall("still mine");
      expect(String(await other.recv(20))).toBe("still mine");
    });

    it("tells an end that the other one is gone", async () => {
      await using pair = await Pair.make(transport, kind);
      await pair.other.close();
      expect((await failureOf(pair.one.sendall("x"))).code).toBe(kind === SOCK_DGRAM ? "ECONNREFUSED" : "EPIPE");
    });
  });

  describe.each([
    ["streams", SOCK_STREAM],
    ["datagrams", SOCK_DGRAM],
    ["sequenced packets", SOCK_SEQPACKET],
  ] as const)(`Closing one end of a pair of %s on the ${transport.name} transport`, (_kind, kind) => {
    it("ends its waiting call with ClosedResourceError", async () => {
      await using pair = await Pair.make(transport, kind);
      const waiting = failureOf(pair.one.recv(1));
      expect(await isPending(waiting)).toBe(true);
      await pair.one.close();
      expect((await waiting).name).toBe("ClosedResourceError");
      expect(pair.one.fileno()).toBe(-1);
    });
  });

  describe(`Sequenced packets on the ${transport.name} transport`, () => {
    it("have listeners and connections, as streams have, and their end", async () => {
      const path = temporaryPath();
      const open = (): Socket => new Socket(AF_UNIX, SOCK_SEQPACKET, 0, { transport });
      await using listener = open();
      await listener.bind(path);
      await listener.listen();
      await using client = open();
      const [[server, address]] = await Promise.all([listener.accept(), client.connect(path)]);
      expect([server.type, address, client.getpeername()]).toEqual([SOCK_SEQPACKET, "", path]);
      await client.sendall("one");
      await client.sendall("two");
      expect([String(await server.recv(10)), String(await server.recv(10))]).toEqual(["one", "two"]);
      const receiving = server.recv(10);
      await client.shutdown(SHUT_WR);
      expect(await receiving).toHaveLength(0);
      await server.close();
      await listener.close();
      expect(existsSync(path)).toBe(false);
    });
  });

  describe(`What the system refuses to make on the ${transport.name} transport`, () => {
    it("is told by an OSError that names the kind: an unknown protocol, packets over IP", () => {
      const make = (family: AddressFamily, kind: SocketKind, protocol: number) => (): Socket =>
        new Socket(family, kind, protocol, { transport });
      for (const failing of [make(AF_INET, SOCK_STREAM, 254), make(AF_INET, SOCK_SEQPACKET, 0)]) {
        expect(failing).toThrow(OSError);
        expect(failing).toThrow(expect.objectContaining({ syscall: "socket" }));
        expect(failing).toThrow(/^Cannot make a .* socket: .* \(E[A-Z]+\)$/);
      }
    });

    it("is told by an UnsupportedOperation where there is no call: pairs of datagrams over IP", async () => {
      const pair = socketpair(AF_INET, SOCK_DGRAM, { transport });
      await expect(pair).rejects.toBeInstanceOf(UnsupportedOperation);
    });
  });

  describe.each([
    ["IPv4", AF_INET, IPPROTO_ICMP, "127.0.0.1", 8, 0, 20],
    ["IPv6", AF_INET6, IPPROTO_ICMPV6, "::1", 128, 129, 0],
  ] as const)(`Raw sockets on the ${transport.name} transport, %s`, (_name, family, protocol, host, echoRequest, echoReply, headerLength) => {
    const open = (): Socket => new Socket(family, SOCK_RAW, protocol, { transport });
    const missing = whyMissing(open);

    it.skipIf(missing !== null)(`ping this machine${missing === null ? "" : ` (skipped: ${missing})`}`, async () => {
      await using socket = open();
      expect([socket.type, socket.proto]).toEqual([SOCK_RAW, protocol]);
      // Type, code, check sum (the system's part in IPv6), identifier, sequence number.
      const packet = Buffer.from([echoRequest, 0, 0, 0, process.pid >> 8, process.pid & 255, 0, 1, 1, 2, 3, 4]);
      packet.writeUInt16BE(checksum(packet), 2);
      expect(await socket.sendto(packet, [host, 0])).toBe(packet.length);
      // Whoever pings this machine is heard too, and so is the question itself.
      for (;;) {
        const [data, address] = await socket.recvfrom(1000);
        const message = data.subarray(headerLength);
        if (message[0] !== echoReply || !message.subarray(4).equals(packet.subarray(4))) continue;
        expect(address[0]).toBe(host);
        break;
      }
    });

    it.skipIf(missing !== NOT_ALLOWED)(
      `are refused with PermissionError${missing === NOT_ALLOWED ? "" : " (skipped: this process may open them)"}`,
      () => {
        expect(open).toThrow(PermissionError);
      },
    );
  });
}

/** Why raw sockets cannot be tested, or `null`. */
function whyMissing(open: () => Socket): string | null {
  try {
    void open().close();
    return null;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    return code === "EPERM" || code === "EACCES" ? NOT_ALLOWED : `they cannot be opened here: ${code}`;
  }
}

/** The check sum of the Internet protocols (RFC 1071). */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) sum += bytes.readUInt16BE(index);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
