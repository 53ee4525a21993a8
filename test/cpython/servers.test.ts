/** CPython's `SocketServerTest` (Lib/test/test_socketserver.py), over every server class and transport. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { ClosedResourceError, type Forking, TCPServer, UnsupportedOperation } from "ts-socketserver";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { DatagramEcho, Idle, LineEcho } from "../support/contract-handlers.mjs";
import { allDatagramSubjects, allStreamSubjects, type Subject } from "../support/subjects.js";

const TEST_STR = "hello world\n";

function makeServer(subject: Subject) {
  const address = subject.makeAddress();
  return subject.kind === "stream"
    ? new subject.ServerClass(address, LineEcho)
    : new subject.ServerClass(address, DatagramEcho);
}

/** CPython's `simple_subprocess()`: a child that is not the server's own leaves while the server serves. */
async function withUnrelatedChild(server: Forking, run: () => Promise<void>): Promise<void> {
  const program = "process.stdin.on('end', () => process.exit(72)).resume()";
  const unrelated = spawn(process.execPath, ["-e", program], { stdio: ["pipe", "ignore", "inherit"] });
  const exited = once(unrelated, "exit");
  unrelated.stdin.end();
  await run();
  await server.collectChildren();
  expect(await exited).toEqual([72, null]);
}

/** How many children a server has; none where it is not one that has some. */
function childrenOf(server: object): number {
  return "activeChildren" in server ? (server as Forking).activeChildren.size : 0;
}

for (const subject of [...allStreamSubjects, ...allDatagramSubjects]) {
  const { name, transport, refusal, model } = subject;
  /** Where requests run elsewhere, each server starts a thread or a process: one of them, that goes on, shows the same. */
  const isRemote = model === "threading" || model === "forking";
  const many = isRemote ? 1 : 20;

  describe(`${name} on the ${transport} transport`, () => {
    if (refusal !== undefined) {
      it(`test_${name}: opening it is refused with words that say what is missing and what to do`, async () => {
        const server = makeServer(subject);
        const error = await server.open().catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(UnsupportedOperation);
        expect(error).toMatchObject({ code: "ENOTSUP", message: expect.stringMatching(refusal) });
        expect(server.fileno()).toBe(-1);
        await server.serverClose();
      });
      return;
    }

    const last = makeServer(subject);

    it(`test_shutdown: ${many === 1 ? `a ${name} leaves its loop` : `${many} ${name}s leave their loops`} although shut down the moment it starts`, async () => {
      const servers = [last, ...Array.from({ length: many - 1 }, () => makeServer(subject))];
      const runs = servers.map((server) => [server.serveForever(0.01), server.shutdown()]);
      await Promise.all(runs.flat());
      expect(servers.map((server) => server.activeRequests)).toEqual(servers.map(() => 0));
      const closed = servers.slice(1);
      await Promise.all(closed.map((server) => server.serverClose()));
      expect(closed.map((server) => server.fileno())).toEqual(closed.map(() => -1));
    });

    const unrelatedToo = model === "forking" ? ", leaves a child alone that is not its own" : "";

    it(`test_${name}: echoes to three clients${unrelatedToo}, leaves its loop on shutdown, and has no descriptor after closing`, async () => {
      await using server = last;
      await server.open();
      expect(server.serverAddress).toEqual(server.socket.getsockname());
      expect(server.fileno()).toBeGreaterThanOrEqual(0);
      expect(childrenOf(server)).toBe(model === "forking" ? 1 : 0);
      const served = server.serveForever(0.01);
      const echo = async (): Promise<void> => {
        await using client = await subject.makeClient(server.serverAddress);
        await client.send(TEST_STR);
        expect(await client.receive()).toBe(TEST_STR);
      };
      for (let round = 0; round < 3; round++) await echo();
      if (model === "forking") await withUnrelatedChild(server as unknown as Forking, echo);
      await server.shutdown();
      await served;
      await server.serverClose();
      expect(server.fileno()).toBe(-1);
      expect(() => server.socket).toThrow(ClosedResourceError);
      expect(server.activeRequests).toBe(0);
      expect(childrenOf(server)).toBe(0);
    });

    it(`test_close_immediately: a ${name} can be closed without ever being open`, async () => {
      const server = makeServer(subject);
      await server.serverClose();
      expect(server.fileno()).toBe(-1);
    });

    // What starts threads and processes does so whatever the socket is: TCP stands for all.
    if (isRemote && (subject.kind !== "stream" || typeof subject.makeAddress() === "string")) return;

    it(`test_close_immediately, test_context_manager: leaving the block closes a ${name} that has never served`, async () => {
      const left = await (async () => {
        await using server = makeServer(subject);
        await server.open();
        expect(server.fileno()).toBeGreaterThanOrEqual(0);
        return server;
      })();
      expect([left.fileno(), childrenOf(left)]).toEqual([-1, 0]);
    });
  });
}

describe("failed binds", () => {
  const noDescriptors = process.platform === "win32";
  // The test runner may open a file of its own meanwhile; a leak would be a hundred.
  const countDescriptors = (): number => readdirSync("/dev/fd").length;
  const titleOf = (what: string): string =>
    noDescriptors ? `${what} (skipped: Windows has no /dev/fd to count them in)` : what;

  it.skipIf(noDescriptors)(titleOf("test_tcpserver_bind_leak: 128 binds to port -1 leak no descriptor"), async () => {
    const before = countDescriptors();
    for (let count = 0; count < 128; count++) {
      const server = new TCPServer(["127.0.0.1", -1], Idle);
      await expect(server.open()).rejects.toThrow(RangeError);
      expect(server.fileno()).toBe(-1);
    }
    expect(countDescriptors()).toBeLessThan(before + 32);
  });

  it.skipIf(noDescriptors)(
    titleOf("test_tcpserver_bind_leak: binds that the system refuses leak no descriptor either"),
    async () => {
      await using running = await serve(new TCPServer(["127.0.0.1", 0], LineEcho));
      // The first failure makes what is made once only, such as the error's own look-ups.
      await expect(new TCPServer(running.address, Idle).open()).rejects.toMatchObject({ code: "EADDRINUSE" });
      await using client = await StreamTestClient.connect(running.address);
      const before = countDescriptors();
      for (let count = 0; count < 128; count++) {
        await expect(new TCPServer(running.address, Idle).open()).rejects.toMatchObject({ code: "EADDRINUSE" });
      }
      expect(countDescriptors()).toBeLessThan(before + 32);
      await client.write(TEST_STR);
      expect(await client.readLine()).toBe(TEST_STR);
    },
  );
});
