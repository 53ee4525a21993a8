/** What only forking servers have: their children, and the channel between processes. The rest is in test/remote. */

import { pino } from "pino";
import { ForkingTCPServer, MultiplexingTCPServer, type ServerOptions, ThreadingTCPServer } from "ts-socketserver";
import { type RunningServer, serve } from "ts-socketserver/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { CountingChildren, here, order, patient, shared, slow, tell } from "../remote/models.js";
import { LineEcho } from "../support/contract-handlers.mjs";
import { Obedient } from "../support/obedient-handlers.mjs";
import { settle } from "../support/settle.js";
import { within } from "../support/within.js";

const serveChildren = (options: ServerOptions): Promise<RunningServer<CountingChildren>> =>
  serve(new CountingChildren(here, Obedient, { logger: pino({ level: "silent" }), ...options }));

describe("The children of a server", slow, () => {
  it("are processes of their own, which the server names; they are counted until they are gone, also where blockOnClose is off", async () => {
    const running = await serveChildren({ children: 2, blockOnClose: false });
    await using first = await running.connect();
    await using second = await running.connect();
    const places = [await tell(first, "place"), await tell(second, "place")];
    const named = (): string[] => [...running.server.activeChildren].map((pid) => `${pid}:0`);
    expect([...places].sort()).toEqual(named().sort());
    expect(running.server.activeChildren).not.toContain(process.pid);
    second.end();
    expect(await second.readAll()).toBe("");
    await running.close();
    await expect.poll(named, patient).toEqual([places[0]]);
    first.end();
    expect(await first.readAll()).toBe("");
    await expect.poll(() => running.server.activeChildren.size, patient).toBe(0);
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
    await expect.poll(() => server.activeRequests, patient).toBe(0);
    await server.collectChildren();
    expect(server.activeChildren.size).toBe(1);
  });

  it("end when they are not needed for `timeout` seconds, and are not looked at while all of them are busy", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    await using running = await serveChildren({ children: 1, maxChildren: 2, requestsPerChild: 1, timeout: 7 });
    const { server } = running;
    const timers = vi.getTimerCount();
    await using first = await running.connect();
    await using second = await running.connect();
    await Promise.all([tell(first, "place"), tell(second, "place")]);
    for (let count = 0; count < 3; count += 1) await tell(first, "echo busy");
    expect(server.activeChildren.size).toBe(2);
    expect(vi.getTimerCount()).toBe(timers);
    await second.close();
    await expect.poll(() => server.activeRequests, patient).toBe(1);
    vi.advanceTimersByTime(6900);
    await settle();
    expect(server.activeChildren.size).toBe(2);
    // Where it was looked a moment too early, once more.
    vi.advanceTimersByTime(7100);
    await expect.poll(() => server.activeChildren.size, patient).toBe(1);
    expect(await tell(first, "echo on")).toBe("on");
  });

  it("are at most maxChildren, and are collected by handleTimeout(), after `timeout` seconds without a request", async () => {
    await using server = new ForkingTCPServer(here, LineEcho, { children: 5, maxChildren: 1, timeout: 0.05 });
    await server.open();
    expect(server.activeChildren.size).toBe(1);
    let collected = 0;
    server.collectChildren = async () => {
      collected += 1;
    };
    await server.handleRequest();
    expect(collected).toBe(1);
  });
});

describe("The channel between a server and its children", slow, () => {
  const use = shared(() => serveChildren({ children: 1 }));

  it("says what it cannot carry", async () => {
    await using client = await use().connect();
    expect(await tell(client, "passFunction")).toMatch(/could not be cloned/);
    expect(await tell(client, "getFunction")).toBe("Unserializable return value");
  });

  it("does not mind a handler that uses it for itself", async () => {
    const running = use();
    expect(await order(running.address, "chat")).toBe("chatted\n");
    expect(await order(running.address, "echo still")).toBe("still\n");
    expect(running.server.errors).toEqual([]);
  });

  it("costs a child its life that gives it up and stays", async () => {
    const running = use();
    await using client = await running.connect();
    await client.write("disconnect\n");
    await within(30, "the child", client.ended());
    expect(await order(running.address, "echo on")).toBe("on\n");
    expect(running.server.errors).toMatchObject([
      { message: expect.stringMatching(/has ended: it had given up its connection to the server$/) },
    ]);
  });
});

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
