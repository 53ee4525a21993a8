import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Socket } from "ts-socketserver";
import { SHUT_WR } from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { isPending } from "../support/settle.js";
import { bulkStreams, failureOf, receiveBytes, tcpStreams } from "./subjects.js";

const run = promisify(execFile);

/** More than two sockets of the kernel can hold, so that a send of it has to wait for its reader. */
const MUCH = 16 * 1024 * 1024;

/** How much comes up to the end of the stream. All of it is to be one letter. */
async function countAll(socket: Socket, letter: string): Promise<number> {
  const expected = Buffer.alloc(65_536, letter);
  for (let count = 0; ; ) {
    const chunk = await socket.recv(expected.length);
    if (chunk.length === 0) return count;
    if (!chunk.equals(expected.subarray(0, chunk.length))) expect.fail(`not only ${letter} at ${count}`);
    count += chunk.length;
  }
}

for (const subject of bulkStreams) {
  describe.skipIf(subject.missing !== null)(`Giving up a send over ${subject.title}`, () => {
    it("gives the caller its memory back after a TimeoutError: the peer gets nothing that was put there later", async () => {
      await using pair = await subject.pair();
      const buffer = Buffer.alloc(MUCH, "a");
      pair.client.settimeout(0.05);
      expect((await failureOf(pair.client.sendall(buffer))).code).toBe("ETIMEDOUT");
      buffer.fill("b");
      await pair.client.shutdown(SHUT_WR);
      expect(await countAll(pair.server, "a")).toBeGreaterThan(0);
    });

    it("gives the caller its memory back after close()", async () => {
      await using pair = await subject.pair();
      const buffer = Buffer.alloc(MUCH, "a");
      const failure = failureOf(pair.client.sendall(buffer));
      expect(await isPending(failure)).toBe(true);
      await pair.client.close();
      expect((await failure).name).toBe("ClosedResourceError");
      buffer.fill("b");
      const count = await countAll(pair.server, "a");
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThan(MUCH);
    });

    it("keeps slices of several stuck connections apart", async () => {
      await using one = await subject.pair();
      await using two = await subject.pair();
      const sending = [one.client.sendall(Buffer.alloc(MUCH / 2, 1)), two.client.sendall(Buffer.alloc(MUCH / 2, 2))];
      const [first, second] = await Promise.all([
        receiveBytes(one.server, MUCH / 2),
        receiveBytes(two.server, MUCH / 2),
        ...sending,
      ]);
      expect(first?.equals(Buffer.alloc(MUCH / 2, 1))).toBe(true);
      expect(second?.equals(Buffer.alloc(MUCH / 2, 2))).toBe(true);
    });
  });
}

for (const subject of bulkStreams) {
  describe.skipIf(subject.missing !== null)(`The first sends of a connection over ${subject.title}`, () => {
    it("find room also for a socket that may not wait", async () => {
      await using pair = await subject.pair();
      for (const socket of [pair.client, pair.server]) {
        socket.setblocking(false);
        expect(await socket.send("one, ")).toBe(5);
        await socket.sendall("two");
        socket.setblocking(true);
      }
      for (const socket of [pair.client, pair.server]) expect(String(await receiveBytes(socket, 8))).toBe("one, two");
    });

    it("come before all that follows: other sends, and the end", async () => {
      await using one = await subject.accepted();
      void one.socket.sendall("one, ");
      void one.socket.sendall("two");
      await one.socket.shutdown(SHUT_WR);
      expect(await one.peer.readAll()).toBe("one, two");
      await using two = await subject.accepted();
      void two.socket.sendall("one");
      await two.socket.close();
      expect(await two.peer.readAll()).toBe("one");
    });

    it("leave also when the process ends in that very turn", async () => {
      await using listener = await subject.listener();
      const program = fileURLToPath(new URL("../fixtures/last-words.mjs", import.meta.url));
      const env = { ...process.env, SOCKETSERVER_TRANSPORT: subject.transport.name };
      const running = run(process.execPath, [program, JSON.stringify(listener.getsockname())], { env });
      const [socket] = await listener.accept();
      await using _socket = socket;
      expect(String(await receiveBytes(socket, 100))).toBe("sent, written");
      await running;
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
      const { host } = subject;
      await using listener = await subject.listener([host === "::1" ? "::" : "0.0.0.0", 0]);
      const port = Number(listener.getsockname()[1]);
      await using client = subject.socket();
      const [[socket]] = await Promise.all([listener.accept(), client.connect([host, port])]);
      await using _socket = socket;
      client.abort();
      expect((await failureOf(socket.recv(10))).code).toBe("ECONNRESET");
      expect(socket.getsockname()).toEqual(host === "::1" ? [host, port, 0, 0] : [host, port]);
    });
  });
}
