/** What only threading servers have. The rest is in test/remote; handlers that block are in test/blocking. */

import { availableParallelism } from "node:os";
import { OSError, type Socket, ThreadingTCPServer } from "ts-socketserver";
import { serve } from "ts-socketserver/testing";
import { nodeTransport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { here, models, order, patient, RemoteModel, slow, tell } from "../remote/models.js";
import { hearErrors } from "../robustness/support.js";
import { Echo } from "../support/contract-handlers.mjs";
import { movesToThreads } from "../support/node-version.js";
import { within } from "../support/within.js";

for (const model of models.filter(({ name }) => name === "threading")) {
  const { transport } = model;

  describe(`A server's threads, ${model}`, slow, () => {
    it("end when they have no memory left, with their own requests alone, and the reason is told", async () => {
      await using running = await model.serve({ workers: 2, resourceLimits: { maxOldGenerationSizeMb: 24 } });
      using errors = hearErrors(running.server);
      await using victim = await running.connect();
      await using bystander = await running.connect();
      await tell(victim, "place");
      const place = await tell(bystander, "place");
      await victim.write("eat\n");
      await victim.ended();
      expect(await tell(bystander, "place")).toBe(place);
      const reason = "it failed outside a request: Worker terminated .* memory.*";
      const error = { message: expect.stringMatching(model.lossBecause(reason)) };
      await expect
        .poll(() => errors.heard, patient)
        .toMatchObject([
          { error, clientAddress: null },
          { error, clientAddress: victim.address },
        ]);
    });

    it("are not waited for by serverClose() where daemonThreads is on: what runs goes on", async () => {
      const running = await model.serve({ daemonThreads: true, shutdownTimeout: 1000 });
      await using client = await running.connect();
      await tell(client, "place");
      await within(30, "serverClose()", running.close());
      expect(await tell(client, "echo still")).toBe("still");
      client.end();
      expect(await client.readAll()).toBe("");
      await expect.poll(() => running.server.activeRequests, patient).toBe(0);
    });

    it("get limits that they can have, or the server is not opened, for that reason", async () => {
      const resourceLimits = {
        get maxOldGenerationSizeMb(): number {
          throw new RangeError("no such limit");
        },
      };
      const server = new ThreadingTCPServer(here, Echo, { transport, threads: 1, resourceLimits });
      await expect(server.open()).rejects.toThrow(
        "A thread for Echo has ended: it could not be started: no such limit",
      );
      await server.serverClose();
    });
  });
}

const native = models.filter(({ name, transport }) => name === "threading" && transport !== nodeTransport);
for (const model of native) {
  it("A connection goes to a thread, too, when there is no room for a copy of it", async () => {
    const server = model.make();
    server.verifyRequest = (request: Socket) => {
      request.dup = () => {
        throw new OSError("Cannot duplicate: no room", { code: "EMFILE" });
      };
      return true;
    };
    await using running = await serve(server);
    expect(await order(running.address, "echo on")).toBe("on\n");
    expect(running.server.errors).toEqual([]);
  });
}

const unlessMoved = movesToThreads ? "" : ` (skipped: Node.js ${process.versions.node} moves none)`;
it.skipIf(!movesToThreads)(
  `A connection of the Node transport that something was read from cannot go to a thread, and that is said${unlessMoved}`,
  async () => {
    const model = new RemoteModel("threading", nodeTransport);
    const server = model.make();
    const read: string[] = [];
    server.verifyRequest = async (request: Socket) => {
      if (read.length === 0) read.push(String(await request.recv(5)));
      return true;
    };
    await using running = await serve(server);
    await using client = await running.connect();
    await client.write("magicecho on\n");
    await client.ended();
    expect(running.server.errors).toMatchObject([
      {
        code: "ENOTSUP",
        message: expect.stringMatching(
          /Node cannot move a connection .* something was read from it.* or use the native/,
        ),
      },
    ]);
    expect(await order(running.address, "echo on")).toBe("on\n");
  },
);

describe("ThreadingMixIn", () => {
  it("has Python's defaults, and as many threads as the machine has processors", () => {
    const server = new ThreadingTCPServer(here, Echo);
    expect(server).toMatchObject({ daemonThreads: false, blockOnClose: true, timeout: null });
    expect(server.threads).toBe(availableParallelism());
  });

  it.each([
    [{ threads: 0 }, /threads: it takes a whole number from 1/],
    [{ daemonThreads: 1 as never }, /daemonThreads: it takes true or false/],
  ])("refuses %j", async (options, words) => {
    const server = new ThreadingTCPServer(here, Echo, options);
    await expect(server.open()).rejects.toThrow(words);
    await server.serverClose();
  });
});
