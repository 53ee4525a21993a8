/** PARITY.md, section 4: the edges of `shutdown()`. */

import {
  type Address,
  BaseRequestHandler,
  type DatagramServer,
  MultiplexingTCPServer,
  type Socket,
  StreamRequestHandler,
  type StreamServer,
  TCPServer,
} from "ts-socketserver";
import { type RunningServer, StreamTestClient, serve } from "ts-socketserver/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Echo, Idle, Obeying } from "../support/contract-handlers.mjs";
import { allDatagramSubjects, allStreamSubjects } from "../support/subjects.js";
import { within } from "../support/within.js";

const here: Address = ["127.0.0.1", 0];
/** Seconds that only a deadlock takes, and more of them, which something that waited in vain would take. */
const SOON = 10;
const FAR = 60;
/** The promise is 10 ms; on a machine that runs other things meanwhile, a turn of the event loop alone may take that. */
const MOST = 50;
/** A poll interval that would be noticed, if it was waited for. */
const POLL_INTERVAL = 60;
/** How often a shutdown must be quick, and in how many tries: some of them come when the machine does something else. */
const QUICK = 5;
const TRIES = 50;

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** Serves, idle, and shuts down, until that was quick often enough. */
async function expectQuickShutdowns(server: StreamServer | DatagramServer): Promise<void> {
  await server.open();
  const times: number[] = [];
  for (let quick = 0; quick < QUICK; ) {
    const served = server.serveForever(POLL_INTERVAL);
    await new Promise(setImmediate);
    const time = await timeOf(() => server.shutdown());
    await served;
    times.push(time);
    if (time < MOST) quick += 1;
    if (times.length === TRIES && quick < QUICK) expect.fail(`shutdown() took ${times.join(", ")} ms`);
  }
}

describe("shutdown() of an idle server", () => {
  for (const subject of allDatagramSubjects.filter(({ refusal }) => refusal === undefined)) {
    it(`"shutdown() of an idle server": a ${subject.name} on the ${subject.transport} transport leaves its loop within 10 ms`, async () => {
      await using server = new subject.ServerClass(subject.makeAddress(), Obeying);
      await expectQuickShutdowns(server);
    });
  }

  it('"shutdown() of an idle server": one that overrides serviceActions() does not wait for its poll interval', async () => {
    class Busy extends TCPServer {
      override serviceActions(): void {}
    }
    await using server = new Busy(here, Idle);
    await expectQuickShutdowns(server);
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

for (const subject of allStreamSubjects.filter(({ refusal }) => refusal === undefined)) {
  const { name, transport, ServerClass } = subject;

  // One server for all of them: it serves again after each shutdown(), and its threads or processes are started once.
  describe(`shutdown() of a ${name} on the ${transport} transport`, () => {
    class Server extends ServerClass {
      inVerifyRequest = async (): Promise<void> => {};

      override async verifyRequest(): Promise<boolean> {
        await this.inVerifyRequest();
        return false;
      }
    }
    let server: Server;

    beforeAll(async () => {
      // What would be waited for in vain is not waited for at all.
      server = new Server(subject.makeAddress(), Idle, { shutdownTimeout: FAR });
      await server.open();
    });

    afterAll(() => server.serverClose());

    it(`"shutdown() of an idle server": it leaves its loop within 10 ms`, () => expectQuickShutdowns(server));

    it("serviceActions() may await shutdown()", async () => {
      server.serviceActions = () => server.shutdown();
      await within(SOON, "serving", server.serveForever(0.01));
      Reflect.deleteProperty(server, "serviceActions");
      expect(server.fileno()).not.toBe(-1);
    });

    // The last one closes the server.
    for (const method of ["shutdown", "serverClose"] as const) {
      it(`verifyRequest() may await ${method}()`, async () => {
        server.inVerifyRequest = () => server[method]();
        const served = server.serveForever();
        await using client = await StreamTestClient.connect(server.serverAddress);
        await within(SOON, "serving", served);
        expect(await client.readAll()).toBe("");
      });
    }
  });
}

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
