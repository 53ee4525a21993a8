/**
 * CPython's `ErrorHandlerTest` and the rest of `MiscTestCase` (Lib/test/test_socketserver.py).
 *
 * test_threading_handled, test_threading_not_handled, test_forking_handled, test_forking_not_handled and
 * test_threads_reaped come with their mix-ins. What they mean for any mix-in is tested here with `MultiplexingMixIn`.
 */

import {
  type Address,
  BaseRequestHandler,
  ExitRequest,
  MultiplexingMixIn,
  type Socket,
  StreamRequestHandler,
  TCPServer,
} from "ts-socketserver";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";

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
