import { existsSync } from "node:fs";
import {
  DatagramRequestHandler,
  type DatagramServer,
  MultiplexingTCPServer,
  TCPServer,
  UDPServer,
  UnixDatagramServer,
} from "ts-socketserver";
import { DatagramTestClient, serve } from "ts-socketserver/testing";
import { nativeTransport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { DatagramEcho, Echo } from "../support/handlers.js";
import { isPending } from "../support/settle.js";
import { temporaryPath } from "../support/temporary-path.js";
import { within } from "../support/within.js";

const here = ["127.0.0.1", 0] as const;

const isNative = nativeTransport !== null;
const notNative = isNative ? "" : " (skipped: Unix datagrams need the native transport)";

/** A server that tells who has sent it something. */
class Who extends DatagramRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write(JSON.stringify(this.clientAddress));
  }
}

type Handler = DatagramServer["RequestHandlerClass"];

/** What a promise comes to that must not hang. */
const soon = <T>(promise: Promise<T>): Promise<T> => within(15, "it", promise);

describe("StreamTestClient", () => {
  it("may be waited for by several at once: each has its own", async () => {
    await using running = await serve(new MultiplexingTCPServer(here, Echo));
    await using client = await running.connect();
    const lines = [client.readLine(), client.readLine()];
    const ended = client.ended();
    await client.write("one\n");
    expect(await soon(lines[0] as Promise<string>)).toBe("one\n");
    await client.write("two\n");
    expect(await soon(lines[1] as Promise<string>)).toBe("two\n");
    expect(await isPending(ended)).toBe(true);
    client.end();
    await soon(ended);
  });

  it("that is closed waits for nothing any more", async () => {
    await using running = await serve(new MultiplexingTCPServer(here, Echo));
    const client = await running.connect();
    const line = client.readLine();
    line.catch(() => undefined);
    await client.close();
    await expect(soon(line)).rejects.toThrow("The connection ended before a line came");
  });
});

describe("serve()", () => {
  class Broken extends TCPServer {
    tellTaking: (fail: (error: Error) => void) => void = () => {};
    /** Resolves when the loop takes a request: with what makes that fail. */
    readonly taking = new Promise<{ fail(error: Error): void }>((resolve) => {
      this.tellTaking = (fail) => resolve({ fail });
    });
    override getRequest(): Promise<never> {
      return new Promise((_resolve, reject) => this.tellTaking(reject));
    }
  }

  it("closes a server whose serveForever() fails, so that its clients read the end, and says why when it is closed", async () => {
    const running = await serve(new Broken(here, Echo));
    const client = await running.connect();
    (await running.server.taking).fail(new Error("the loop failed"));
    await soon(client.ended());
    await expect(soon(running.close())).rejects.toThrow("the loop failed");
    await client.close();
  });

  it("says why serving has failed also where closing fails after it", async () => {
    class Worse extends Broken {
      override async serverClose(): Promise<void> {
        await super.serverClose();
        throw new Error("closing failed");
      }
    }
    const running = await serve(new Worse(here, Echo));
    await using _client = await running.connect();
    (await running.server.taking).fail(new Error("the loop failed"));
    await expect(soon(running.served)).rejects.toThrow("the loop failed");
    await expect(soon(running.close())).rejects.toThrow("the loop failed");
  });

  it("says what closing has failed with where serving has not", async () => {
    class Unclosable extends TCPServer {
      override async serverClose(): Promise<void> {
        throw new Error("closing failed");
      }
    }
    const server = new Unclosable(here, Echo);
    const running = await serve(server);
    await expect(soon(running.close())).rejects.toThrow("closing failed");
    await TCPServer.prototype.serverClose.call(server);
  });
});

describe("DatagramTestClient", () => {
  for (const [name, skipped, make] of [
    ["UDPServer", "", (handler: Handler) => new UDPServer(["127.0.0.1", 0], handler)],
    ["UnixDatagramServer", notNative, (handler: Handler) => new UnixDatagramServer(temporaryPath(), handler)],
  ] as const) {
    it.skipIf(skipped !== "")(`exchanges datagrams with a ${name}, in their order${skipped}`, async () => {
      await using running = await serve(make(DatagramEcho));
      await using client = await running.datagrams();
      const waiting = client.receive();
      expect(await isPending(waiting)).toBe(true);
      await client.send("one\n");
      expect(await waiting).toBe("one\n");
      for (const text of ["two\n", "three\n"]) await client.send(text);
      expect([await client.receive(), await client.receive(), client.available]).toEqual(["two\n", "three\n", 0]);
    });

    it.skipIf(skipped !== "")(`has the address that a ${name} sees${skipped}`, async () => {
      await using running = await serve(make(Who));
      await using client = await running.datagrams();
      await client.send("who am I?");
      expect(JSON.parse(await client.receive())).toEqual(client.address);
    });
  }

  it("may be waited for by several at once, and that is closed waits for nothing any more", async () => {
    await using running = await serve(new UDPServer(here, DatagramEcho));
    const client = await running.datagrams();
    const [one, two, none] = [client.receive(), client.receive(), client.receive()];
    none.catch(() => undefined);
    for (const text of ["one", "two"]) await client.send(text);
    expect([await soon(one), await soon(two)].sort()).toEqual(["one", "two"]);
    await client.close();
    await expect(soon(none)).rejects.toThrow("Cannot receive a datagram: the client is closed.");
  });

  it.skipIf(!isNative)(`leaves no file behind${notNative}`, async () => {
    await using running = await serve(new UnixDatagramServer(temporaryPath(), DatagramEcho));
    const client = await running.datagrams();
    const path = String(client.address);
    expect(existsSync(path)).toBe(true);
    await client.close();
    await client.close();
    expect(existsSync(path)).toBe(false);
  });

  it.skipIf(isNative)(
    `says that it cannot reach a path without the native transport${isNative ? " (skipped: it is there)" : ""}`,
    async () => {
      const opening = DatagramTestClient.open("/tmp/somewhere.sock");
      await expect(opening).rejects.toThrow(TypeError);
      await expect(opening).rejects.toThrow(
        /^Cannot send datagrams to \/tmp\/somewhere\.sock: Node has no Unix datagrams/,
      );
    },
  );
});
