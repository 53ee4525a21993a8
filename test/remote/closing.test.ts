/** `serverClose()` of servers whose handlers run in threads and child processes: what is the same for both. */

import { existsSync } from "node:fs";
import { StreamTestClient } from "ts-socketserver/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { Endless, Undecided } from "../support/bad-modules.mjs";
import { isPending } from "../support/settle.js";
import { temporaryPath } from "../support/temporary-path.js";
import { within } from "../support/within.js";
import { holdTimers, kinds, models, patient, possessions, slow, tell, unlessLinux } from "./models.js";

/** Has the next module that is never done being imported tell when that has begun. */
function noteBeginning(): () => boolean {
  const path = temporaryPath();
  process.env.BAD_MODULE_BEGUN = path;
  onTestFinished(() => {
    delete process.env.BAD_MODULE_BEGUN;
  });
  return () => existsSync(path);
}

for (const model of models) {
  describe.skipIf(unlessLinux)(`serverClose(), ${model}${unlessLinux}`, slow, () => {
    it("waits for the handlers, whose answers still come", async () => {
      const running = await model.serve();
      const [client, other] = [await running.connect(), await running.connect()];
      await tell(client, "place");
      await tell(other, "place");
      const slow = tell(client, "pass gate");
      const closing = running.close();
      expect(await isPending(closing)).toBe(true);
      expect(await tell(other, "open gate")).toBe("opened");
      expect(await slow).toBe("passed");
      await Promise.all([client, other].map((each) => each.close()));
      await closing;
    });

    // After that test: what the process opens for itself with the first server stays open.
    it("leaves no descriptor, no thread and no process behind, whatever the handlers do", async () => {
      const before = possessions();
      const running = await model.serve({ workers: 2, shutdownTimeout: 0.1 });
      const clients = await Promise.all(Array.from({ length: 4 }, () => running.connect()));
      const [, waiting, spinning, untaken] = clients;
      for (const client of clients) await tell(client, "place");
      await waiting?.write("wait\n");
      await spinning?.write("spin\n");
      await untaken?.close();
      await running.close();
      await Promise.all(clients.map((client) => client.ended()));
      await Promise.all(clients.map((client) => client.close()));
      await expect.poll(possessions, patient).toEqual(before);
    });
  });
}

for (const model of kinds) {
  describe.skipIf(unlessLinux)(`serverClose() on any transport, ${model.name}${unlessLinux}`, slow, () => {
    // A thread that does not load its modules within a second is ended even so, and leaves the files open on Node.js 20: these tests
    // give it all the time that it takes.
    it("leaves none either when it comes while they start", async () => {
      const before = possessions();
      holdTimers();
      const server = model.make({ workers: 2 });
      const opening = server.open().catch((error: unknown) => error);
      await expect.poll(() => server.fileno(), { interval: 1 }).toBeGreaterThanOrEqual(0);
      await within(10, "serverClose()", server.serverClose());
      expect(await opening).toMatchObject({ code: "EBADF" });
      await expect.poll(possessions, patient).toEqual(before);
      await expect(server.open()).rejects.toMatchObject({ code: "EBADF" });
    });

    it("is not needed where opening has failed: what was started has ended, and the next attempt succeeds", async () => {
      const before = possessions();
      const server = model.make();
      const { serverActivate } = server;
      let attempts = 0;
      server.serverActivate = async () => {
        await serverActivate.call(server);
        attempts += 1;
        if (attempts < 2) throw new Error("Test error");
      };
      await expect(server.open()).rejects.toThrow("Test error");
      await expect.poll(possessions, patient).toEqual(before);
      await server.open();
      await server.serverClose();
      await expect.poll(possessions, patient).toEqual(before);
    });

    it("leaves none either when one could never have started", async () => {
      const before = possessions();
      const server = model.make({}, Endless);
      const begun = noteBeginning();
      const opening = server.open().catch((error: unknown) => error);
      await expect.poll(begun, patient).toBe(true);
      expect(await isPending(opening)).toBe(true);
      await within(10, "serverClose()", server.serverClose());
      expect(await opening).toMatchObject({ code: "EBADF" });
      await expect.poll(possessions, patient).toEqual(before);
    });

    it("leaves none either at any moment of the start", async () => {
      const before = possessions();
      holdTimers();
      for (const turns of [0, 2, 5, 10]) {
        const server = model.make();
        const opening = server.open().catch((error: unknown) => error);
        for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
        await within(10, "serverClose()", server.serverClose());
        await opening;
      }
      await expect.poll(possessions, patient).toEqual(before);
    });

    it("does not wait where blockOnClose is off: the handlers finish, and then nothing is left", async () => {
      const before = possessions();
      const running = await model.serve({ workers: 2, blockOnClose: false });
      const client = await running.connect();
      await tell(client, "place");
      await within(10, "serverClose()", running.close());
      await expect(StreamTestClient.connect(running.address)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      expect(await tell(client, "echo still")).toBe("still");
      expect(running.server.activeRequests).toBe(1);
      client.end();
      expect(await client.readAll()).toBe("");
      await client.close();
      await expect.poll(possessions, patient).toEqual(before);
      expect(running.server.activeRequests).toBe(0);
    });

    it("does not leave one behind either that starts just then, and is never done with that", async () => {
      const before = possessions();
      const running = await model.serve({ blockOnClose: false }, Undecided);
      process.env.BAD_MODULE = "endless";
      const begun = noteBeginning();
      try {
        await using client = await running.connect();
        await client.ended();
        await expect.poll(() => running.server.errors.length, patient).toBe(1);
        await expect.poll(begun, patient).toBe(true);
        await within(10, "serverClose()", running.close());
      } finally {
        delete process.env.BAD_MODULE;
      }
      await expect.poll(possessions, patient).toEqual(before);
    });
  });
}
