import type { BundledServer } from "ts-socketserver/servers";
import { describe, expect, it } from "vitest";
import type { Protocol } from "../../src/cli/endpoint.js";
import type { Model } from "../../src/cli/models.js";
import { endpointFor } from "../cli/endpoints.js";
import { bundledServers, makeServer, modelsOf, protocolsOf, serve } from "./built.js";

/** How many threads and processes serve a few requests. */
const FEW: Readonly<Record<Model["name"], object>> = {
  plain: {},
  multiplexing: {},
  threading: { threads: 1 },
  forking: { children: 1 },
};

/** Sends the example and returns as much as is expected back. */
async function exchange(bundled: BundledServer, model: Model, protocol: Protocol): Promise<string> {
  const options = { shutdownTimeout: 1, ...FEW[model.name] };
  await using running = await serve(makeServer({ bundled, model, endpoint: endpointFor(protocol), options }));
  const { send } = bundled.example;
  if (protocol === "udp") {
    await using client = await running.datagrams();
    await client.send(`${send ?? ""}\n`);
    return await client.receive();
  }
  await using client = await running.connect();
  if (send !== undefined) await client.write(`${send}\n`);
  client.end();
  return await client.readAll();
}

describe("The catalogue", () => {
  it("lists the bundled servers by their names", () => {
    const names = bundledServers.map(({ name }) => name);
    expect(names).toEqual([...names].sort());
    expect(new Set(names).size).toBe(names.length);
  });

  it("has words for the help of each", () => {
    for (const { summary, example } of bundledServers) {
      expect(summary).toMatch(/^[a-z].*[^.]$/);
      expect(example.receive).not.toBe("");
    }
  });
});

// What needs options of its own is tested in a file of its own.
const ready = bundledServers.filter(({ options = [] }) => !options.some(({ mandatory }) => mandatory));

describe.each(ready)("The server $name", (bundled) => {
  describe.each(modelsOf(bundled))("run as $name", (model) => {
    it.each(protocolsOf(bundled))("answers its example over %s", async (protocol) => {
      const { receive, pattern } = bundled.example;
      const answer = (await exchange(bundled, model, protocol)).trimEnd();
      if (pattern === undefined) expect(answer).toBe(receive);
      else {
        expect(receive).toMatch(pattern);
        expect(answer).toMatch(pattern);
      }
    });
  });

  it("is subclassed by naming its handler", () => {
    const { streamHandler, datagramHandler } = bundled;
    for (const [kind, Handler] of Object.entries({ streamHandler, datagramHandler })) {
      if (Handler === undefined) continue;
      class Renamed extends Handler {}
      const renamed: BundledServer = { ...bundled, [kind]: Renamed };
      const [model] = modelsOf(bundled);
      if (model === undefined) throw new Error("There is no model.");
      const protocol = kind === "streamHandler" ? "tcp" : "udp";
      expect(makeServer({ bundled: renamed, model, endpoint: endpointFor(protocol) }).RequestHandlerClass).toBe(
        Renamed,
      );
    }
  });
});
