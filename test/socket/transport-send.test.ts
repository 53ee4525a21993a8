import { SHUT_WR, type Socket } from "ts-socketserver";
import { describe, expect, it } from "vitest";
import { isPending } from "../support/settle.js";
import { failureOf, receiveBytes, streams, tcpStreams } from "./subjects.js";

/** More than two sockets of the kernel can hold, so that a send of it has to wait for its reader. */
const MUCH = 32 * 1024 * 1024;

/** Everything up to the end of the stream, as a count of each byte value. */
async function countAll(socket: Socket): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  for (;;) {
    const chunk = await socket.recv(65_536);
    if (chunk.length === 0) return counts;
    for (const byte of chunk) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  }
}

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`Giving up a send over ${subject.title}`, () => {
    it("gives the caller its memory back after a TimeoutError: the peer gets nothing that was put there later", async () => {
      await using pair = await subject.pair();
      const buffer = Buffer.alloc(MUCH, "a");
      pair.client.settimeout(0.05);
      expect((await failureOf(pair.client.sendall(buffer))).code).toBe("ETIMEDOUT");
      buffer.fill("b");
      await pair.client.shutdown(SHUT_WR);
      expect([...(await countAll(pair.server)).keys()]).toEqual([97]);
    });

    it("gives the caller its memory back after close()", async () => {
      await using pair = await subject.pair();
      const buffer = Buffer.alloc(MUCH, "a");
      const failure = failureOf(pair.client.sendall(buffer));
      expect(await isPending(failure)).toBe(true);
      await pair.client.close();
      expect((await failure).name).toBe("ClosedResourceError");
      buffer.fill("b");
      const counts = await countAll(pair.server);
      expect([...counts.keys()]).toEqual([97]);
      expect(counts.get(97)).toBeLessThan(MUCH);
    });

    it("keeps slices of several stuck connections apart", async () => {
      await using one = await subject.pair();
      await using two = await subject.pair();
      const sending = [one.client.sendall(Buffer.alloc(MUCH / 4, 1)), two.client.sendall(Buffer.alloc(MUCH / 4, 2))];
      const [first, second] = await Promise.all([
        receiveBytes(one.server, MUCH / 4),
        receiveBytes(two.server, MUCH / 4),
        ...sending,
      ]);
      expect(first?.equals(Buffer.alloc(MUCH / 4, 1))).toBe(true);
      expect(second?.equals(Buffer.alloc(MUCH / 4, 2))).toBe(true);
    });
  });
}

for (const subject of tcpStreams) {
  describe.skipIf(subject.missing !== null)(`The name of a socket over ${subject.title}`, () => {
    it("is still known when the peer has reset the connection", async () => {
      await using accepted = await subject.accepted();
      const name = accepted.listener.getsockname();
      accepted.peer.reset();
      expect((await failureOf(accepted.socket.recv(10))).code).toBe("ECONNRESET");
      expect(accepted.socket.getsockname()).toEqual(name);
    });

    it("is still known to a client whose server has reset the connection", async () => {
      await using pair = await subject.pair();
      const name = pair.server.getpeername();
      pair.server.abort();
      expect((await failureOf(pair.client.recv(10))).code).toBe("ECONNRESET");
      expect(pair.client.getsockname()).toEqual(name);
    });

    it("is the address at which the client arrived, where the listener has a wildcard", async () => {
      const [host] = subject.address();
      await using listener = await subject.listener([host === "::1" ? "::" : "0.0.0.0", 0]);
      const port = Number(listener.getsockname()[1]);
      await using client = subject.socket();
      const [[socket]] = await Promise.all([listener.accept(), client.connect([String(host), port])]);
      await using _socket = socket;
      client.abort();
      expect((await failureOf(socket.recv(10))).code).toBe("ECONNRESET");
      expect(socket.getsockname()).toEqual([host, port]);
    });
  });
}
