/** PARITY.md, section 4: the edges of `shutdown()`. */

import {
  type Address,
  BaseRequestHandler,
  MultiplexingTCPServer,
  type Socket,
  StreamRequestHandler,
  TCPServer,
} from "ts-socketserver";
import { type RunningServer, StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { Echo, Idle, Obeying } from "../support/contract-handlers.mjs";
import { allDatagramSubjects, allStreamSubjects } from "../support/subjects.js";
import { within } from "../support/within.js";

const here: Address = ["127.0.0.1", 0];
/** The promise is 10 ms; on a machine that runs other test files meanwhile, a turn of the event loop alone may take that. */
const MOST = 50;

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}

describe("shutdown() of an idle server", () => {
  for (const subject of [...allStreamSubjects, ...allDatagramSubjects].filter(({ refusal }) => refusal === undefined)) {
    const { name, transport } = subject;

    it(`"shutdown() of an idle server": a ${name} on the ${transport} transport leaves its loop within 10 ms`, async () => {
      const address = subject.makeAddress();
      await using server =
        subject.kind === "stream" ? new subject.ServerClass(address, Idle) : new subject.ServerClass(address, Obeying);
      await server.open();
      const times: number[] = [];
      for (let round = 0; round < 9; round++) {
        // A poll interval that nobody could miss, if it was waited for.
        const served = server.serveForever(60);
        await new Promise(setImmediate);
        times.push(await timeOf(() => server.shutdown()));
        await served;
      }
      expect(median(times)).toBeLessThan(MOST);
    });
  }

  it('"shutdown() of an idle server": one that overrides serviceActions() does not wait for its poll interval', async () => {
    class Busy extends TCPServer {
      override serviceActions(): void {}
    }
    await using server = new Busy(here, Idle);
    const served = server.serveForever(60);
    await server.open();
    await new Promise(setImmediate);
    expect(await timeOf(() => server.shutdown())).toBeLessThan(MOST);
    await served;
  });

  it('"shutdown() of an idle server": the socket stays open, and a second shutdown() returns', async () => {
    await using running = await serve(new TCPServer(here, Echo));
    await Promise.all([running.server.shutdown(), running.server.shutdown()]);
    await running.server.shutdown();
    await running.served;
    expect(running.server.fileno()).not.toBe(-1);
    expect(running.server.socket.getsockname()).toEqual(running.address);
  });
});

describe("shutdown() before serveForever()", () => {
  it('"shutdown() before serveForever()": returns, and does not keep a later serveForever() from serving', async () => {
    const server = new TCPServer(here, Echo);
    await server.shutdown();
    await server.open();
    await server.shutdown();
    await using running = await serve(server);
    await using client = await running.connect();
    await client.write("still there\n");
    expect(await client.readLine()).toBe("still there\n");
  });

  it('"shutdown() before serveForever()": a serveForever() already called leaves, though it is still opening', async () => {
    await using server = new TCPServer(here, Echo);
    const served = server.serveForever();
    // Opening takes longer than until here, whatever the transport.
    await server.shutdown();
    await served;
    await using _client = await StreamTestClient.connect(server.serverAddress);
  });
});

/** `end`: shuts the server down from inside; `more`: answers. */
class Ender extends StreamRequestHandler {
  override async handle(): Promise<void> {
    for await (const line of this.rfile) {
      if (line.toString() === "end\n") await this.server.shutdown();
      await this.wfile.write(`after ${line}`);
    }
  }
}

