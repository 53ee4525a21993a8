/** What only forking servers have: their children, and the channel between processes. The rest is in test/remote. */

import { pino } from "pino";
import { ForkingTCPServer, MultiplexingTCPServer, type ServerOptions, ThreadingTCPServer } from "ts-socketserver";
import { type RunningServer, serve } from "ts-socketserver/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { CountingChildren, here, order, patient, RemoteModel, tell } from "../remote/models.js";
import { LineEcho } from "../support/contract-handlers.mjs";
import { Obedient } from "../support/obedient-handlers.mjs";
import { transports } from "../support/transports.js";
import { within } from "../support/within.js";

for (const transport of transports) {
  const model = new RemoteModel("forking", transport);
  const serveChildren = (options: ServerOptions): Promise<RunningServer<CountingChildren>> =>
    serve(new CountingChildren(here, Obedient, { transport, logger: pino({ level: "silent" }), ...options }));

  describe(`The children of a server, ${model}`, () => {
    it("are processes of their own, which the server names", async () => {
      await using running = await serveChildren({ children: 2 });
      await using first = await running.connect();
      await using second = await running.connect();
      const places = [await tell(first, "place"), await tell(second, "place")];
      expect(places.sort()).toEqual([...running.server.activeChildren].map((pid) => `${pid}:0`).sort());
      expect(running.server.activeChildren).not.toContain(process.pid);
    });

    it("are at most maxChildren", async () => {
      await using running = await serveChildren({ children: 5, maxChildren: 1 });
      expect(running.server.activeChildren.size).toBe(1);
    });

    it("are started where all have requestsPerChild, wait at maxChildren, and are collected", async () => {
      await using running = await serveChildren({ children: 1, maxChildren: 2, requestsPerChild: 1 });
      const { server } = running;
      expect(server.activeChildren.size).toBe(1);
      await using first = await running.connect();
      await using second = await running.connect();
      expect(await tell(first, "place")).not.toBe(await tell(second, "place"));
      expect(server.activeChildren.size).toBe(2);
      await using third = await running.connect();
      const waiting = tell(third, "place");
      expect(await tell(second, "echo busy")).toBe("busy");
      expect(third.available).toBe(0);
      const place = await tell(first, "place");
      await first.close();
      expect(await waiting).toBe(place);
      await third.close();
      await second.close();
      await expect.poll(() => server.activeRequests).toBe(0);
      await server.collectChildren();
      expect(server.activeChildren.size).toBe(1);
    });

    it("end by themselves when they are not needed for `timeout` seconds", async () => {
      const options = { children: 1, maxChildren: 2, requestsPerChild: 1, timeout: 0.05 };
      await using running = await serveChildren(options);
      await using first = await running.connect();
      await using second = await running.connect();
      await Promise.all([tell(first, "place"), tell(second, "place")]);
      expect(running.server.activeChildren.size).toBe(2);
      await first.close();
      await second.close();
      await expect.poll(() => running.server.activeChildren.size, patient).toBe(1);
      expect(await order(running.address, "echo on")).toBe("on\n");
    });

    it("are not looked at while all of them are busy, even with a `timeout` of 0", async () => {
      const options = { children: 1, maxChildren: 2, requestsPerChild: 1, timeout: 0 };
      await using running = await serveChildren(options);
      await using first = await running.connect();
      await using second = await running.connect();
      await Promise.all([tell(first, "place"), tell(second, "place")]);
      const looks = vi.spyOn(globalThis, "setTimeout");
      onTestFinished(() => looks.mockRestore());
      // Each takes longer than a timer of 0 seconds.
      for (let count = 0; count < 20; count += 1) await tell(first, "echo busy");
      expect(looks.mock.calls.filter(([, delay]) => delay === 0)).toEqual([]);
      await second.close();
      await expect.poll(() => running.server.activeChildren.size, patient).toBe(1);
    });

    it("are collected by handleTimeout(), after `timeout` seconds without a request", async () => {
      await using server = new ForkingTCPServer(here, LineEcho, { transport, children: 1, timeout: 0.05 });
      await server.open();
      let collected = 0;
      server.collectChildren = async () => {
        collected += 1;
      };
      await server.handleRequest();
      expect(collected).toBe(1);
    });

    it("are counted until they are gone, also where blockOnClose is off", async () => {
      const running = await serveChildren({ children: 2, blockOnClose: false });
      await using client = await running.connect();
      const place = await tell(client, "place");
      await running.close();
      await expect.poll(() => [...running.server.activeChildren].map((pid) => `${pid}:0`), patient).toEqual([place]);
      client.end();
      expect(await client.readAll()).toBe("");
      await expect.poll(() => running.server.activeChildren.size, patient).toBe(0);
    });
  });

  describe(`The channel between a server and its children, ${model}`, () => {
    it("says what it cannot carry", async () => {
      await using running = await model.serve();
      await using client = await running.connect();
      expect(await tell(client, "passFunction")).toMatch(/could not be cloned/);
      expect(await tell(client, "getFunction")).toBe("Unserializable return value");
    });

    it("does not mind a handler that uses it for itself", async () => {
      await using running = await model.serve();
      expect(await order(running.address, "chat")).toBe("chatted\n");
      expect(await order(running.address, "echo still")).toBe("still\n");
      expect(running.server.errors).toEqual([]);
    });

    it("costs a child its life that gives it up and stays", async () => {
      await using running = await model.serve();
      await using client = await running.connect();
      await client.write("disconnect\n");
      await within(5, "the child", client.ended());
      expect(await order(running.address, "echo on")).toBe("on\n");
      expect(running.server.errors).toMatchObject([
        { message: expect.stringMatching(model.lossBecause("it had given up its connection to the server")) },
      ]);
    });
  });
}

describe("ForkingMixIn", () => {
  it("has Python's defaults", () => {
    const server = new ForkingTCPServer(here, LineEcho);
    expect(server).toMatchObject({ timeout: 300, maxChildren: 40, blockOnClose: true });
    expect(server.activeChildren.size).toBe(0);
    expect(new MultiplexingTCPServer(here, LineEcho).timeout).toBeNull();
    expect(new ThreadingTCPServer(here, LineEcho).timeout).toBeNull();
  });

  it.each([
    [{ children: 0 }, /children: it takes a whole number from 1/],
    [{ maxChildren: 1.5 }, /maxChildren: it takes a whole number from 1/],
    [{ requestsPerChild: 0 }, /requestsPerChild: it takes a whole number from 1, or Infinity/],
  ])("refuses %j", async (options, words) => {
    const server = new ForkingTCPServer(here, LineEcho, options);
    await expect(server.open()).rejects.toThrow(words);
    await server.serverClose();
  });
});
