/** CPython's `SocketServerTest` (Lib/test/test_socketserver.py), over every server class and transport. */

import { type ChildProcess, spawn } from "node:child_process";
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

/** CPython's `simple_subprocess()`: a child that is not the server's own, and that leaves while it serves. */
function startUnrelatedChild(): ChildProcess {
  return spawn(process.execPath, ["-e", "process.stdin.on('end', () => process.exit(72)).resume()"], {
    stdio: ["pipe", "ignore", "inherit"],
  });
}

/** How many children a server has; none where it is not one that has some. */
function childrenOf(server: object): number {
  return "activeChildren" in server ? (server as Forking).activeChildren.size : 0;
}

for (const subject of [...allStreamSubjects, ...allDatagramSubjects]) {
  const { name, transport, refusal, model } = subject;
  /** Where requests run elsewhere, each server starts a thread or a process: fewer of them show the same. */
  const many = model === "plain" || model === "multiplexing" ? 20 : 3;

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

    it(`test_${name}: echoes to three clients, leaves its loop on shutdown, and has no descriptor after closing`, async () => {
      await using server = makeServer(subject);
      await server.open();
      expect(server.serverAddress).toEqual(server.socket.getsockname());
      expect(server.fileno()).toBeGreaterThanOrEqual(0);
      expect(childrenOf(server)).toBe(model === "forking" ? 1 : 0);
      const served = server.serveForever(0.01);
      for (let round = 0; round < 3; round++) {
        await using client = await subject.makeClient(server.serverAddress);
        await client.send(TEST_STR);
        expect(await client.receive()).toBe(TEST_STR);
      }
      await server.shutdown();
      await served;
      await server.serverClose();
      expect(server.fileno()).toBe(-1);
      expect(() => server.socket).toThrow(ClosedResourceError);
      expect(server.activeRequests).toBe(0);
      expect(childrenOf(server)).toBe(0);
    });

    if (model === "forking") {
      it(`test_${name}: leaves a child alone that is not its own`, async () => {
        const unrelated = startUnrelatedChild();
        const exited = once(unrelated, "exit");
        await using server = makeServer(subject);
        await server.open();
        const served = server.serveForever(0.01);
        unrelated.stdin?.end();
        await using client = await subject.makeClient(server.serverAddress);
        await client.send(TEST_STR);
        expect(await client.receive()).toBe(TEST_STR);
        await (server as unknown as Forking).collectChildren();
        expect(await exited).toEqual([72, null]);
        await server.shutdown();
        await served;
      });
    }

    it(`test_shutdown: ${many} ${name}s leave their loops although they are shut down the moment they start`, async () => {
      const servers = Array.from({ length: many }, () => makeServer(subject));
      const runs = servers.map((server) => [server.serveForever(0.01), server.shutdown()]);
      await Promise.all(runs.flat());
      expect(servers.map((server) => server.activeRequests)).toEqual(servers.map(() => 0));
      await Promise.all(servers.map((server) => server.serverClose()));
      expect(servers.map((server) => [server.fileno(), childrenOf(server)])).toEqual(servers.map(() => [-1, 0]));
    });

    it(`test_close_immediately: a ${name} can be closed without ever serving`, async () => {
      const opened = makeServer(subject);
      await opened.open();
      const neverOpened = makeServer(subject);
      await Promise.all([opened.serverClose(), neverOpened.serverClose()]);
      expect([opened.fileno(), neverOpened.fileno()]).toEqual([-1, -1]);
      expect(childrenOf(opened)).toBe(0);
    });

    it(`test_context_manager: leaving the block closes a ${name}`, async () => {
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
  // The test runner may open a file of its own meanwhile; a leak would be hundreds.
  const countDescriptors = (): number => readdirSync("/dev/fd").length;
  const titleOf = (what: string): string =>
    noDescriptors ? `${what} (skipped: Windows has no /dev/fd to count them in)` : what;

  it.skipIf(noDescriptors)(titleOf("test_tcpserver_bind_leak: 1,024 binds to port -1 leak no descriptor"), async () => {
    const before = countDescriptors();
    for (let count = 0; count < 1024; count++) {
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
      for (let count = 0; count < 256; count++) {
        await expect(new TCPServer(running.address, Idle).open()).rejects.toMatchObject({ code: "EADDRINUSE" });
      }
      expect(countDescriptors()).toBeLessThan(before + 32);
      await client.write(TEST_STR);
      expect(await client.readLine()).toBe(TEST_STR);
    },
  );
});
