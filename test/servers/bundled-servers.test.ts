import type { BaseServer } from "ts-socketserver";
import type { BundledServer } from "ts-socketserver/servers";
import type { RunningServer } from "ts-socketserver/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Protocol } from "../../dist/cli/endpoint.js";
import type { AnyArguments, ServerClass } from "../../dist/mixins/multiplexing.js";
import { importHandler, moduleOf } from "../../dist/mixins/wire/handler-module.js";
import { endpointFor } from "../cli/endpoints.js";
import { AnyDatagramHandler, AnyStreamHandler } from "../support/any-bundled-handler.mjs";
import { settle } from "../support/settle.js";
import { bundledServers, makeServer, modelsOf, protocolsOf, serve } from "./built.js";
import { isReady, whyNot } from "./models.js";
import { serveBundled } from "./one-runner.js";

/** The models whose handlers run in this thread: such a server costs next to nothing. */
const HERE = ["plain", "multiplexing"];

/** Sends the example and returns as much as is expected back. */
async function exchange({ example }: BundledServer, protocol: Protocol, running: RunningServer<BaseServer>) {
  const { send, receive } = example;
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

function expectExample({ example: { receive, pattern } }: BundledServer, answer: string): void {
  if (pattern === undefined) expect(answer.trimEnd()).toBe(receive);
  else {
    expect(receive).toMatch(pattern);
    expect(answer.trimEnd()).toMatch(pattern);
  }
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
  describe.each(modelsOf(bundled).filter(({ name }) => HERE.includes(name)))("run as $name", (model) => {
    for (const protocol of protocolsOf(bundled)) {
      it(`answers its example over ${protocol}`, async () => {
        const options = { shutdownTimeout: 1 };
        const plan = { bundled, model, endpoint: endpointFor(protocol), options, settings: exampleSettings(bundled) };
        await using running = await serve(makeServer(plan));
        expectExample(bundled, await exchange(bundled, protocol, running));
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

describe.each(bundledServers)("The handlers of $name", ({ streamHandler, datagramHandler }) => {
  it("are found where threads and processes look for them", async () => {
    for (const Handler of [streamHandler, datagramHandler]) {
      if (Handler === undefined) continue;
      expect(await importHandler(moduleOf(Handler, "threads"))).toBe(Handler);
    }
  });
});

/** What every bundled server adds to its class, and whose handler is to run. */
function AnyMixIn<Base extends ServerClass>(Server: Base): Base & (abstract new (...args: AnyArguments) => Turn) {
  const Extended = bundledServers.reduce<Base>((Class, { extend }) => extend?.(Class) ?? Class, Server);
  abstract class AnyServer extends Extended implements Turn {
    turn = "";
    current(): string {
      return this.turn;
    }
  }
  return AnyServer;
}

interface Turn {
  turn: string;
  current(): string;
}

/** All bundled servers as one: a thread or process that has started once runs the handlers of all. */
const any: BundledServer = {
  name: "any",
  summary: "answers as any other does",
  streamHandler: AnyStreamHandler,
  datagramHandler: AnyDatagramHandler,
  extend: AnyMixIn,
  example: { receive: "" },
};

describe.each(["threading", "forking"] as const)("The bundled handlers, run as %s", (name) => {
  for (const protocol of protocolsOf(any)) {
    const skipped = protocol === "udp" ? "" : whyNot(name);
    describe.skipIf(skipped !== "")(`over ${protocol}${skipped}`, () => {
      let running: RunningServer<BaseServer>;
      beforeAll(async () => {
        const settings = Object.assign({}, ...bundledServers.map(exampleSettings));
        running = await serveBundled(any, name, protocol, { settings });
      });
      afterAll(() => running.close());

      // A datagram that nothing comes back for is waited for by closing the server: that one comes last.
      const ready = bundledServers.filter(
        (bundled) =>
          isReady(bundled) &&
          modelsOf(bundled).some((model) => model.name === name) &&
          protocolsOf(bundled).includes(protocol),
      );
      ready.sort((one, other) => Number(one.example.receive === "") - Number(other.example.receive === ""));
      it.each(ready)("answer the example of $name", async (bundled) => {
        Object.assign(running.server, { turn: bundled.name });
        expectExample(bundled, await exchange(bundled, protocol, running));
      });
    });
  }
});
