import { inspect } from "node:util";
import { AF_INET, AF_UNIX, capabilities, formatAddress, Socket, UnsupportedOperation } from "ts-socketserver";
import { SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, socketpair } from "ts-socketserver/socket";
import { nativeTransport, nodeTransport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { datagrams, streams } from "./subjects.js";

for (const subject of streams.filter(({ isNative }) => !isNative)) {
  describe.skipIf(subject.missing !== null)(`What is missing over ${subject.title}`, () => {
    it("is detach() and dup(), and the errors say what to do", async () => {
      await using socket = subject.socket();
      expect(() => socket.detach()).toThrow(UnsupportedOperation);
      expect(() => socket.detach()).toThrow(/transport cannot detach .*\(ENOTSUP\)\. Keep the socket itself/);
      expect(() => socket.dup()).toThrow(UnsupportedOperation);
      expect(() => socket.dup()).toThrow(/transport cannot duplicate .*\(ENOTSUP\)\. Share the socket itself/);
      expect(socket.closed).toBe(false);
    });
  });
}

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`Printing of ${subject.title}`, () => {
    it("prints itself with the addresses that it has", async () => {
      const protocol = subject.isTcp ? "tcp" : "unix";
      await using pair = await subject.pair();
      const listening = formatAddress(pair.listener.getsockname());
      const client = formatAddress(pair.client.getsockname());
      expect(String(pair.listener)).toBe(`<Socket ${protocol} ${listening}>`);
      expect(String(pair.client)).toBe(`<Socket ${protocol} ${client} to ${listening}>`);
      expect(String(pair.server)).toBe(`<Socket ${protocol} ${listening} to ${client}>`);
      expect(inspect(pair.server)).toBe(String(pair.server));
      await pair.server.close();
      expect(inspect({ socket: pair.server })).toBe(`{ socket: <Socket [closed] ${protocol}> }`);
    });

    it("prints itself also when the peer is gone", async () => {
      await using accepted = await subject.accepted();
      const before = String(accepted.socket);
      await accepted.peer.close();
      await accepted.socket.recv(1);
      expect(String(accepted.socket)).toBe(before);
    });

    it("shows its descriptor while it has one", async () => {
      await using pair = await subject.pair();
      const descriptors = [pair.client, pair.server, pair.listener].map((socket) => socket.fileno());
      const unknown = process.platform === "win32";
      for (const descriptor of descriptors) expect(descriptor).toBeGreaterThan(unknown ? -2 : 2);
      if (!unknown) expect(new Set(descriptors).size).toBe(3);
      await pair.client.close();
      expect(pair.client.fileno()).toBe(-1);
    });
  });
}

for (const subject of datagrams) {
  describe.skipIf(subject.missing !== null)(`Printing of ${subject.title}`, () => {
    it("names the address, and the peer of a connected socket", async () => {
      await using socket = await subject.bound();
      await using other = await subject.bound();
      const own = formatAddress(socket.getsockname());
      expect(String(socket)).toBe(`<Socket udp ${own}>`);
      await socket.connect(other.getsockname());
      // The host may have become the one that reaches the peer; the port has not.
      expect(inspect(socket)).toBe(`<Socket udp ${own} to ${formatAddress(other.getsockname())}>`);
    });
  });
}

describe("Kinds of sockets that the Node transport lacks", () => {
  const options = { transport: nodeTransport };

  it("are Unix datagrams: the error says what to do", () => {
    const make = (): Socket => new Socket(AF_UNIX, SOCK_DGRAM, 0, options);
    expect(make).toThrow(UnsupportedOperation);
    expect(make).toThrow(
      /no Unix datagram sockets \(ENOTSUP\)\..*the native transport has\. capabilities\(\) tells why/,
    );
  });

  it("are raw and sequenced-packet sockets: the error says what to do", () => {
    for (const kind of [SOCK_RAW, SOCK_SEQPACKET] as const) {
      expect(() => new Socket(AF_INET, kind, 0, options)).toThrow(/no raw and sequenced-packet sockets \(ENOTSUP\)/);
    }
  });

  it("are pairs of datagram sockets: the error says what to do", async () => {
    await expect(socketpair(AF_UNIX, SOCK_DGRAM, options)).rejects.toThrow(
      /streams only \(ENOTSUP\)\. Pass SOCK_STREAM/,
    );
  });
});

describe("capabilities()", () => {
  it("tells which transport is in use and what it can do, and for every other one why it is not", () => {
    const { transport, reason, unavailable, ...features } = capabilities();
    const used = nativeTransport ?? nodeTransport;
    expect([transport, features]).toEqual([used.name, used.features]);
    expect(Object.keys(unavailable)).toEqual(["node", "native"].filter((name) => name !== transport));
    for (const sentence of [reason, ...Object.values(unavailable)]) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });
});
