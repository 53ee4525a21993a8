import { StreamRequestHandler } from "ts-socketserver";
import { describe, expect, it } from "vitest";
import { Echo } from "../support/handlers.js";
import { type StreamSubject, streamSubjects } from "../support/subjects.js";
import { within } from "../support/within.js";
import { Gate, hearErrors, serveWith } from "./support.js";

/** Tells when it has begun, and then does what its kind is. */
abstract class Announced extends StreamRequestHandler {
  static begun = new Gate();
  protected announce(): void {
    Announced.begun.open();
  }
}

class NeverReturns extends Announced {
  override handle(): Promise<void> {
    this.announce();
    return new Promise(() => {});
  }
}

class NeverSetUp extends Announced {
  override setup(): Promise<void> {
    this.announce();
    return new Promise(() => {});
  }
}

class NeverFinishes extends Announced {
  override finish(): Promise<void> {
    this.announce();
    return new Promise(() => {});
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
  await within(3, "serverClose()", running.server.serverClose());
  await within(3, "serveForever()", running.served);
}

async function begin(subject: StreamSubject, handler: Parameters<typeof serveWith>[1], shutdownTimeout = 0.02) {
  Announced.begun = new Gate();
  const running = await serveWith(subject, handler, { shutdownTimeout });
  const client = await running.connect();
  await Announced.begun.opened;
  return { running, client };
}

for (const subject of streamSubjects) {
  describe(`serverClose() of ${subject.name} on the ${subject.transport} transport`, () => {
    it.each([
      ["handle()", NeverReturns],
      ["setup()", NeverSetUp],
      ["finish()", NeverFinishes],
    ] as const)("gives up on a handler whose %s never returns, closes its connection and ends serving", async (_step, handler) => {
      const { running, client } = await begin(subject, handler);
      await using _client = client;
      await closeSoon(running);
      await client.ended();
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
      const { running, client } = await begin(subject, WaitsForALine, 10);
      await using _client = client;
      const closing = running.server.serverClose();
      await client.write("\n");
      await within(3, "serverClose()", closing);
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
