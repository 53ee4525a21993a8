/** Handlers that cannot run in threads or in processes: what is said, and that nothing hangs. The same for both. */

import {
  BaseRequestHandler,
  ForkingMixIn,
  ForkingTCPServer,
  ForkingUDPServer,
  type Socket,
  type StreamServer,
  ThreadingMixIn,
  ThreadingTCPServer,
} from "ts-socketserver";
import { container } from "tsyringe";
import { describe, expect, it, vi } from "vitest";
import { importHandler, moduleOf } from "../../dist/mixins/wire/handler-module.js";
import { Careless, Endless, Failing, Hasty, Leaving } from "../support/bad-modules.mjs";
import * as handlers from "../support/obedient-handlers.mjs";
import { here, holdTimers, kinds, patient, possessions, slow, unlessLinux } from "./models.js";

class Nameless extends BaseRequestHandler<Socket> {}
class Elsewhere extends BaseRequestHandler<Socket> {
  static override readonly module = "file:///nowhere/module.mjs";
}
class Path extends BaseRequestHandler<Socket> {
  static override readonly module = "handlers.mjs";
}
const anonymous = (() => class extends BaseRequestHandler<Socket> {})();

const mend =
  "A handler for (threads|processes) is an exported class with the line static override readonly module = import.meta.url;";
const byImport =
  /Cannot import file:.*bad-modules.* for its handler .* must not start a server by that\. Start it under: if \(isMain/;

type Handler = Parameters<(typeof kinds)[number]["make"]>[1];

/** What the compiler would not have. */
const untyped = (handler: new (...args: never[]) => BaseRequestHandler<Socket>): Handler =>
  handler as unknown as Handler;

describe("Handlers that cannot be imported", () => {
  it.each<[string, Handler, string | RegExp]>([
    [
      "names a module that is not there",
      Elsewhere,
      "Cannot import file:///nowhere/module.mjs for its handler Elsewhere: Cannot find",
    ],
    ["fails when imported", Failing, /Cannot import file:.*bad-modules.* for its handler Failing: what a module!/],
    ["is not exported", handlers.hidden, /Cannot find the handler Hidden in file:.*handlers\.mjs: export it there/],
    ["starts a server when imported", Careless, byImport],
  ])("are refused where they are to run: one that %s", async (_what, Handler, words) => {
    const found = moduleOf(Handler as unknown as typeof BaseRequestHandler, "threads");
    await expect(importHandler(found)).rejects.toThrow(words);
  });
});

// The transport makes no difference.
for (const model of kinds) {
  const where = model.name === "threading" ? "threads" : "processes";

  describe(`Handlers that cannot be run, ${model}`, slow, () => {
    const expectRefused = async (server: StreamServer, words: string | RegExp): Promise<void> => {
      await expect(server.open()).rejects.toThrow(words);
      expect(server.fileno()).toBe(-1);
    };

    it.each<[string, Handler, string | RegExp]>([
      [
        "names no module",
        untyped(Nameless),
        new RegExp(`Cannot run Nameless in ${where}: it does not name its module. ${mend}`),
      ],
      ["inherits a module", handlers.Inheriting, `Cannot run Inheriting in ${where}: it does not name its module`],
      [
        "has no name",
        untyped(anonymous),
        `Cannot run this handler in ${where}: the class has no name by which to find it`,
      ],
      ["names no URL", Path, `Cannot run Path in ${where}: its module is not a URL (handlers.mjs)`],
      ["ends its thread or process when imported", Leaving, model.lossBecause("it left with the exit code 5")],
    ])("are refused when the server opens: one that %s", async (_what, Handler, words) => {
      const before = unlessLinux === "" ? possessions() : null;
      const server = model.make({ workers: 2 }, Handler);
      await expectRefused(server, words);
      await server.serverClose();
      if (before !== null) await expect.poll(possessions, patient).toEqual(before);
    });

    it("are refused when the server opens, each time: one that starts a server when imported, and does not wait for it", async () => {
      const before = unlessLinux === "" ? possessions() : null;
      const server = model.make({}, Hasty);
      for (let count = 0; count < 2; count += 1) await expectRefused(server, byImport);
      await server.serverClose();
      if (before !== null) await expect.poll(possessions, patient).toEqual(before);
    });

    it("are refused when their module is not imported within half a minute", async () => {
      holdTimers();
      const server = model.make({}, Endless);
      let message = "";
      void server.open().catch((error: Error) => {
        message = error.message;
      });
      let seconds = 0;
      // The end itself takes its own time, which is not that of the timers.
      const deadline = performance.now() + patient.timeout;
      for (; message === "" && performance.now() < deadline; seconds += 1) await vi.advanceTimersByTimeAsync(1000);
      expect(message).toMatch(
        /^Cannot import file:.*bad-modules.*\?endless for its handler Endless: it has not ended within 30 s\. A module that/,
      );
      expect(seconds).toBeGreaterThanOrEqual(30);
      const closing = server.serverClose();
      await vi.advanceTimersByTimeAsync(5000);
      await closing;
    });

    it("are refused with a container, whose services cannot cross", async () => {
      const server = model.make({ container: container.createChildContainer() });
      await expect(server.open()).rejects.toThrow(
        `Cannot run Obedient in ${where} with the option "container": its services are objects of this one. ` +
          "Register them in tsyringe's own container, in the handler's module.",
      );
      await server.serverClose();
    });

    it("fail at their first request when they want what only the server's own thread has, and the server goes on", async () => {
      container.register("database", { useValue: "here only" });
      await using running = await model.serve({}, handlers.Wanting);
      for (const count of [1, 2]) {
        await using client = await running.connect();
        expect(await client.readAll()).toBe("");
        await expect.poll(() => running.server.errors.length, patient).toBe(count);
      }
      expect(running.server.errors[0]).toMatchObject({
        message: expect.stringMatching(
          /Cannot inject the dependency .*"Wanting".*"database".*Services do not cross from the server: register it in file:.*obedient-handlers\.mjs/s,
        ),
      });
      container.reset();
    });
  });
}

describe("A server class that runs its requests in threads or processes", () => {
  it("cannot be made to do so once more", () => {
    for (const [MixIn, Server, where] of [
      [ThreadingMixIn, ThreadingTCPServer, "threads"],
      [ThreadingMixIn, ForkingUDPServer, "threads"],
      [ForkingMixIn, ThreadingTCPServer, "processes"],
    ] as const) {
      expect(() => MixIn(Server as typeof ThreadingTCPServer)).toThrow(
        `Cannot have ${Server.name} run its requests in ${where}: it has threads or processes for them already. ` +
          "Apply the mix-in to a server without, such as TCPServer.",
      );
    }
  });
});

describe("Handlers that name no module", () => {
  it("are refused by the compiler, too", () => {
    const make = (): unknown[] => [
      // @ts-expect-error: it has no module
      new ThreadingTCPServer(here, Nameless),
      // @ts-expect-error: it has no module
      new ForkingTCPServer(here, Nameless),
      new ForkingTCPServer(here, Elsewhere),
    ];
    expect(make()).toHaveLength(3);
  });
});
