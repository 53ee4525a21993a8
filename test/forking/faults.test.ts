/** Child processes that somebody kills or stops. What else can become of them is in test/remote/faults.test.ts. */

import { spawnSync } from "node:child_process";
import type { Address } from "ts-socketserver";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { type CountingChildren, patient, RemoteModel, shared, slow, tell, withoutTimers } from "../remote/models.js";
import { hearErrors } from "../robustness/support.js";
import { transports } from "../support/transports.js";
import { within } from "../support/within.js";

const prlimit = spawnSync("prlimit", ["--version"]).status === 0;
const unlessPrlimit = prlimit ? "" : " (skipped: there is no prlimit)";

/** The process that a client is served by. */
async function childOf(client: StreamTestClient): Promise<number> {
  return Number.parseInt(await tell(client, "place"), 10);
}

/** Connects, and tells the process that serves the connection. */
async function enter(address: Address): Promise<[client: StreamTestClient, pid: number]> {
  const client = await StreamTestClient.connect(address);
  return [client, await childOf(client)];
}

for (const transport of transports) {
  const model = new RemoteModel("forking", transport);

  describe(`A child, ${model}`, slow, () => {
    const use = shared(() => model.serve());
    const useTwo = shared(() => serve(model.make({ workers: 2, shutdownTimeout: 0.1 }) as CountingChildren));

    it("that is stopped holds up its own connections only, and goes on with those where it left off", async () => {
      const running = useTwo();
      const [first, stopped] = await enter(running.address);
      process.kill(stopped, "SIGSTOP");
      const clients = await Promise.all(Array.from({ length: 40 }, () => running.connect()));
      const answers = clients.map(childOf);
      // The other child has half of them at least, whose answers come.
      const other = await Promise.race(answers);
      expect(other).not.toBe(stopped);
      process.kill(stopped, "SIGCONT");
      const pids = await Promise.all(answers);
      expect(new Set(pids)).toEqual(new Set([stopped, other]));
      await Promise.all([first, ...clients].map((client) => client.close()));
    });

    it("that is killed ends its own connections at once; the others go on, and it is replaced", async () => {
      const running = useTwo();
      using errors = hearErrors(running.server);
      const [own, victim] = await enter(running.address);
      const [other, survivor] = await enter(running.address);
      expect(survivor).not.toBe(victim);
      await withoutTimers(async () => {
        process.kill(victim, "SIGKILL");
        await within(30, "the killed child's connection", own.ended());
      });
      expect(await childOf(other)).toBe(survivor);
      await expect.poll(() => [...running.server.activeChildren], patient).not.toContain(victim);
      await expect.poll(() => running.server.activeChildren.size, patient).toBe(2);
      const error = { message: expect.stringMatching(model.lossBecause("it was killed by SIGKILL")) };
      expect(errors.heard).toMatchObject([
        { error, clientAddress: null },
        { error, clientAddress: own.address },
      ]);
      await Promise.all([own, other].map((client) => client.close()));
    });

    it("that is stopped with more connections than may be on their way to it gets them all later", async () => {
      const running = use();
      const [first, stopped] = await enter(running.address);
      process.kill(stopped, "SIGSTOP");
      const clients = await Promise.all(Array.from({ length: 200 }, () => running.connect()));
      await expect.poll(() => running.server.activeRequests, patient).toBe(201);
      process.kill(stopped, "SIGCONT");
      expect(new Set(await Promise.all(clients.map(childOf)))).toEqual(new Set([stopped]));
      await Promise.all([first, ...clients].map((client) => client.close()));
    });

    it("that is killed before it has taken its connections leaves them to the next", async () => {
      const running = use();
      const [first, stopped] = await enter(running.address);
      process.kill(stopped, "SIGSTOP");
      const clients = await Promise.all(Array.from({ length: 20 }, () => running.connect()));
      const answers = clients.map(childOf);
      await expect.poll(() => running.server.activeRequests, patient).toBe(21);
      process.kill(stopped, "SIGKILL");
      await within(30, "the connection that it had taken", first.ended());
      const [heir] = await Promise.all(answers);
      expect(heir).not.toBe(stopped);
      expect(await Promise.all(answers)).toEqual(clients.map(() => heir));
      expect(running.server.errors).toMatchObject([{ message: expect.stringContaining("it was killed by SIGKILL") }]);
      await Promise.all([first, ...clients].map((client) => client.close()));
    });

    it.skipIf(!prlimit)(
      `that has no room for descriptors gives up the connections that it cannot take, and goes on with the next${unlessPrlimit}`,
      async () => {
        const running = use();
        const [first, pid] = await enter(running.address);
        spawnSync("prlimit", ["--pid", String(pid), "--nofile=1:"]);
        await using refused = await running.connect();
        await refused.ended();
        spawnSync("prlimit", ["--pid", String(pid), "--nofile=4096:"]);
        await using next = await running.connect();
        expect(await childOf(next)).toBe(pid);
        expect(running.server.errors).toMatchObject([{ code: "EMFILE" }]);
        expect(await tell(first, "echo on")).toBe("on");
        await first.close();
      },
    );

    it("that is killed before it has taken its datagrams leaves them to the next", async () => {
      await using running = await model.serveDatagrams();
      await using client = await running.datagrams();
      await client.send("place");
      const stopped = Number.parseInt(await client.receive(), 10);
      await expect.poll(() => running.server.activeRequests, patient).toBe(0);
      process.kill(stopped, "SIGSTOP");
      for (let count = 0; count < 20; count += 1) await client.send(`echo ${count}`);
      await expect.poll(() => running.server.activeRequests, patient).toBe(20);
      process.kill(stopped, "SIGKILL");
      const answers: string[] = [];
      while (answers.length < 20) answers.push(await client.receive());
      // They keep their order.
      expect(answers).toEqual(answers.map((_, count) => String(count)));
      expect(running.server.errors).toEqual([]);
    });
  });
}
