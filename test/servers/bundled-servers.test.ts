import type { BundledServer } from "ts-socketserver/servers";
import { describe, expect, it } from "vitest";
import type { Protocol } from "../../dist/cli/endpoint.js";
import type { Model } from "../../dist/cli/models.js";
import { endpointFor } from "../cli/endpoints.js";
import { settle } from "../support/settle.js";
import { bundledServers, makeServer, modelsOf, protocolsOf, serve } from "./built.js";
import { isReady, whyNot } from "./models.js";

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
  const plan = { bundled, model, endpoint: endpointFor(protocol), options, settings: exampleSettings(bundled) };
  await using running = await serve(makeServer(plan));
  const { send, receive } = bundled.example;
  if (protocol === "udp") {
    await using client = await running.datagrams();
    await client.send(`${send ?? ""}\n`);
    if (receive !== "") return await client.receive();
    // What nothing comes back from is done with the datagram when it is closed.
    await running.close();
    await settle();
    return client.available === 0 ? "" : await client.receive();
  }
  await using client = await running.connect();
  if (send !== undefined) await client.write(`${send}\n`);
  client.end();
  return await client.readAll();
}

/** What the options that the server cannot do without are set to. */
function exampleSettings({ options = [] }: BundledServer): Record<string, unknown> {
  const given = options.filter(({ example }) => example !== undefined);
  return Object.fromEntries(
    given.map(({ property, example = "", parse }) => [property, parse === undefined ? example : parse(example)]),
  );
}

describe("The catalogue", () => {
  it("lists the bundled servers by their names", () => {
    const names = bundledServers.map(({ name }) => name);
    expect(names).toEqual([...names].sort());
    expect(new Set(names).size).toBe(names.length);
  });

  it("has words for the help of each", () => {
    for (const { summary } of bundledServers) expect(summary).toMatch(/^[a-z].*[^.]$/);
  });
});

describe.each(bundledServers.filter(isReady))("The server $name", (bundled) => {
  describe.each(modelsOf(bundled))("run as $name", (model) => {
    for (const protocol of protocolsOf(bundled)) {
      const skipped = protocol === "udp" ? "" : whyNot(model.name);
      it.skipIf(skipped !== "")(`answers its example over ${protocol}${skipped}`, async () => {
        const { receive, pattern } = bundled.example;
        const answer = (await exchange(bundled, model, protocol)).trimEnd();
        if (pattern === undefined) expect(answer).toBe(receive);
        else {
          expect(receive).toMatch(pattern);
          expect(answer).toMatch(pattern);
        }
      });
    }
  });

  it("is not made for a protocol that it does not speak", () => {
    const [model] = modelsOf(bundled);
    if (model === undefined) throw new Error("There is no model.");
    const spoken = protocolsOf(bundled);
    for (const protocol of (["tcp", "udp", "unix"] as const).filter((other) => !spoken.includes(other))) {
      expect(() => makeServer({ bundled, model, endpoint: endpointFor(protocol) })).toThrow(
        `${bundled.name} does not speak ${protocol}`,
      );
    }
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
