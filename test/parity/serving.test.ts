/** How `serveForever()` and `handleRequest()` run: signals, time-outs, service actions. */

import { getEventListeners } from "node:events";
import { type Address, DatagramRequestHandler, MultiplexingTCPServer, TCPServer, UDPServer } from "ts-socketserver";
import { DatagramTestClient, StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { FaultyTransport } from "../support/faulty-transport.js";
import { DatagramEcho, Echo, Idle, LineEcho } from "../support/handlers.js";
import { settle, turnsDuring } from "../support/settle.js";

const here: Address = ["127.0.0.1", 0];

describe("serveForever({ signal })", () => {
  for (const ServerClass of [TCPServer, MultiplexingTCPServer]) {
    it(`ends a ${ServerClass.name}'s loop when the signal is aborted; the server stays open and can serve again`, async () => {
      await using server = new ServerClass(here, LineEcho);
      await server.open();
      for (let round = 0; round < 2; round++) {
        const controller = new AbortController();
        const served = server.serveForever({ signal: controller.signal });
        await using client = await StreamTestClient.connect(server.serverAddress);
        await client.write("x\n");
        expect(await client.readLine()).toBe("x\n");
        controller.abort();
        await served;
        expect(server.fileno()).not.toBe(-1);
      }
    });
  }

  it("returns at once, and opens nothing, when the signal was aborted before", async () => {
    const transport = new FaultyTransport();
    await using server = new TCPServer(here, Idle, { transport });
    await server.serveForever({ signal: AbortSignal.abort() });
    expect(transport.opened).toBe(0);
  });

  it("leaves although it is aborted while the server is still opening", async () => {
    await using server = new TCPServer(here, Idle);
    const controller = new AbortController();
    const served = server.serveForever({ signal: controller.signal });
    controller.abort();
    await served;
    expect(server.fileno()).not.toBe(-1);
  });

  it("listens to the signal no longer when it has returned: aborting it later does not end the next run", async () => {
    await using server = new TCPServer(here, LineEcho);
    await server.open();
    const controller = new AbortController();
    const first = server.serveForever({ signal: controller.signal });
    await server.shutdown();
    await first;
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    const second = server.serveForever();
    controller.abort();
    await using client = await StreamTestClient.connect(server.serverAddress);
    await client.write("x\n");
    expect(await client.readLine()).toBe("x\n");
    await server.shutdown();
    await second;
  });
});

class Patient extends TCPServer {
  readonly calls: string[] = [];
  override handleTimeout(): void {
    this.calls.push("handleTimeout");
  }
  override serviceActions(): void {
    this.calls.push("serviceActions");
  }
}

describe("handleRequest()", () => {
  it("lets the event loop turn though it may not wait, so that who polls with it is reached", async () => {
    await using server = new TCPServer(here, Idle, { timeout: 0 });
    await server.open();
    const turns = await turnsDuring(async () => {
      for (let call = 0; call < 100; call += 1) await server.handleRequest();
    });
    expect(turns).toBeGreaterThanOrEqual(50);
  });

  it("lets the event loop turn while datagrams wait whose handlers never do", async () => {
    class Silent extends DatagramRequestHandler {
      override handle(): void {
        // Else so few take less time than a turn may.
        for (const end = performance.now() + 0.1; performance.now() < end; );
      }
    }
    await using server = new UDPServer(here, Silent);
    await server.open();
    await using client = await DatagramTestClient.open(server.serverAddress);
    for (let count = 0; count < 150; count += 1) await client.send("x");
    await settle();
    const turns = await turnsDuring(async () => {
      for (let call = 0; call < 150; call += 1) await server.handleRequest();
    });
    expect(turns).toBeGreaterThanOrEqual(2);
  });

  it("serves one request and returns", async () => {
    await using server = new Patient(here, LineEcho);
    await server.open();
    await using one = await StreamTestClient.connect(server.serverAddress);
    await using other = await StreamTestClient.connect(server.serverAddress);
    await one.write("one\n");
    await other.write("other\n");
    await server.handleRequest();
    expect(await one.readLine()).toBe("one\n");
    expect(other.available).toBe(0);
    expect(server.calls).toEqual([]);
  });

  it("calls handleTimeout() when nobody came within timeout seconds, and not before", async () => {
    await using server = new Patient(here, Idle, { timeout: 0.05 });
    await server.open();
    const begin = performance.now();
    await server.handleRequest();
    // Node's timers may be early by less than a millisecond.
    expect(performance.now() - begin).toBeGreaterThan(49);
    expect(server.calls).toEqual(["handleTimeout"]);
  });

  it("waits at most the smaller of timeout and the socket's own time-out", async () => {
    await using server = new Patient(here, Idle, { timeout: 3600 });
    await server.open();
    server.socket.settimeout(0.01);
    await server.handleRequest();
    server.socket.settimeout(3600);
    server.timeout = 0.01;
    await server.handleRequest();
    server.socket.settimeout(null);
    await server.handleRequest();
    expect(server.calls).toEqual(["handleTimeout", "handleTimeout", "handleTimeout"]);
  });

  it("with timeout 0 takes what is there, and otherwise calls handleTimeout() at once", async () => {
    await using server = new Patient(here, LineEcho, { timeout: 0 });
    await server.open();
    await server.handleRequest();
    expect(server.calls).toEqual(["handleTimeout"]);
    await using client = await StreamTestClient.connect(server.serverAddress);
    await client.write("x\n");
    while (!server.socket.readable) await new Promise(setImmediate);
    await server.handleRequest();
    expect(await client.readLine()).toBe("x\n");
    expect(server.calls).toEqual(["handleTimeout"]);
  });

  it("awaits an asynchronous handleTimeout(), and rejects with what it throws", async () => {
    class Failing extends TCPServer {
      override async handleTimeout(): Promise<void> {
        await new Promise(setImmediate);
        throw new Error("nobody came");
      }
    }
    await using server = new Failing(here, Idle, { timeout: 0 });
    await expect(server.handleRequest()).rejects.toThrow("nobody came");
  });

  it("that waits is ended by shutdown(), without handleTimeout()", async () => {
    await using server = new Patient(here, Idle, { timeout: 3600 });
    const handled = server.handleRequest();
    await server.shutdown();
    await handled;
    expect(server.calls).toEqual([]);
  });

  it("serves a datagram too", async () => {
    await using server = new UDPServer(here, DatagramEcho, { timeout: 5 });
    await server.open();
    await using client = await DatagramTestClient.open(server.serverAddress);
    await client.send("x");
    await server.handleRequest();
    expect(await client.receive()).toBe("x");
  });

  it("timeout means nothing to serveForever()", async () => {
    await using running = await serve(new Patient(here, LineEcho, { timeout: 0 }));
    await using client = await running.connect();
    await client.write("x\n");
    expect(await client.readLine()).toBe("x\n");
    expect(running.server.calls).not.toContain("handleTimeout");
  });
});

/** Counts its service actions, and tells when there were so many. */
class Serviced extends TCPServer {
  readonly calledAt: number[] = [];
  #wanted = 0;
  #tell = (): void => {};

  override async serviceActions(): Promise<void> {
    this.calledAt.push(performance.now());
    if (this.calledAt.length >= this.#wanted) this.#tell();
  }
  calls(count: number): Promise<void> {
    this.#wanted = count;
    return new Promise((resolve) => {
      this.#tell = resolve;
    });
  }
}

describe("serviceActions()", () => {
  for (const options of [0.02, { pollInterval: 0.02 }]) {
    it(`is called at least every pollInterval though nobody comes, given as ${JSON.stringify(options)}`, async () => {
      await using server = new Serviced(here, Idle);
      await server.open();
      const five = server.calls(5);
      const begin = performance.now();
      const served = server.serveForever(options);
      await five;
      const seconds = (performance.now() - begin) / 1000;
      await server.shutdown();
      await served;
      // Five intervals of 20 ms; far from those of the default, 0.5 s, even on a loaded machine. And not without rest.
      expect(seconds).toBeGreaterThan(0.095);
      expect(seconds).toBeLessThan(2);
    });
  }

  it("is called once a turn of the loop: after every request, without waiting for the poll interval", async () => {
    await using server = new Serviced(here, LineEcho);
    await server.open();
    const served = server.serveForever(60);
    for (let round = 1; round <= 3; round++) {
      const called = server.calls(round);
      await using client = await StreamTestClient.connect(server.serverAddress);
      await client.write("x\n");
      await client.readLine();
      await called;
    }
    await server.shutdown();
    await served;
    expect(server.calledAt.length).toBeGreaterThanOrEqual(3);
  });

  it("that throws ends serveForever() with that error, and the server can serve again", async () => {
    class Failing extends TCPServer {
      fails = true;
      override serviceActions(): void {
        if (this.fails) throw new Error("service failed");
      }
    }
    await using server = new Failing(here, Echo);
    await expect(server.serveForever(0.001)).rejects.toThrow("service failed");
    server.fails = false;
    await using running = await serve(server);
    await using client = await running.connect();
    await client.write("x\n");
    expect(await client.readLine()).toBe("x\n");
  });
});
