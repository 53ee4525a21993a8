/** Threads and child processes that end, and what becomes of their requests: what is the same for both. */

import { existsSync, writeFileSync } from "node:fs";
import { formatAddress } from "ts-socketserver";
import type { StreamTestClient } from "ts-socketserver/testing";
import { describe, expect, it, vi } from "vitest";
import { workers } from "../../dist/mixins/pool/pooled-mixin.js";
import { hearErrors } from "../robustness/support.js";
import { ShortLived } from "../support/bad-modules.mjs";
import { captureLog } from "../support/log-capture.js";
import { isPending, settle } from "../support/settle.js";
import { temporaryPath } from "../support/temporary-path.js";
import { within } from "../support/within.js";
import { holdTimers, kinds, lend, models, order, patient, shared, slow, tell, withoutTimers } from "./models.js";

for (const model of models) {
  describe(`One that ends, ${model}`, slow, () => {
    const use = shared(() => model.serve());

    it(`before it has begun with connections ${model.keepsConnections ? "leaves them to the next" : "ends them, since Node has moved them already"}`, async () => {
      const running = use();
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
      await first.ended();
      // The loss, the request that is to blame, and what was lost with it.
      await expect.poll(() => errors.heard.length, patient).toBe(model.keepsConnections ? 2 : 22);
      await Promise.all(clients.map((client) => client.close()));
    });

    // The transport makes no difference to the rest.
    if (!kinds.includes(model)) return;

    it("before it has begun with datagrams leaves them to the next; what it had begun with is not tried again", async () => {
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

    it("ends its own connections at once; the others and who waits go on, and it is replaced", async () => {
      const { logger, lines } = captureLog("warn");
      await using running = await model.serve({ workers: 2, maxConnections: 4, shutdownTimeout: 0.1, logger });
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

      await withoutTimers(async () => {
        await own[0]?.write("exit\n");
        await within(10, "the connections of the one that has ended", Promise.all(own.map((client) => client.ended())));
      });
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

    /** Expects that one was lost, for that reason, with one request, and that the next one serves. */
    const expectReplaced = async (heard: ReturnType<typeof hearErrors>["heard"], reason: string, code = "ECHILD") => {
      const { server, address } = use();
      expect(await order(address, "echo on")).toBe("on\n");
      const losses = heard.filter(({ clientAddress }) => clientAddress === null).map(({ error }) => error);
      expect(losses).toMatchObject([{ code: "ECHILD", message: expect.stringMatching(model.lossBecause(reason)) }]);
      expect(server.errors).toMatchObject([{ code }]);
    };

    // One after the other: each has taken the place of the one before.
    it.each([
      ["exit", "it left with the exit code 7"],
      ["failOutside", "it failed outside a request: outside"],
      ["exit", "it left with the exit code 7"],
    ])("is replaced, and its reason told (%s)", async (how, reason) => {
      const running = use();
      using errors = hearErrors(running.server);
      await using client = await running.connect();
      await client.write(`${how}\n`);
      await client.ended();
      await expectReplaced(errors.heard, reason);
    });

    it("because its request takes too long, and does not give way, is replaced, and its reason told", async () => {
      const running = use();
      using errors = hearErrors(running.server);
      holdTimers();
      lend(running.server, { requestTimeout: 0.1 });
      await using client = await running.connect();
      const path = temporaryPath();
      await client.write(`exitWhen ${path}\n`);
      await expect.poll(() => existsSync(`${path}.begun`), patient).toBe(true);
      const ended = client.ended();
      // Its time, that to give way, and that to end.
      while (await isPending(ended)) vi.advanceTimersByTime(100);
      await expect.poll(() => errors.heard, patient).toHaveLength(2);
      // The longest rest before the next one starts.
      vi.advanceTimersByTime(1000);
      lend(running.server, { requestTimeout: null });
      await expectReplaced(errors.heard, "it was told to, because of a request that did not end", "ETIMEDOUT");
    });

    it("before it has begun with a connection leaves it to the next with all its time", async () => {
      const running = use();
      using errors = hearErrors(running.server);
      await using first = await running.connect();
      const path = temporaryPath();
      await first.write(`exitWhen ${path}\n`);
      await expect.poll(() => existsSync(`${path}.begun`), patient).toBe(true);
      lend(running.server, { requestTimeout: 3 });
      holdTimers();
      await using client = await running.connect();
      await using brief = await running.connect();
      const answers = Promise.all([client, brief].map((each) => tell(each, "echo served")));
      await expect.poll(() => running.server.activeRequests, patient).toBe(3);
      vi.advanceTimersByTime(2500);
      writeFileSync(path, "");
      await expect.poll(() => errors.heard, patient).toHaveLength(2);
      // Its time is over before the next one is there, which starts meanwhile.
      vi.advanceTimersByTime(1000);
      expect(await answers).toEqual(["served", "served"]);
      brief.end();
      await expect.poll(() => running.server.activeRequests, patient).toBe(1);
      vi.advanceTimersByTime(2900);
      expect(await tell(client, "echo still")).toBe("still");
      expect(running.server.errors).toMatchObject([{ code: "ECHILD" }]);
      vi.advanceTimersByTime(100);
      await client.ended();
      await expect
        .poll(() => running.server.errors, patient)
        .toMatchObject([{ code: "ECHILD" }, { code: "ETIMEDOUT" }]);
    });

    it("soon after it has started, each time, is replaced more and more slowly; clients wait, and serverClose() does not", async () => {
      holdTimers();
      const running = await model.serve({}, ShortLived);
      const workerCount = (): number => [...Reflect.get(running.server, workers).workers].length;
      using errors = hearErrors(running.server);
      const end = async (): Promise<void> => {
        expect((await errors.next()).error).toMatchObject({
          message: expect.stringMatching(model.lossBecause("it left with the exit code 6")),
        });
      };
      await end();
      await end();
      for (const pause of [50, 100]) {
        vi.advanceTimersByTime(pause - 1);
        await settle();
        expect(workerCount()).toBe(0);
        vi.advanceTimersByTime(1);
        expect(workerCount()).toBe(1);
        await end();
      }
      await using waiting = await running.connect();
      await expect.poll(() => running.server.activeRequests, patient).toBe(1);
      vi.advanceTimersByTime(199);
      expect([workerCount(), running.server.activeRequests]).toEqual([0, 1]);
      vi.advanceTimersByTime(1);
      let answer: string | null = null;
      void waiting.readAll().then((text) => {
        answer = text;
      });
      // Where one has ended before it had begun with it, the next one does.
      const goOn = (): string | null => {
        if (workerCount() === 0) vi.advanceTimersByTime(1000);
        return answer;
      };
      await expect.poll(goOn, patient).toBe("");
      await expect.poll(workerCount, patient).toBe(0);
      // No other one is started for this client.
      await using last = await running.connect();
      await expect.poll(() => running.server.activeRequests, patient).toBe(1);
      await within(10, "serverClose()", running.close());
      await last.ended();
    });
  });
}