describe("shutdown() inside a handler", () => {
  it('"shutdown() inside a plain server\'s handler": the loop ends after this request, without deadlock though it is awaited', async () => {
    await using running = await serve(new TCPServer(here, Ender));
    await using client = await running.connect();
    let over = false;
    const served = running.served.then(() => {
      over = true;
    });
    await client.write("end\n");
    expect(await client.readLine()).toBe("after end\n");
    // The request is still being worked on, and so the loop is not over.
    await client.write("more\n");
    expect(await client.readLine()).toBe("after more\n");
    expect(over).toBe(false);
    client.end();
    await served;
    expect(await client.readAll()).toBe("");
  });

  it('"shutdown() inside a plain server\'s handler": also in setup(), in finish() and in verifyRequest()', async () => {
    class InSetup extends BaseRequestHandler {
      override setup(): Promise<void> {
        return this.server.shutdown();
      }
    }
    class InFinish extends BaseRequestHandler {
      override finish(): Promise<void> {
        return this.server.shutdown();
      }
    }
    class Verifying extends TCPServer {
      override async verifyRequest(): Promise<boolean> {
        await this.shutdown();
        return true;
      }
    }
    const servers = [new TCPServer(here, InSetup), new TCPServer(here, InFinish), new Verifying(here, Idle)];
    for (const server of servers) {
      await using running = await serve(server);
      await using client = await running.connect();
      await running.served;
      expect(await client.readAll()).toBe("");
    }
  });

  it("shutdown() inside a multiplexing handler: the loop ends at once, and the requests that run go on", async () => {
    await using running = await serve(new MultiplexingTCPServer(here, Ender));
    await using other = await running.connect();
    await other.write("more\n");
    expect(await other.readLine()).toBe("after more\n");
    await using ender = await running.connect();
    await ender.write("end\n");
    expect(await ender.readLine()).toBe("after end\n");
    await running.served;
    for (const client of [other, ender]) {
      await client.write("more\n");
      expect(await client.readLine()).toBe("after more\n");
      client.end();
    }
  });

  it("shutdown() from outside while a plain server's handler runs: waits until that request is done", async () => {
    await using running = await serve(new TCPServer(here, Ender));
    await using client = await running.connect();
    await client.write("more\n");
    await client.readLine();
    let over = false;
    const ended = running.server.shutdown().then(() => {
      over = true;
    });
    await client.write("more\n");
    expect(await client.readLine()).toBe("after more\n");
    expect(over).toBe(false);
    client.end();
    await ended;
    await running.served;
  });
});

describe("shutdown() inside a hook", () => {
  for (const subject of allStreamSubjects.filter(({ refusal }) => refusal === undefined)) {
    const { name, transport, ServerClass } = subject;

    it(`a ${name} on the ${transport} transport: serviceActions() may await shutdown()`, async () => {
      class Server extends ServerClass {
        override async serviceActions(): Promise<void> {
          await this.shutdown();
        }
      }
      await using server = new Server(subject.makeAddress(), Idle, { shutdownTimeout: 0.5 });
      await within(2, "serving", server.serveForever(0.01));
      expect(server.fileno()).not.toBe(-1);
    });

    for (const method of ["shutdown", "serverClose"] as const) {
      it(`a ${name} on the ${transport} transport: verifyRequest() may await ${method}()`, async () => {
        class Server extends ServerClass {
          override async verifyRequest(): Promise<boolean> {
            await this[method]();
            return false;
          }
        }
        // What would be waited for in vain is not waited for at all.
        await using running = await serve(new Server(subject.makeAddress(), Idle, { shutdownTimeout: 4 }));
        await using client = await running.connect();
        await within(2, "serving", running.served);
        expect(await client.readAll()).toBe("");
      });
    }
  }
});

describe("connections made after shutdown()", () => {
  async function stopped(): Promise<RunningServer<TCPServer>> {
    const running = await serve(new TCPServer(here, Echo));
    await running.server.shutdown();
    await running.served;
    return running;
  }

  it('"connections made after shutdown()": wait, and are served by the next serveForever(), in their order', async () => {
    await using running = await stopped();
    await using first = await running.connect();
    await using second = await running.connect();
    await second.write("second\n");
    await first.write("first\n");
    const servedAgain = running.server.serveForever();
    expect(await first.readLine()).toBe("first\n");
    expect(second.available).toBe(0);
    first.end();
    expect(await second.readLine()).toBe("second\n");
    second.end();
    await running.server.shutdown();
    await servedAgain;
  });

  it('"connections made after shutdown()": handleRequest() serves them too, one at each call', async () => {
    const requests: Socket[] = [];
    class Counting extends TCPServer {
      override async getRequest(): Promise<[Socket, Address]> {
        const taken = await super.getRequest();
        requests.push(taken[0]);
        return taken;
      }
    }
    await using server = new Counting(here, Idle);
    await server.open();
    await using one = await StreamTestClient.connect(server.serverAddress);
    await using other = await StreamTestClient.connect(server.serverAddress);
    await server.handleRequest();
    expect(requests).toHaveLength(1);
    await server.handleRequest();
    expect(requests).toHaveLength(2);
    await Promise.all([one.ended(), other.ended()]);
  });
});
