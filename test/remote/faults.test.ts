/** Threads and child processes that end, and what becomes of their requests: what is the same for both. */

import { existsSync, writeFileSync } from "node:fs";
import { capabilities, formatAddress } from "ts-socketserver";
import type { StreamTestClient } from "ts-socketserver/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { hearErrors } from "../robustness/support.js";
import { Hesitant, ShortLived } from "../support/bad-modules.mjs";
import { captureLog } from "../support/log-capture.js";
import { temporaryPath } from "../support/temporary-path.js";
import { within } from "../support/within.js";
import { models, order, patient, tell } from "./models.js";

for (const model of models) {
  describe(`One that ends, ${model}`, () => {
    it("ends its own connections within a second; the others and who waits go on, and it is replaced", async () => {
      const { logger, lines } = captureLog("warn");
      await using running = await model.serve({ runners: 2, maxConnections: 4, shutdownTimeout: 0.1, logger });
      const clients: StreamTestClient[] = [];
      const places: string[] = [];
      for (let count = 0; count < 4; count += 1) {
        const client = await running.connect();
        clients.push(client);
        places.push(await tell(client, "place"));
      }
      const [victim = ""] = places;
      const own = clients.filter((_, index) => places[index] === victim);
      const [bystander, helper] = clients.filter((_, index) => places[index] !== victim) as [
        StreamTestClient,
        StreamTestClient,
      ];
      expect(own).toHaveLength(2);
      // The server runs as many as it may: this one is not accepted as yet.
      const late = await running.connect();
      const waiting = tell(late, "place");
      const passing = tell(bystander, "pass gate");
      const isNew = (place: string): boolean => !places.includes(place.trim());

      await own[0]?.write("exit\n");
      await within(1, "the connections of the one that has ended", Promise.all(own.map((client) => client.ended())));
      expect(await waiting).not.toBe(victim);
      await expect.poll(() => order(running.address, "place"), patient).toSatisfy(isNew);
      expect(await tell(helper, "open gate")).toBe("opened");
      expect(await passing).toBe("passed");

      const reason = model.lossBecause("it left with the exit code 7");
      const told = lines.filter(({ err }) => reason.test(String((err as Error | undefined)?.message)));
      const ofRequests = own.map(
        (client) => `Exception occurred during processing of request from ${formatAddress(client.address)}`,
      );
      expect(told.map(({ msg }) => msg).sort()).toEqual(["Exception occurred during processing", ...ofRequests].sort());
      expect(lines).toHaveLength(3);
      await Promise.all([...clients, late].map((client) => client.close()));
    });

    it.each([
      ["exit", "it left with the exit code 7", {}],
      ["failOutside", "it failed outside a request: outside", {}],
      ["spin", "it was told to, because of a request that did not end", { requestTimeout: 0.1 }],
    ])("is replaced, and its reason told (%s)", async (how, reason, options) => {
      await using running = await model.serve(options);
      using errors = hearErrors(running.server);
      await using client = await running.connect();
      await client.write(`${how}\n`);
      await client.ended();
      expect(await order(running.address, "echo on")).toBe("on\n");
      const losses = errors.heard.filter(({ clientAddress }) => clientAddress === null).map(({ error }) => error);
      expect(losses).toMatchObject([{ code: "ECHILD", message: expect.stringMatching(model.lossBecause(reason)) }]);
    });

    it("again and again is replaced each time", async () => {
      await using running = await model.serve();
      for (let count = 0; count < 4; count += 1) {
        await using client = await running.connect();
        await tell(client, "place");
        await client.write("exit\n");
        await client.ended();
      }
      expect(await order(running.address, "echo on")).toBe("on\n");
    });

    it(`before it has begun with connections ${model.keepsConnections ? "leaves them to the next" : "ends them, since Node has moved them already"}`, async () => {
      await using running = await model.serve();
      using errors = hearErrors(running.server);
      await using first = await running.connect();
      const victim = await tell(first, "place");
      const path = temporaryPath();
      await first.write(`exitWhen ${path}\n`);
      await expect.poll(() => existsSync(`${path}.begun`), patient).toBe(true);
      const clients = await Promise.all(Array.from({ length: 20 }, () => running.connect()));
      const answers = clients.map((client) => tell(client, "place"));
      await expect.poll(() => running.server.activeRequests, patient).toBe(21);
      writeFileSync(path, "");
      const outcomes = await Promise.allSettled(answers);
      if (model.keepsConnections) {
        const heirs = new Set(await Promise.all(answers));
        expect(heirs.size).toBe(1);
        expect(heirs).not.toContain(victim);
      } else {
        expect(outcomes.map(({ status }) => status)).toEqual(clients.map(() => "rejected"));
        expect(await order(running.address, "echo on")).toBe("on\n");
      }
      // The loss, the request that is to blame, and what was lost with it.
      await expect.poll(() => errors.heard.length, patient).toBe(model.keepsConnections ? 2 : 22);
      await Promise.all(clients.map((client) => client.close()));
    });

    it.skipIf(!model.keepsConnections)(
      `before it has begun with a connection leaves it to the next with all its time${model.keepsConnections ? "" : " (skipped: Node has moved it already)"}`,
      async () => {
        onTestFinished(() => {
          delete process.env.BAD_MODULE;
        });
        await using running = await model.serve({}, Hesitant);
        await using first = await running.connect();
        const path = temporaryPath();
        await first.write(`exitWhen ${path}\n`);
        await expect.poll(() => existsSync(`${path}.begun`), patient).toBe(true);
        process.env.BAD_MODULE = "slow";
        // Over before the next one is there.
        Object.assign(running.server, { requestTimeout: 1 });
        await using client = await running.connect();
        const answer = tell(client, "echo served");
        await expect.poll(() => running.server.activeRequests, patient).toBe(2);
        writeFileSync(path, "");
        expect(await answer).toBe("served");
        expect(running.server.errors).toMatchObject([{ code: "ECHILD" }]);
      },
    );

    it("before it has begun with datagrams leaves them to the next; with what it had begun, nobody tries again", async () => {
      await using running = await model.serveDatagrams();
      using errors = hearErrors(running.server);
      await using client = await running.datagrams();
      await client.send("place");
      const victim = await client.receive();
      await expect.poll(() => running.server.activeRequests, patient).toBe(0);
      const path = temporaryPath();
      await client.send(`exitWhen ${path}`);
      await expect.poll(() => existsSync(`${path}.begun`), patient).toBe(true);
      for (let count = 0; count < 5; count += 1) await client.send("place");
      await expect.poll(() => running.server.activeRequests, patient).toBe(6);
      writeFileSync(path, "");
      const heirs = new Set<string>();
      for (let count = 0; count < 5; count += 1) heirs.add(await client.receive());
      expect(heirs.size).toBe(1);
      expect(heirs).not.toContain(victim);
      expect(errors.heard.map(({ clientAddress }) => clientAddress)).toEqual([null, client.address]);
    });

    it("with more requests waiting than may be on their way gets none of the rest", async () => {
      await using running = await model.serve({ runners: 2 });
      const [busy, free] = [await running.connect(), await running.connect()];
      const spinning = await tell(busy, "place");
      const other = await tell(free, "place");
      const path = temporaryPath();
      const seen = tell(busy, `spinUntil ${path}`);
      const clients = await Promise.all(Array.from({ length: 400 }, () => running.connect()));
      const answers = clients.map((client) => tell(client, "place"));
      let done = 0;
      for (const answer of answers) void answer.then(() => (done += 1));
      // 128 are on their way to the busy one at most; the others are answered although it is busy.
      await expect.poll(() => done, patient).toBeGreaterThanOrEqual(400 - 128);
      expect(await tell(free, `create ${path}`)).toBe("created");
      expect(await seen).toBe("seen");
      expect(new Set(await Promise.all(answers))).toEqual(new Set([spinning, other]));
      await Promise.all([busy, free, ...clients].map((client) => client.close()));
    });
  });
}

// Which transport it is makes no difference to when they are replaced.
for (const model of models.filter(({ transport }) => transport.name === capabilities().transport)) {
  it(`One that ends, ${model}: soon after it has started, each time, is replaced more and more slowly`, async () => {
    await using running = await model.serve({}, ShortLived);
    using errors = hearErrors(running.server);
    const times: number[] = [];
    while (times.length < 7) {
      const { error } = await errors.next();
      times.push(performance.now());
      expect(error).toMatchObject({
        message: expect.stringMatching(model.lossBecause("it left with the exit code 6")),
      });
    }
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    // Each is the time that the next one takes to start, and a rest before: none at first, then 50 ms, and twice as much
    // each time.
    expect(pauses.at(-1)).toBeGreaterThan(790);
    // Who comes meanwhile waits.
    await using client = await running.connect();
    expect(await client.readAll()).toBe("");
  });
}
