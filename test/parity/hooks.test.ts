/**
 * Hooks that wait for their own server, fail, or take long: the server neither hangs nor loses count.
 */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { pino } from "pino";
import "reflect-metadata";
import {
  type Address,
  BaseRequestHandler,
  CLIENT_ADDRESS_TOKEN,
  DatagramRequestHandler,
  ExitRequest,
  MultiplexingTCPServer,
  MultiplexingUDPServer,
  REQUEST_TOKEN,
  SERVER_TOKEN,
  type Socket,
  TCPServer,
} from "ts-socketserver";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { container, type Disposable, inject, injectable, Lifecycle, scoped } from "tsyringe";
import { describe, expect, it, vi } from "vitest";
import { override } from "../support/override.js";
import { settle } from "../support/settle.js";
import { within } from "../support/within.js";

const here = ["127.0.0.1", 0] as const;
const silent = pino({ level: "silent" });

class Line extends BaseRequestHandler {
  override async handle(): Promise<void> {
    await this.request.sendall(await this.request.recv(100));
  }
}

/** A promise with its resolve function, and whether it was resolved. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe("hooks", () => {
  it("serviceActions() may await shutdown()", async () => {
    class Server extends TCPServer {
      override async serviceActions(): Promise<void> {
        await this.shutdown();
      }
    }
    await using server = new Server(here, Line);
    await within(15, "serving", server.serveForever(0.01));
  });

  it("handleTimeout() may await serverClose()", async () => {
    class Server extends TCPServer {
      override timeout = 0.01;
      override async handleTimeout(): Promise<void> {
        await this.serverClose();
      }
    }
    const server = new Server(here, Line);
    await within(15, "handleRequest()", server.handleRequest());
    await within(15, "serverClose()", server.serverClose());
    expect(server.fileno()).toBe(-1);
  });

  it("serviceActions() goes on while a multiplexing server is full", async () => {
    const twice = gate();
    const release = gate();
    class Held extends BaseRequestHandler {
      override async handle(): Promise<void> {
        await release.opened;
      }
    }
    class Server extends MultiplexingTCPServer {
      calls = 0;
      override async serviceActions(): Promise<void> {
        if (this.activeRequests < this.maxConnections) return;
        this.calls += 1;
        if (this.calls === 3) twice.open();
      }
    }
    const server = new Server(here, Held, { maxConnections: 1, logger: silent });
    await server.open();
    const served = server.serveForever(0.01);
    await using running = await StreamTestClient.connect(server.serverAddress);
    await within(15, "serviceActions()", twice.opened);
    release.open();
    await running.ended();
    await server.serverClose();
    await served;
  });

  it("a shutdownRequest() that throws when verifyRequest() has said no is called once, told, and the server goes on", async () => {
    const errors: unknown[] = [];
    class Server extends TCPServer {
      refused = 0;
      override verifyRequest(): boolean {
        return this.refused > 0;
      }
      override async shutdownRequest(request: Socket): Promise<void> {
        await super.shutdownRequest(request);
        if (this.refused++ === 0) throw new Error("shutdownRequest failed");
      }
      override handleError(error: unknown): void {
        errors.push(error);
      }
    }
    await using running = await serve(new Server(here, Line));
    await using refused = await running.connect();
    await refused.ended();
    await using next = await running.connect();
    await next.write("hello");
    expect(await next.read(5)).toBe("hello");
    expect(errors).toEqual([new Error("shutdownRequest failed")]);
  });

  it("an abortRequest() that throws does not keep serverClose() from the other requests", async () => {
    class Held extends BaseRequestHandler {
      override async handle(): Promise<void> {
        await this.request.sendall("in");
        await this.request.recv(1);
      }
    }
    class Server extends MultiplexingTCPServer {
      override async abortRequest(request: Socket): Promise<void> {
        await super.abortRequest(request);
        throw new Error("abortRequest failed");
      }
    }
    const server = new Server(here, Held, { shutdownTimeout: 0.01, logger: silent });
    await using running = await serve(server);
    await using one = await running.connect();
    await using two = await running.connect();
    await Promise.all([one.read(2), two.read(2)]);
    await within(15, "serverClose()", server.serverClose());
    await Promise.all([one.ended(), two.ended()]);
    expect(server.activeRequests).toBe(0);
  });

  it("serverClose() does not wait for a getRequest() that goes on beyond shutdownTimeout", async () => {
    const taken = gate();
    const release = gate();
    class Server extends TCPServer {
      override async getRequest(): ReturnType<TCPServer["getRequest"]> {
        const accepted = await super.getRequest();
        taken.open();
        await release.opened;
        return accepted;
      }
    }
    const server = new Server(here, Line, { shutdownTimeout: 0.05, logger: silent });
    await using running = await serve(server);
    await using client = await running.connect();
    await taken.opened;
    await within(15, "serverClose()", server.serverClose());
    release.open();
    await client.ended();
  });

  it("a pollInterval that no timer can take is refused", async () => {
    await using server = new TCPServer(here, Line);
    for (const interval of [Number.NaN, -1, Number.POSITIVE_INFINITY, 1e10]) {
      await expect(server.serveForever(interval)).rejects.toThrow(`Cannot use ${interval} as pollInterval`);
    }
  });
});

describe("a processRequest() that passes on another request in the place of the one it was given", () => {
  class Wrapping extends MultiplexingTCPServer {
    readonly wrapped: Socket[] = [];
    readonly errors: unknown[][] = [];
    override processRequest(request: Socket, clientAddress: Address): void {
      const wrapped = override(request, {});
      this.wrapped.push(wrapped);
      super.processRequest(wrapped, clientAddress);
    }
    override handleError(...told: unknown[]): void {
      this.errors.push(told);
    }
  }
  class Failing extends BaseRequestHandler {
    override async handle(): Promise<void> {
      await this.request.sendall("in");
      await this.request.recv(1);
      throw new Error("the handler failed");
    }
  }

  it("in a plain server: its handler's error is told, with that request and the client's address", async () => {
    const errors: unknown[][] = [];
    const wrapped: Socket[] = [];
    class Server extends TCPServer {
      override async processRequest(request: Socket, clientAddress: Address): Promise<void> {
        wrapped.push(override(request, {}));
        await super.processRequest(wrapped.at(-1) as Socket, clientAddress);
      }
      override handleError(...told: unknown[]): void {
        errors.push(told);
      }
    }
    await using running = await serve(new Server(here, Failing));
    await using client = await running.connect();
    await client.write("x");
    expect(await client.readAll()).toBe("in");
    expect(errors).toEqual([[new Error("the handler failed"), expect.anything(), client.address]]);
    expect(errors[0]?.[1]).toBe(wrapped[0]);
  });

  it("that is no Socket at all: its connection is ended by what every such wrapper has", async () => {
    class Wrapper {
      constructor(readonly socket: Socket) {}
      recv = (size: number): Promise<Buffer> => this.socket.recv(size);
      sendall = (data: string): Promise<void> => this.socket.sendall(data);
      shutdown = (how: number): Promise<void> => this.socket.shutdown(how);
      close = (): Promise<void> => this.socket.close();
      abort = (): void => this.socket.abort();
    }
    const errors: unknown[] = [];
    class Server extends TCPServer {
      override async processRequest(request: Socket, clientAddress: Address): Promise<void> {
        await super.processRequest(new Wrapper(request) as unknown as Socket, clientAddress);
      }
      override handleError(error: unknown): void {
        errors.push(error);
      }
    }
    await using running = await serve(new Server(here, Failing));
    await using client = await running.connect();
    await client.write("x");
    expect(await client.readAll()).toBe("in");
    expect(errors).toEqual([new Error("the handler failed")]);
  });

  it("is asked for nothing more where its handler has closed it", async () => {
    const shutdown = vi.fn();
    class Server extends TCPServer {
      override async processRequest(request: Socket, clientAddress: Address): Promise<void> {
        await super.processRequest(override(request, { shutdown }), clientAddress);
      }
    }
    class Closing extends BaseRequestHandler {
      override async handle(): Promise<void> {
        await this.request.close();
      }
    }
    await using running = await serve(new Server(here, Closing));
    await using client = await running.connect();
    await client.ended();
    await running.server.shutdown();
    expect(shutdown).not.toHaveBeenCalled();
  });

  for (const unhandledErrors of ["end-request", "end-process"] as const) {
    it(`in a multiplexing server (unhandledErrors: "${unhandledErrors}"): likewise, and it counts until it has ended`, async () => {
      await using running = await serve(new Wrapping(here, Failing, { unhandledErrors, maxConnections: 1 }));
      const { server } = running;
      await using client = await running.connect();
      await using next = await running.connect();
      expect(await client.read(2)).toBe("in");
      await settle();
      expect(server.activeRequests).toBe(1);
      expect(next.available).toBe(0);
      await client.write("x");
      expect(await client.readAll()).toBe("");
      expect(server.errors).toEqual([[new Error("the handler failed"), expect.anything(), client.address]]);
      expect(server.errors[0]?.[1]).toBe(server.wrapped[0]);
      expect(await next.read(2)).toBe("in");
      expect(server.activeRequests).toBe(1);
      await next.write("x");
      await next.ended();
      await server.shutdown();
      expect(server.activeRequests).toBe(0);
    });

    it(`in a multiplexing server (unhandledErrors: "${unhandledErrors}"): serverClose() waits for it, and cuts it off`, async () => {
      const server = new Wrapping(here, Failing, { unhandledErrors, shutdownTimeout: 0.01, logger: silent });
      await using running = await serve(server);
      await using client = await running.connect();
      expect(await client.read(2)).toBe("in");
      await within(15, "serverClose()", server.serverClose());
      await client.ended();
      expect(server.activeRequests).toBe(0);
      expect(server.errors).toEqual([]);
    });
  }
});

describe("requests at their end", () => {
  it("a datagram handler that is running when the server closes still answers", async () => {
    const inside = gate();
    const release = gate();
    class Slow extends DatagramRequestHandler {
      override async handle(): Promise<void> {
        inside.open();
        await release.opened;
        await this.wfile.write("answer");
      }
    }
    await using running = await serve(new MultiplexingUDPServer(here, Slow));
    await using client = await running.datagrams();
    await client.send("question");
    await inside.opened;
    const closed = running.server.serverClose();
    release.open();
    expect(await client.receive()).toBe("answer");
    await within(15, "serverClose()", closed);
  });

  it("every accepted connection is told closed once, also one that its handler closed", async () => {
    class Closer extends BaseRequestHandler {
      override async handle(): Promise<void> {
        await this.request.close();
      }
    }
    const closed: unknown[] = [];
    const listener = (message: unknown): void => {
      closed.push(message);
    };
    subscribe("socketserver:connection.close", listener);
    try {
      await using running = await serve(new TCPServer(here, Closer));
      await using client = await running.connect();
      await client.ended();
      await running.close();
      expect(closed).toEqual([expect.objectContaining({ server: running.server, clientAddress: client.address })]);
    } finally {
      unsubscribe("socketserver:connection.close", listener);
    }
  });

  it("an exit request outweighs a finish() that fails after it", async () => {
    class Leaving extends BaseRequestHandler {
      override handle(): void {
        throw new ExitRequest(3);
      }
      override finish(): void {
        throw new Error("finish failed");
      }
    }
    await using server = new TCPServer(here, Leaving);
    await server.open();
    const served = server.serveForever();
    served.catch(() => undefined);
    await using _client = await StreamTestClient.connect(server.serverAddress);
    await expect(within(15, "serving", served)).rejects.toMatchObject({ exitCode: 3 });
  });

  it("an exit request of finish() ends the server also after a failed handle(), whose error is its cause", async () => {
    class Leaving extends BaseRequestHandler {
      override handle(): void {
        throw new Error("handle failed");
      }
      override finish(): void {
        throw new ExitRequest(3);
      }
    }
    await using server = new TCPServer(here, Leaving, { logger: silent });
    await server.open();
    const served = server.serveForever();
    served.catch(() => undefined);
    await using _client = await StreamTestClient.connect(server.serverAddress);
    await expect(within(15, "serving", served)).rejects.toMatchObject({
      exitCode: 3,
      cause: new Error("handle failed"),
    });
  });

  it("a log that cannot be written harms no request", async () => {
    class Failing extends BaseRequestHandler {
      override handle(): void {
        throw new Error("the handler failed");
      }
    }
    const full = {
      write(): void {
        throw new Error("no space left on device");
      },
    };
    await using running = await serve(new TCPServer(here, Failing, { logger: pino({ level: "error" }, full) }));
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await using client = await running.connect();
      await client.ended();
    }
  });

  it("what was made for an injected handler is disposed of when its request has ended", async () => {
    const made: Resource[] = [];
    @scoped(Lifecycle.ContainerScoped)
    class Resource implements Disposable {
      disposed = false;
      constructor() {
        made.push(this);
      }
      dispose(): void {
        this.disposed = true;
      }
    }
    @injectable()
    class Injected extends BaseRequestHandler {
      constructor(
        @inject(REQUEST_TOKEN) request: Socket,
        @inject(CLIENT_ADDRESS_TOKEN) clientAddress: readonly [string, number],
        @inject(SERVER_TOKEN) server: TCPServer,
        readonly resource: Resource,
      ) {
        super(request, clientAddress, server);
      }
    }
    {
      await using running = await serve(new TCPServer(here, Injected, { container: container.createChildContainer() }));
      await using client = await running.connect();
      await client.ended();
    }
    expect(made.map(({ disposed }) => disposed)).toEqual([true]);
  });
});
