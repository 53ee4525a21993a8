import { StreamRequestHandler } from "ts-socketserver";
import { afterEach, describe, expect, it } from "vitest";
import { Echo } from "../support/handlers.js";
import { type StreamSubject, streamSubjects } from "../support/subjects.js";
import { within } from "../support/within.js";
import { Gate, hearErrors, serveWith } from "./support.js";

/** Seconds after which a closing that hangs is given up: far more than its time-outs, on however slow a machine. */
const SOON = 15;

/** Tells when it has begun, and then does what its kind is. */
abstract class Announced extends StreamRequestHandler {
  static begun = new Gate();
  protected announce(): void {
    (this.constructor as typeof Announced).begun.open();
  }
}

/** What those wait for that do not return before their test ends: a server stays isolated while one of its handlers runs. */
let testEnds = new Gate();

afterEach(() => {
  testEnds.open();
  testEnds = new Gate();
});

class NeverReturns extends Announced {
  override handle(): Promise<void> {
    this.announce();
    return testEnds.opened;
  }
}

class NeverSetUp extends Announced {
  override setup(): Promise<void> {
    this.announce();
    return testEnds.opened;
  }
}

class NeverFinishes extends Announced {
  override finish(): Promise<void> {
    this.announce();
    return testEnds.opened;
  }
}

class WritesForEver extends Announced {
  override async handle(): Promise<void> {
    this.announce();
    for (;;) await this.wfile.write(Buffer.alloc(65_536));
  }
}

class WaitsForALine extends Announced {
  override async handle(): Promise<void> {
    this.announce();
    await this.rfile.readline();
  }
}

class FailsWhenCutOff extends Announced {
  override async handle(): Promise<void> {
    this.announce();
    await this.rfile.readline().catch(() => {
      throw new Error("a reason of its own");
    });
  }
}

/** Closes the server, which must not take longer than its time-outs allow, and ends serving. */
async function closeSoon(running: Awaited<ReturnType<typeof serveWith>>): Promise<void> {
  await within(SOON, "serverClose()", running.server.serverClose());
  await within(SOON, "serveForever()", running.served);
}

async function begin(
  subject: StreamSubject,
  handler: Parameters<typeof serveWith>[1] & { begun: Gate },
  shutdownTimeout = 0.02,
) {
  handler.begun = new Gate();
  const running = await serveWith(subject, handler, { shutdownTimeout });
  const client = await running.connect();
  await handler.begun.opened;
  return { running, client };
}

for (const subject of streamSubjects) {
  describe(`serverClose() of ${subject.name} on the ${subject.transport} transport`, () => {
    it("gives up on handlers whose handle(), setup() or finish() never returns, closes their connections and ends serving", async () => {
      // At once: each is waited for as long as handlers that were cut off are.
      const closings = [NeverReturns, NeverSetUp, NeverFinishes].map(async (handler) => {
        const { running, client } = await begin(subject, handler);
        await using _client = client;
        await closeSoon(running);
        await client.ended();
      });
      await Promise.all(closings);
    });

    it.each([
      ["writes to a client that does not read", WritesForEver],
      ["reads from a client that is silent", WaitsForALine],
    ] as const)("cuts off a handler that %s, which is no error of its own", async (_what, handler) => {
      const { running, client } = await begin(subject, handler);
      await using _client = client;
      client.pause();
      using errors = hearErrors(running.server);
      await closeSoon(running);
      client.resume();
      await client.ended();
      expect(errors.heard).toEqual([]);
      expect(running.server.activeRequests).toBe(0);
    });

    it("reports what a handler makes of being cut off, and closes even so", async () => {
      const { running, client } = await begin(subject, FailsWhenCutOff);
      await using _client = client;
      using errors = hearErrors(running.server);
      await closeSoon(running);
      expect(await errors.next()).toMatchObject({ error: { message: "a reason of its own" } });
    });

    it("waits for a handler that is about to end, and lets the client have its answer", async () => {
      const { running, client } = await begin(subject, WaitsForALine, 60);
      await using _client = client;
      const closing = running.server.serverClose();
      await client.write("\n");
      await within(SOON, "serverClose()", closing);
      expect(await client.readAll()).toBe("");
      expect(client.error).toBeNull();
      await running.served;
    });

    it("closes with clients that are silent, that wait in the queue, and that are in the middle of a line", async () => {
      await using running = await serveWith(subject, Echo, { shutdownTimeout: 0.02 });
      const clients = await Promise.all(Array.from({ length: 6 }, () => running.connect()));
      for (const client of clients.slice(0, 3)) await client.write("half a li");
      await closeSoon(running);
      for (const client of clients) {
        await client.ended();
        await client.close();
      }
      expect(running.server.activeRequests).toBe(0);
    });

    it("closes while a line of 10 MB arrives", async () => {
      const { running, client } = await begin(subject, WaitsForALine);
      const writing = client.write(Buffer.alloc(10 * 1024 * 1024, "x"));
      await closeSoon(running);
      await client.ended();
      await writing;
      await client.close();
    });

    it("lets nobody in any more", async () => {
      const running = await serveWith(subject, Echo);
      const { address } = running;
      await closeSoon(running);
      await expect(subject.makeClient(address)).rejects.toThrow(/ECONNREFUSED|ENOENT/);
    });
  });
}
