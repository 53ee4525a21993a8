/** PARITY.md, section 4: `serverClose()`, and whom it waits for. */

import { once } from "node:events";
import {
  type Address,
  ClosedResourceError,
  formatAddress,
  MultiplexingTCPServer,
  MultiplexingUnixStreamServer,
  StreamRequestHandler,
  TCPServer,
} from "ts-socketserver";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { Echo } from "../support/handlers.js";
import { captureLog } from "../support/log-capture.js";
import { temporaryPath } from "../support/temporary-path.js";
import { within } from "../support/within.js";

const here: Address = ["127.0.0.1", 0];
const CUT_OFF = "handlers were cut off";

/** Whether a promise settles of itself, in so many turns of the event loop. */
async function settles(promise: Promise<unknown>, turns = 50): Promise<boolean> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  for (let turn = 0; turn < turns && !settled; turn++) await new Promise(setImmediate);
  return settled;
}

for (const ServerClass of [TCPServer, MultiplexingTCPServer]) {
  const { name } = ServerClass;

  describe(`serverClose() of a ${name}`, () => {
    it(`"server_close() with idle clients": waits shutdownTimeout, then closes them and names them`, async () => {
      const { logger, lines } = captureLog("warn");
      await using running = await serve(new ServerClass(here, Echo, { logger, shutdownTimeout: 0.05 }));
      await using client = await running.connect();
      const address = formatAddress(client.address);
      await client.write("x\n");
      expect(await client.readLine()).toBe("x\n");

      const begin = performance.now();
      await running.close();
      const seconds = (performance.now() - begin) / 1000;
      expect(seconds).toBeGreaterThan(0.049);
      // Far less than the default of 15 s, even on a loaded machine.
      expect(seconds).toBeLessThan(10);
      await client.ended();
      expect(lines).toMatchObject([{ level: 40, msg: CUT_OFF, aborted: [address], count: 1 }]);
      expect(running.server.activeRequests).toBe(0);
    });

    it('"server_close() with idle clients": those who end in time are waited for and not named', async () => {
      class Polite extends StreamRequestHandler {
        override async handle(): Promise<void> {
          await this.wfile.write("begun\n");
          await once(this.server.closing, "abort");
          await this.wfile.write("goodbye\n");
        }
      }
      const { logger, lines } = captureLog("warn");
      await using running = await serve(new ServerClass(here, Polite, { logger }));
      await using client = await running.connect();
      expect(await client.readLine()).toBe("begun\n");
      expect(running.server.closing.aborted).toBe(false);
      await running.close();
      expect(await client.readAll()).toBe("goodbye\n");
      expect(lines).toEqual([]);
    });

    it('"server_close() with idle clients": with blockOnClose = false it does not wait, and the handlers go on', async () => {
      const { logger, lines } = captureLog("warn");
      await using running = await serve(new ServerClass(here, Echo, { logger, blockOnClose: false }));
      await using client = await running.connect();
      await client.write("x\n");
      await client.readLine();
      const closed = running.server.serverClose();
      const returned = await settles(closed);
      await client.write("still here\n");
      expect(await client.readLine()).toBe("still here\n");
      client.end();
      await closed;
      await running.served;
      expect(returned).toBe(true);
      expect(lines).toEqual([]);
    });

    it("returns although a handler never notices that it was cut off (slow: it is given 0.5 s to notice)", async () => {
      let release = (): void => {};
      class Stubborn extends StreamRequestHandler {
        override async handle(): Promise<void> {
          await this.wfile.write("begun\n");
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        }
      }
      const { logger, lines } = captureLog("warn");
      const server = new ServerClass(here, Stubborn, { logger, shutdownTimeout: 0 });
      const running = await serve(server);
      await using client = await running.connect();
      const address = formatAddress(client.address);
      expect(await client.readLine()).toBe("begun\n");
      try {
        await within(15, "serverClose()", server.serverClose());
        expect(lines).toMatchObject([{ msg: CUT_OFF, aborted: [address] }]);
      } finally {
        release();
        await running.close();
      }
    });

    it("twice, and twice at once, is one closing: everybody waits for its end", async () => {
      await using running = await serve(new ServerClass(here, Echo));
      await using client = await running.connect();
      await client.write("x\n");
      await client.readLine();
      const closings = [running.server.serverClose(), running.server.serverClose()];
      expect(await settles(Promise.race(closings))).toBe(false);
      client.end();
      await Promise.all(closings);
      await running.server.serverClose();
      await running.server[Symbol.asyncDispose]();
      await running.served;
      expect(running.server.fileno()).toBe(-1);
      await expect(StreamTestClient.connect(running.address)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    });

    it("during open() closes what that opens, once it is there", async () => {
      const server = new ServerClass(here, Echo);
      const [opened, closed] = await Promise.allSettled([server.open(), server.serverClose()]);
      expect([opened.status, closed.status]).toEqual(["fulfilled", "fulfilled"]);
      expect(server.fileno()).toBe(-1);
      expect(server.serverAddress[1]).not.toBe(0);
      await expect(StreamTestClient.connect(server.serverAddress)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    });

    it("during an open() that fails leaves the error to who called open()", async () => {
      await using holder = await serve(new TCPServer(here, Echo));
      const server = new ServerClass(holder.address, Echo);
      const opening = expect(server.open()).rejects.toMatchObject({ code: "EADDRINUSE" });
      await server.serverClose();
      await opening;
      await expect(server.open()).rejects.toBeInstanceOf(ClosedResourceError);
    });

    it("ends a serveForever() that has just been called", async () => {
      const server = new ServerClass(here, Echo);
      const served = server.serveForever();
      await server.serverClose();
      await served;
      expect(server.fileno()).toBe(-1);
    });

    it("inside its own handler does not wait for that one, which can still answer", async () => {
      class Closer extends StreamRequestHandler {
        override async handle(): Promise<void> {
          await this.server.serverClose();
          await this.wfile.write(`closed: ${this.server.fileno()}\n`);
        }
      }
      const { logger, lines } = captureLog("warn");
      await using running = await serve(new ServerClass(here, Closer, { logger, shutdownTimeout: 60 }));
      await using client = await running.connect();
      expect(await client.readLine()).toBe("closed: -1\n");
      await running.served;
      await running.close();
      expect(await client.readAll()).toBe("");
      expect(lines).toEqual([]);
    });

    it("inside its own handler, while somebody else closes the server already, does not wait for itself either", async () => {
      // Without it, a handler that waits for itself would keep this test, too, for ever.
      const rescue = new AbortController();
      class Joining extends StreamRequestHandler {
        override async handle(): Promise<void> {
          await this.wfile.write("begun\n");
          await once(this.server.closing, "abort");
          await Promise.race([this.server.serverClose(), once(rescue.signal, "abort")]);
          await this.wfile.write("goodbye\n");
        }
      }
      const { logger, lines } = captureLog("warn");
      const running = await serve(new ServerClass(here, Joining, { logger, shutdownTimeout: 60 }));
      await using client = await running.connect();
      expect(await client.readLine()).toBe("begun\n");
      try {
        await within(15, "serverClose()", running.close());
        expect(await client.readAll()).toBe("goodbye\n");
        expect(lines).toEqual([]);
      } finally {
        rescue.abort();
        await running.close();
      }
    });

    it("ends clients that were never accepted", async () => {
      await using server = new ServerClass(here, Echo);
      await server.open();
      await using client = await StreamTestClient.connect(server.serverAddress);
      while (!server.socket.readable) await new Promise(setImmediate);
      await server.serverClose();
      await client.ended();
    });
  });
}

describe("serverClose() of a multiplexing server", () => {
  it("inside a handler waits for the others", async () => {
    const order: string[] = [];
    class Closer extends StreamRequestHandler {
      override async handle(): Promise<void> {
        const line = (await this.rfile.readline()).toString();
        if (line === "close\n") await this.server.serverClose();
        else await this.rfile.readline();
        order.push(line);
      }
    }
    await using running = await serve(new MultiplexingTCPServer(here, Closer));
    await using other = await running.connect();
    await using closer = await running.connect();
    await other.write("other\n");
    await closer.write("close\n");
    await once(running.server.closing, "abort");
    expect(order).toEqual([]);
    other.end();
    await closer.ended();
    expect(order).toEqual(["other\n", "close\n"]);
  });

  it("inside two handlers at once: neither waits for the other's waiting", async () => {
    class Closer extends StreamRequestHandler {
      override async handle(): Promise<void> {
        await this.rfile.readline();
        await this.server.serverClose();
        await this.wfile.write("goodbye\n");
      }
    }
    const { logger, lines } = captureLog("warn");
    await using running = await serve(new MultiplexingTCPServer(here, Closer, { logger, shutdownTimeout: 60 }));
    await using one = await running.connect();
    await using other = await running.connect();
    while (running.server.activeRequests < 2) await new Promise(setImmediate);
    await Promise.all([one.write("close\n"), other.write("close\n")]);
    expect([await one.readAll(), await other.readAll()]).toEqual(["goodbye\n", "goodbye\n"]);
    expect(lines).toEqual([]);
  });

  it("names at most twenty clients, and counts them all; those of Unix sockets have no name", async () => {
    const { logger, lines } = captureLog("warn");
    const server = new MultiplexingUnixStreamServer(temporaryPath(), Echo, { logger, shutdownTimeout: 0.01 });
    await using running = await serve(server);
    const clients = await Promise.all(Array.from({ length: 21 }, () => running.connect()));
    for (const client of clients) {
      await client.write("x\n");
      await client.readLine();
    }
    await running.close();
    await Promise.all(clients.map((client) => client.close()));
    expect(lines).toMatchObject([{ msg: CUT_OFF, aborted: new Array(20).fill("(unnamed)"), count: 21 }]);
  });
});
