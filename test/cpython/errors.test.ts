/**
 * CPython's `ErrorHandlerTest` and the rest of `MiscTestCase` (Lib/test/test_socketserver.py).
 *
 * What the tests of threading mean for any mix-in is tested with `MultiplexingMixIn` as well.
 */

import { readdirSync } from "node:fs";
import {
  type Address,
  BaseRequestHandler,
  ExitRequest,
  type Forking,
  MultiplexingMixIn,
  type Socket,
  StreamRequestHandler,
  TCPServer,
} from "ts-socketserver";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Bad, LineEcho } from "../support/contract-handlers.mjs";
import { allStreamSubjects, type StreamSubject } from "../support/subjects.js";

/** Keeps what CPython's test writes to a file. */
class ErrorTestServer extends TCPServer {
  readonly log: string[] = [];
  exception: Error = new Error("Test error");

  override handleError(): void {
    this.log.push("Error handled");
  }
}

class MultiplexingErrorTestServer extends MultiplexingMixIn(ErrorTestServer) {}

class BadHandler extends BaseRequestHandler<Socket, ErrorTestServer> {
  override handle(): void {
    this.server.log.push("Handler called");
    throw this.server.exception;
  }
}

/** Fails only when the client has sent a line: long after a multiplexing server has begun to wait for the next client. */
class LateBadHandler extends StreamRequestHandler<ErrorTestServer> {
  override async handle(): Promise<void> {
    await this.rfile.readline();
    this.server.log.push("Handler called");
    throw this.server.exception;
  }
}

async function handleOne(server: ErrorTestServer): Promise<void> {
  await server.open();
  const client = await StreamTestClient.connect(server.serverAddress);
  await client.close();
  try {
    await server.handleRequest();
  } finally {
    await server.serverClose();
  }
}

const here: Address = ["127.0.0.1", 0];
/** For what comes to be so in a moment, on however slow a machine. */
const PATIENTLY = { timeout: 15_000, interval: 5 };

describe("a handler that fails", () => {
  it("test_sync_handled: its error is given to handleError()", async () => {
    const server = new ErrorTestServer(here, BadHandler);
    await handleOne(server);
    expect(server.log).toEqual(["Handler called", "Error handled"]);
  });

  it("test_sync_not_handled: its exit request is not, and comes out of handleRequest()", async () => {
    const server = new ErrorTestServer(here, BadHandler);
    server.exception = new ExitRequest(3);
    await expect(handleOne(server)).rejects.toBe(server.exception);
    expect(server.log).toEqual(["Handler called"]);
  });

  it("test_threading_handled, for multiplexing: its error is given to handleError()", async () => {
    const server = new MultiplexingErrorTestServer(here, BadHandler);
    await handleOne(server);
    expect(server.log).toEqual(["Handler called", "Error handled"]);
  });

  it("test_threading_not_handled, for multiplexing: its exit request is not, and comes out of serveForever()", async () => {
    const server = new MultiplexingErrorTestServer(here, LateBadHandler);
    server.exception = new ExitRequest(3);
    await server.open();
    const served = server.serveForever();
    await using client = await StreamTestClient.connect(server.serverAddress);
    await client.write("fail\n");
    await expect(served).rejects.toBe(server.exception);
    await client.ended();
    await server.serverClose();
    expect(server.log).toEqual(["Handler called"]);
  });

  it("test_threading_not_handled, for multiplexing: an exit request after handleRequest() has returned is not given to handleError()", async () => {
    const server = new MultiplexingErrorTestServer(here, LateBadHandler);
    server.exception = new ExitRequest();
    await server.open();
    await using client = await StreamTestClient.connect(server.serverAddress);
    await server.handleRequest();
    await client.write("fail\n");
    await client.ended();
    await server.serverClose();
    expect(server.log).toEqual(["Handler called"]);
  });
});

/** The servers of TCP whose handlers run elsewhere. */
const remoteSubjects = allStreamSubjects.filter(
  ({ model, refusal, makeAddress }) =>
    (model === "threading" || model === "forking") && refusal === undefined && typeof makeAddress() !== "string",
);

/** CPython's `ThreadingErrorTestServer` and `ForkingErrorTestServer`, whose handler calls it from where it runs. */
function makeErrorTestServer({ ServerClass }: StreamSubject) {
  return new (class extends ServerClass {
    readonly log: string[] = [];
    exits = false;
    note(line: string): void {
      this.log.push(line);
    }
    override handleError(): void {
      this.log.push("Error handled");
    }
  })(here, Bad);
}

