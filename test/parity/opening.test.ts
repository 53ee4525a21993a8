/** The life of a server: how it is opened, and what it refuses. */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import {
  type Address,
  BaseRequestHandler,
  BusyResourceError,
  ClosedResourceError,
  MultiplexingTCPServer,
  TCPServer,
} from "ts-socketserver";
import { SO_KEEPALIVE, SOL_SOCKET } from "ts-socketserver/socket";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { FaultyTransport } from "../support/faulty-transport.js";
import { Echo, Idle } from "../support/handlers.js";
import { allDatagramSubjects, allStreamSubjects } from "../support/subjects.js";

const here: Address = ["127.0.0.1", 0];

describe("new", () => {
  for (const subject of [...allStreamSubjects, ...allDatagramSubjects]) {
    it(`new ${subject.name}() does no I/O: it opens nothing, and has neither socket nor descriptor`, () => {
      const transport = new FaultyTransport();
      const address = subject.makeAddress();
      const server =
        subject.kind === "stream"
          ? new subject.ServerClass(address, Idle, { transport })
          : new subject.ServerClass(address, BaseRequestHandler, { transport });
      expect(transport.opened).toBe(0);
      expect(server.fileno()).toBe(-1);
      expect(server.serverAddress).toBe(address);
      expect(() => server.socket).toThrow(ClosedResourceError);
      expect(() => server.socket).toThrow(/is not open .*Await server\.open\(\) first/);
    });
  }
});

