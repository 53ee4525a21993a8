import { spawnSync } from "node:child_process";
import { type Address, ForkingTCPServer } from "ts-socketserver";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { captureLog } from "../log-capture.js";
import { transports } from "../transports.js";
import { within } from "../within.js";
import { Endless } from "./bad-module.mjs";
import * as handlers from "./handlers.mjs";
import { Counting, childrenOf, counting, descriptors, here, isThere, order, tell } from "./support.js";

const isLinux = process.platform === "linux";
const unlessLinux = isLinux ? "" : " (skipped: reads /proc, which only Linux has)";
const prlimit = spawnSync("prlimit", ["--version"]).status === 0;

/** Connects, and tells the process that serves the connection. */
async function enter(address: Address): Promise<[client: StreamTestClient, pid: number]> {
  const client = await StreamTestClient.connect(address);
  return [client, Number(await tell(client, "pid"))];
}

const never: [StreamTestClient, number] = [undefined as never, -1];

for (const transport of transports) {
  describe(`A child of a forking server on the ${transport.name} transport`, () => {
    it("that is killed ends its own connections within a second; the others and the queue go on, and it is replaced", async () => {
      const { logger, lines } = captureLog("warn");
      const options = { transport, children: 2, maxChildren: 2, requestsPerChild: 2, shutdownTimeout: 0.1, logger };
      const server = new ForkingTCPServer(here, handlers.Obedient, options);
      await using running = await serve(server);
      const entered = [];
      for (let count = 0; count < 4; count += 1) entered.push(await enter(running.address));
      const [[, victim] = never] = entered;
      const own = entered.filter(([, pid]) => pid === victim);
      const others = entered.filter(([, pid]) => pid !== victim);
      expect([own.length, others.length]).toEqual([2, 2]);
      // All have as many as they may: this one waits for a child.
      await using queued = await running.connect();
      const waiting = tell(queued, "pid");
      const [[bystander, survivor] = never, [helper] = never] = others;
      const passing = tell(bystander, "pass gate");

      process.kill(victim, "SIGKILL");
      await within(1, "the killed child's connections", Promise.all(own.map(([client]) => client.ended())));
      const heir = Number(await waiting);
      expect(heir).not.toBe(victim);
      expect(new Set(server.activeChildren)).toEqual(new Set([survivor, heir]));
      expect(await tell(helper, "open gate")).toBe("opened");
      expect(await passing).toBe("passed");

      const reason = `A child process for Obedient (pid ${victim}) has ended: it was killed by SIGKILL`;
      const told = lines.filter(({ err }) => (err as Error | undefined)?.message === reason).map(({ msg }) => msg);
      const ofRequests = own.map(
        ([client]) => `Exception occurred during processing of request from ${client.address.join(":")}`,
      );
      expect(told.sort()).toEqual(["Exception occurred during processing", ...ofRequests].sort());

      await Promise.all(entered.map(([client]) => client.close()));
    });

    it.each([
      ["exit", "it left with the exit code 7"],
      ["failOutside", "it failed outside a request: outside"],
    ])("that ends by itself (%s) is replaced, and its reason told", async (how, reason) => {
      await using running = await counting({ transport, children: 1 });
      await using client = await running.connect();
      await client.write(`${how}\n`);
      await client.ended();
      expect(await order(running.address, "echo on")).toBe("on\n");
      expect(running.server.errors).toMatchObject([{ message: expect.stringContaining(reason), code: "ECHILD" }]);
    });

    it("that is killed again and again is replaced each time", async () => {
      await using running = await counting({ transport, children: 1 });
      for (let count = 0; count < 5; count += 1) {
        await using client = await running.connect();
        process.kill(Number(await tell(client, "pid")), "SIGKILL");
        await client.ended();
      }
      expect(await order(running.address, "echo on")).toBe("on\n");
    });

    it("that is stopped holds up its own connections only, and goes on with those where it left off", async () => {
      await using running = await counting({ transport, children: 2 });
      const [first, stopped] = await enter(running.address);
      process.kill(stopped, "SIGSTOP");
      const clients = await Promise.all(Array.from({ length: 40 }, () => running.connect()));
      const answers = clients.map((client) => tell(client, "pid").then(Number));
      // The other child has half of them at least, whose answers come.
      const other = await Promise.race(answers);
      expect(other).not.toBe(stopped);
      process.kill(stopped, "SIGCONT");
      const pids = await Promise.all(answers);
      expect(new Set(pids)).toEqual(new Set([stopped, other]));
      await Promise.all([first, ...clients].map((client) => client.close()));
    });

    it("that is stopped with more connections than may be on their way to it gets them all later", async () => {
      await using running = await counting({ transport, children: 1 });
      const [first, stopped] = await enter(running.address);
      process.kill(stopped, "SIGSTOP");
      const clients = await Promise.all(Array.from({ length: 200 }, () => running.connect()));
      await expect.poll(() => running.server.activeRequests).toBe(201);
      process.kill(stopped, "SIGCONT");
      expect(new Set(await Promise.all(clients.map((client) => tell(client, "pid"))))).toEqual(new Set([`${stopped}`]));
      await Promise.all([first, ...clients].map((client) => client.close()));
    });

    it("that is killed before it has taken its connections leaves them to the next", async () => {
      await using running = await counting({ transport, children: 1 });
      const [first, stopped] = await enter(running.address);
      process.kill(stopped, "SIGSTOP");
      const clients = await Promise.all(Array.from({ length: 20 }, () => running.connect()));
      const answers = clients.map((client) => tell(client, "pid").then(Number));
      await expect.poll(() => running.server.activeRequests).toBe(21);
      process.kill(stopped, "SIGKILL");
      await within(1, "the connection that it had taken", first.ended());
      const [heir] = await Promise.all(answers);
      expect(heir).not.toBe(stopped);
      expect(await Promise.all(answers)).toEqual(clients.map(() => heir));
      expect(running.server.errors).toMatchObject([{ message: expect.stringContaining("it was killed by SIGKILL") }]);
      await Promise.all([first, ...clients].map((client) => client.close()));
    });
  });

  describe.skipIf(!isLinux)(
    `serverClose() of a forking server on the ${transport.name} transport${unlessLinux}`,
    () => {
      it("leaves no descriptor and no process behind, whatever the handlers do", async () => {
        const cycle = async (): Promise<void> => {
          const server = new Counting(here, handlers.Obedient, { transport, children: 2, shutdownTimeout: 0.1 });
          await server.open();
          const serving = server.serveForever();
          await using idle = await StreamTestClient.connect(server.serverAddress);
          await using waiting = await StreamTestClient.connect(server.serverAddress);
          await using spinning = await StreamTestClient.connect(server.serverAddress);
          for (const client of [idle, waiting, spinning]) await tell(client, "pid");
          await waiting.write("wait\n");
          await spinning.write("spin\n");
          await server.serverClose();
          await serving;
          expect(server.activeChildren.size).toBe(0);
          await Promise.all([idle, waiting, spinning].map((client) => client.ended()));
        };
        await cycle();
        const before = [descriptors(), childrenOf(process.pid)];
        await cycle();
        expect(childrenOf(process.pid)).toEqual(before[1]);
        await expect.poll(descriptors).toBe(before[0]);
      });

      it("leaves none either when it comes while the children start", async () => {
        const before = [descriptors(), childrenOf(process.pid)];
        const server = new Counting(here, handlers.Obedient, { transport, children: 4 });
        const opening = server.open().catch((error: unknown) => error);
        await expect.poll(() => server.activeChildren.size).toBe(4);
        await within(5, "serverClose()", server.serverClose());
        expect(await opening).toMatchObject({ code: "EBADF" });
        expect(childrenOf(process.pid)).toEqual(before[1]);
        await expect.poll(descriptors).toBe(before[0]);
        await expect(server.open()).rejects.toMatchObject({ code: "EBADF" });
      });

      it("leaves none either when a child could never have started", async () => {
        const before = childrenOf(process.pid);
        const server = new Counting(here, Endless, { transport, children: 2 });
        const opening = server.open().catch((error: unknown) => error);
        await expect.poll(() => server.activeChildren.size).toBe(2);
        await within(5, "serverClose()", server.serverClose());
        expect(await opening).toMatchObject({ code: "EBADF" });
        expect(childrenOf(process.pid)).toEqual(before);
      });

      it("comes at any moment of the start", async () => {
        const before = childrenOf(process.pid);
        for (let turns = 0; turns < 12; turns += 1) {
          const server = new Counting(here, handlers.Obedient, { transport, children: 1 });
          const opening = server.open().catch((error: unknown) => error);
          for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
          await within(5, "serverClose()", server.serverClose());
          await opening;
        }
        expect(childrenOf(process.pid)).toEqual(before);
      });

      it("waits for the handlers, whose answers still come", async () => {
        const server = new Counting(here, handlers.Obedient, { transport, children: 1 });
        await server.open();
        const serving = server.serveForever();
        const [client, pid] = await enter(server.serverAddress);
        const slow = tell(client, "pass gate");
        const [other] = await enter(server.serverAddress);
        const closing = server.serverClose();
        expect(await tell(other, "open gate")).toBe("opened");
        expect(await slow).toBe("passed");
        expect(isThere(pid)).toBe(true);
        for (const each of [client, other]) await each.close();
        await closing;
        await serving;
        expect(isThere(pid)).toBe(false);
      });
    },
  );

  const unlessPrlimit = prlimit ? "" : " (skipped: there is no prlimit)";
  describe.skipIf(!prlimit)(
    `A child without room for descriptors, on the ${transport.name} transport${unlessPrlimit}`,
    () => {
      it("gives up the connections that it cannot take, and goes on with the next", async () => {
        await using running = await counting({ transport, children: 1 });
        const [first, pid] = await enter(running.address);
        spawnSync("prlimit", ["--pid", String(pid), "--nofile=1:"]);
        await using refused = await running.connect();
        await refused.ended();
        spawnSync("prlimit", ["--pid", String(pid), "--nofile=4096:"]);
        expect(await order(running.address, "pid")).toBe(`${pid}\n`);
        expect(running.server.errors).toMatchObject([{ code: "EMFILE" }]);
        expect(await tell(first, "echo on")).toBe("on");
        await first.close();
      });
    },
  );
}