for (const subject of remoteSubjects) {
  const { model, name, transport } = subject;

  describe(`a handler that fails, of a ${name} on the ${transport} transport`, () => {
    // One for all of them: its threads or processes are started once.
    const server = makeErrorTestServer(subject);

    beforeAll(() => server.open());
    afterAll(() => server.serverClose());

    beforeEach(() => {
      server.log.length = 0;
      server.exits = false;
    });

    it(`test_${model}_handled: its error is given to handleError()`, async () => {
      await using client = await StreamTestClient.connect(server.serverAddress);
      await server.handleRequest();
      await client.ended();
      await expect.poll(() => server.log, PATIENTLY).toEqual(["Handler called", "Error handled"]);
      await expect.poll(() => server.activeRequests, PATIENTLY).toBe(0);
      expect(server.log).toHaveLength(2);
    });

    it(`test_${model}_not_handled: an exit request after handleRequest() has returned comes out of the next run`, async () => {
      server.exits = true;
      await using client = await StreamTestClient.connect(server.serverAddress);
      await server.handleRequest();
      await client.ended();
      await expect.poll(() => server.activeRequests, PATIENTLY).toBe(0);
      await expect(server.serveForever()).rejects.toBeInstanceOf(ExitRequest);
      expect(server.log).toEqual(["Handler called"]);
    });

    // The last one closes the server.
    it(`test_${model}_not_handled: its exit request is not, and comes out of serveForever()`, async () => {
      server.exits = true;
      const served = server.serveForever();
      await using client = await StreamTestClient.connect(server.serverAddress);
      await expect(served).rejects.toMatchObject({ name: "ExitRequest", exitCode: 3 });
      await client.ended();
      await server.serverClose();
      expect(server.log).toEqual(["Handler called"]);
    });

    it("test_threads_reaped: neither requests that have ended are kept, nor threads or processes for them", async () => {
      await using running = await serve(new subject.ServerClass(here, LineEcho));
      const { server } = running;
      const serveOne = async (): Promise<void> => {
        await using client = await running.connect();
        await client.write("hello world\n");
        expect(await client.readAll()).toBe("hello world\n");
      };
      await serveOne();
      const before = countRunners(server);
      for (let count = 0; count < 10; count++) await serveOne();
      await expect.poll(() => server.activeRequests, PATIENTLY).toBe(0);
      expect(countRunners(server)).toBe(before);
    });
  });
}

/** The children of a server, and the threads of this process where the system tells. */
function countRunners(server: object): number {
  if ("activeChildren" in server) return (server as Forking).activeChildren.size;
  return process.platform === "linux" ? readdirSync("/proc/self/task").length : 0;
}

describe("requests", () => {
  it("test_shutdown_request_called_if_verify_request_false: shutdownRequest() is called exactly once", async () => {
    class MyServer extends TCPServer {
      shutdownCalled = 0;
      override verifyRequest(): boolean {
        return false;
      }
      override async shutdownRequest(request: Socket): Promise<void> {
        this.shutdownCalled += 1;
        await super.shutdownRequest(request);
      }
    }
    await using server = new MyServer(here, StreamRequestHandler);
    await server.open();
    await using client = await StreamTestClient.connect(server.serverAddress);
    await server.handleRequest();
    expect(server.shutdownCalled).toBe(1);
    expect(await client.readAll()).toBe("");
  });

  it("test_threads_reaped, for multiplexing: requests that have ended are not kept", async () => {
    class MyServer extends MultiplexingMixIn(TCPServer) {}
    await using server = new MyServer(here, StreamRequestHandler);
    await server.open();
    for (let count = 0; count < 10; count++) {
      await using client = await StreamTestClient.connect(server.serverAddress);
      await server.handleRequest();
      await client.ended();
    }
    expect(server.activeRequests).toBeLessThan(10);
    await server.serverClose();
    expect(server.activeRequests).toBe(0);
  });

  it("test_threads_reaped, for multiplexing: requests that still run are counted until they end", async () => {
    class MyServer extends MultiplexingMixIn(TCPServer) {}
    class Greeting extends StreamRequestHandler {
      override async handle(): Promise<void> {
        await this.wfile.write("begun\n");
        await this.rfile.read();
      }
    }
    await using running = await serve(new MyServer(here, Greeting));
    await using one = await running.connect();
    await using other = await running.connect();
    expect([await one.readLine(), await other.readLine()]).toEqual(["begun\n", "begun\n"]);
    expect(running.server.activeRequests).toBe(2);
    one.end();
    other.end();
    await running.server.serverClose();
    expect(running.server.activeRequests).toBe(0);
  });
});
