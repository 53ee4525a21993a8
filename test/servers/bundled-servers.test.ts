import { formatAddress, type ServerOptions } from "ts-socketserver";
import { bundledServers } from "ts-socketserver/servers";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import type { Endpoint } from "../../src/cli/endpoint.js";
import { makeServer, models } from "../../src/cli/models.js";
import { endpointFor } from "../cli/endpoints.js";

/** Sends the example and returns as much as is expected back. */
async function exchange(bundled: (typeof bundledServers)[number], model: (typeof models)[number], endpoint: Endpoint) {
  const options: ServerOptions = { shutdownTimeout: 1 };
  await using running = await serve(makeServer(bundled, model, endpoint, options));
  const { send } = bundled.example;
  if (endpoint.protocol === "udp") {
    await using client = await running.datagrams();
    await client.send(`${send}\n`);
    return await client.receive();
  }
  await using client = await running.connect();
  await client.write(`${send}\n`);
  client.end();
  return await client.readAll();
}

describe("The catalogue", () => {
  it("lists the bundled servers by their names", () => {
    expect(bundledServers.map(({ name }) => name)).toEqual(["echo", "upper"]);
  });

  it("has words for the help of each", () => {
    for (const { summary, example } of bundledServers) {
      expect(summary).toMatch(/^[a-z].*[^.]$/);
      expect(example.receive).not.toBe("");
    }
  });
});

describe.each(bundledServers)("The server $name", (bundled) => {
  describe.each(models)("run as $name", (model) => {
    it.each(["tcp", "udp", "unix"] as const)("answers its example over %s", async (protocol) => {
      expect(await exchange(bundled, model, endpointFor(protocol))).toBe(`${bundled.example.receive}\n`);
    });
  });

  it("gives a multiplexed client its answer while another says nothing", async () => {
    const multiplexing = models.find(({ name }) => name === "multiplexing");
    if (multiplexing === undefined) throw new Error("There is no multiplexing model.");
    await using running = await serve(makeServer(bundled, multiplexing, endpointFor("tcp"), {}));
    await using silent = await running.connect();
    await using client = await running.connect();
    await client.write(`${bundled.example.send}\n`);
    expect(await client.readLine()).toBe(`${bundled.example.receive}\n`);
    silent.end();
    client.end();
    await Promise.all([silent.ended(), client.ended()]);
  });

  it("is subclassed by naming its handler", async () => {
    class Renamed extends bundled.streamHandler {}
    const renamed = { ...bundled, streamHandler: Renamed };
    const [plain] = models;
    if (plain === undefined) throw new Error("There is no model.");
    const server = makeServer(renamed, plain, endpointFor("tcp"), {});
    expect(server.RequestHandlerClass).toBe(Renamed);
    expect(formatAddress(server.serverAddress)).toBe("127.0.0.1:0");
  });
});
