import { BaseRequestHandler, BlockingRequestHandler, ForkingTCPServer, type Socket } from "ts-socketserver";
import { serve } from "ts-socketserver/testing";
import { container } from "tsyringe";
import { describe, expect, it } from "vitest";
import { Careless, Hasty, Leaving } from "./bad-module.mjs";
import * as handlers from "./handlers.mjs";
import { Counting, childrenOf, here } from "./support.js";

class Nameless extends BaseRequestHandler<Socket> {}
class Elsewhere extends BaseRequestHandler<Socket> {
  static override readonly module = "file:///nowhere/module.mjs";
}
class Path extends BaseRequestHandler<Socket> {
  static override readonly module = "handlers.mjs";
}
class Blocking extends BlockingRequestHandler {
  static override readonly module = import.meta.url;
}

type Handler = ConstructorParameters<typeof ForkingTCPServer>[1];

const byImport = /must not start a server by that\. Start it under: if \(isMain/;

describe("Handlers that cannot run in processes", () => {
  it.each<[string, Handler, RegExp]>([
    ["names no module", Nameless, /Cannot run Nameless in processes: it does not name its module.*static override/],
    ["inherits a module", handlers.Inheriting, /Cannot run Inheriting in processes: it does not name its module/],
    ["names no URL", Path, /Cannot run Path in processes: its module is not a URL \(handlers\.mjs\)/],
    ["cannot be imported", Elsewhere, /Cannot import file:\/\/\/nowhere\/module\.mjs for its handler Elsewhere/],
    ["is not exported", handlers.hidden, /Cannot find the handler Hidden in file:.*handlers\.mjs: export it there/],
    ["starts a server when imported", Careless, byImport],
    ["starts a server when imported, and does not wait for it", Hasty, byImport],
    ["ends its process when imported", Leaving, /A child process for Leaving \(pid \d+\) has ended: .* exit code 5/],
    ["blocks", Blocking as unknown as Handler, /Cannot run Blocking in ForkingTCPServer: it blocks/],
  ])("are refused when the server opens: one that %s", async (_what, Handler, words) => {
    const before = process.platform === "linux" ? childrenOf(process.pid) : [];
    const server = new ForkingTCPServer(here, Handler, { children: 2 });
    await expect(server.open()).rejects.toThrow(words);
    expect(server.activeChildren.size).toBe(0);
    if (process.platform === "linux") expect(childrenOf(process.pid)).toEqual(before);
    await server.serverClose();
  });

  it("are refused with a container, whose services cannot cross", async () => {
    const server = new ForkingTCPServer(here, handlers.LineEcho, { container: container.createChildContainer() });
    await expect(server.open()).rejects.toThrow(
      /Cannot run LineEcho in processes with the option "container".*in the handler's module/,
    );
    await server.serverClose();
  });

  it("fail at their first request when they want what only the server's process has", async () => {
    container.register("database", { useValue: "here only" });
    const server = new Counting(here, handlers.Wanting, { children: 1 });
    await using running = await serve(server);
    await using client = await running.connect();
    expect(await client.readAll()).toBe("");
    await expect
      .poll(() => server.errors)
      .toMatchObject([
        { message: expect.stringMatching(/Cannot inject the dependency .*unregistered dependency token: "database"/s) },
      ]);
    container.reset();
  });

  it("are refused again when the server is opened again", async () => {
    const server = new ForkingTCPServer(here, Elsewhere, { children: 1 });
    await expect(server.open()).rejects.toThrow(/Cannot import/);
    await expect(server.open()).rejects.toThrow(/Cannot import/);
    await server.serverClose();
  });
});