describe("open()", () => {
  it("replaces port 0 by the real one, and once is enough: twice, or twice at once, opens one socket", async () => {
    const transport = new FaultyTransport();
    await using server = new TCPServer(here, Echo, { transport });
    await Promise.all([server.open(), server.open()]);
    const address = server.serverAddress;
    expect(address).toEqual(["127.0.0.1", expect.any(Number)]);
    expect(address[1]).toBeGreaterThan(0);
    await server.open();
    expect(transport.opened).toBe(1);
    expect(server.serverAddress).toEqual(address);
  });

  it("lets clients connect before anybody serves", async () => {
    await using server = new TCPServer(here, Echo);
    await server.open();
    await using client = await StreamTestClient.connect(server.serverAddress);
    await client.write("early\n");
    const served = server.serveForever();
    expect(await client.readLine()).toBe("early\n");
    client.end();
    await server.shutdown();
    await served;
  });

  it("is not needed: serveForever() and handleRequest() open the server", async () => {
    // The step that subclasses override is where a program learns that it can be reached.
    class Announcing extends TCPServer {
      announce = (): void => {};
      readonly listening = new Promise<void>((resolve) => {
        this.announce = resolve;
      });
      override async serverActivate(): Promise<void> {
        await super.serverActivate();
        this.announce();
      }
    }
    for (const method of ["serveForever", "handleRequest"] as const) {
      await using server = new Announcing(here, Echo);
      const over = server[method]();
      await server.listening;
      await using client = await StreamTestClient.connect(server.serverAddress);
      await client.write("x\n");
      expect(await client.readLine()).toBe("x\n");
      client.end();
      await server.shutdown();
      await over;
    }
  });

  it("that fails leaves nothing open, and can be tried again when the cause is gone", async () => {
    const holder = await serve(new TCPServer(here, Idle));
    await using server = new TCPServer(holder.address, Echo);
    await expect(server.open()).rejects.toMatchObject({
      code: "EADDRINUSE",
      message: `Cannot bind tcp 127.0.0.1:${holder.address[1]}: address already in use (EADDRINUSE)`,
    });
    await expect(server.serveForever()).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(server.fileno()).toBe(-1);
    await holder.close();
    await using running = await serve(server);
    await using client = await running.connect();
    await client.write("at last\n");
    expect(await client.readLine()).toBe("at last\n");
  });

  for (const step of ["serverBind", "serverActivate"] as const) {
    it(`whose ${step}() fails after its work leaves nothing open, and can be tried again`, async () => {
      let attempts = 0;
      class Flaky extends TCPServer {
        override async serverBind(): Promise<void> {
          await super.serverBind();
          if (step === "serverBind" && attempts++ === 0) throw new Error("Test error");
        }
        override async serverActivate(): Promise<void> {
          await super.serverActivate();
          if (step === "serverActivate" && attempts++ === 0) throw new Error("Test error");
        }
      }
      const server = new Flaky(here, Echo);
      await expect(server.open()).rejects.toThrow("Test error");
      expect(server.fileno()).toBe(-1);
      if (server.serverAddress[1] !== 0) {
        await expect(StreamTestClient.connect(server.serverAddress)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      }
      await using running = await serve(server);
      await using client = await running.connect();
      await client.write("again\n");
      expect(await client.readLine()).toBe("again\n");
    });
  }

  // In a thread of its own, whose process has the listeners of its servers alone: other tests may still have some open.
  it("whose logger fails after all other steps leaves nothing open, and can be tried again", async () => {
    const worker = new Worker(new URL("opening-program.mjs", import.meta.url));
    const exited = once(worker, "exit");
    const [{ listeners, ...rest }] = await once(worker, "message");
    expect(rest).toEqual({ failure: "Test error", fileno: -1, refusal: "ECONNREFUSED" });
    const [before] = listeners;
    expect(listeners).toEqual([before, before, before.map((count: number) => count + 1), before]);
    expect(await exited).toEqual([0]);
  });

  it("refuses a logger that is none of pino's, before anything is opened", async () => {
    const transport = new FaultyTransport();
    await using server = new TCPServer(here, Echo, { transport, logger: console as never });
    await expect(server.open()).rejects.toThrow(
      "Cannot use [object console] as TCPServer.logger: it takes a pino logger",
    );
    expect(transport.opened).toBe(0);
  });

  it("that fails gives a port 0 back: another try may get another port", async () => {
    class Flaky extends TCPServer {
      attempts = 0;
      override async serverActivate(): Promise<void> {
        await super.serverActivate();
        if (this.attempts++ === 0) throw new Error("Test error");
      }
    }
    await using server = new Flaky(here, Echo);
    await expect(server.open()).rejects.toThrow("Test error");
    expect(server.serverAddress).toEqual(here);
  });

  it("serverBind() is the place to set socket options first", async () => {
    class Tuned extends TCPServer {
      override async serverBind(): Promise<void> {
        this.socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, true);
        await super.serverBind();
      }
    }
    await using plain = new TCPServer(here, Idle);
    await using tuned = new Tuned(here, Idle);
    for (const server of [plain, tuned]) await server.open();
    const kept = [plain, tuned].map((server) => server.socket.getsockopt(SOL_SOCKET, SO_KEEPALIVE));
    expect(kept).toEqual([0, 1]);
  });
});

describe("what a server refuses", () => {
  it("a second serveForever() or handleRequest() while one is running, which goes on", async () => {
    await using running = await serve(new MultiplexingTCPServer(here, Echo));
    for (const method of ["serveForever", "handleRequest"] as const) {
      const refused = await running.server[method]().catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(BusyResourceError);
      expect(refused).toMatchObject({ code: "EBUSY", message: expect.stringMatching(/is already serving/) });
    }
    await using client = await running.connect();
    await client.write("x\n");
    expect(await client.readLine()).toBe("x\n");
  });

  it("to be opened again once it is closed", async () => {
    const running = await serve(new TCPServer(here, Idle));
    await running.close();
    const { server } = running;
    for (const method of ["open", "serveForever", "handleRequest"] as const) {
      await expect(server[method]()).rejects.toMatchObject({ name: "ClosedResourceError", code: "EBADF" });
    }
    expect(server.fileno()).toBe(-1);
    await server.shutdown();
  });

  it("to be opened once it was closed without ever being open", async () => {
    const server = new TCPServer(here, Idle);
    await server.serverClose();
    await expect(server.open()).rejects.toBeInstanceOf(ClosedResourceError);
    expect(server.fileno()).toBe(-1);
  });
});
