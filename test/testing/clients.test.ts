import { existsSync } from "node:fs";
import {
  DatagramRequestHandler,
  type DatagramServer,
  nativeTransport,
  UDPServer,
  UnixDatagramServer,
} from "ts-socketserver";
import { DatagramTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { DatagramEcho } from "../handlers.js";
import { isPending } from "../settle.js";
import { temporaryPath } from "../temporary-path.js";

const isNative = nativeTransport !== null;
const notNative = isNative ? "" : " (skipped: Unix datagrams need the native transport)";

/** A server that tells who has sent it something. */
class Who extends DatagramRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write(JSON.stringify(this.clientAddress));
  }
}

type Handler = DatagramServer["RequestHandlerClass"];

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
