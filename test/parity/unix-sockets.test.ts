/** PARITY.md, section 4: the file of a Unix socket, and the address of its clients. */

import { once } from "node:events";
import { existsSync, linkSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { type Address, MultiplexingUnixStreamServer, UnixStreamServer } from "ts-socketserver";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { Echo, Idle } from "../support/handlers.js";
import { temporaryPath } from "../support/temporary-path.js";

const isWindows = process.platform === "win32";
const suffix = isWindows ? " (skipped: named pipes on Windows have no file)" : "";

/** Leaves a socket's file behind that nobody listens on, as a server that was killed does. */
async function leaveStaleFile(path: string): Promise<void> {
  // libuv removes the file at the name it was bound to; under another name it stays.
  const bound = `${path}.bound`;
  const server = createServer().listen(bound);
  await once(server, "listening");
  renameSync(bound, path);
  server.close();
  await once(server, "close");
}

async function echoes(path: string): Promise<boolean> {
  await using client = await StreamTestClient.connect(path);
  await client.write("alive\n");
  return (await client.readLine()) === "alive\n";
}

describe.skipIf(isWindows)(`"Unix socket's file"${suffix}`, () => {
  for (const ServerClass of [UnixStreamServer, MultiplexingUnixStreamServer]) {
    it(`"Unix socket's file": a ${ServerClass.name} removes it on close, and its path can be served again`, async () => {
      const path = temporaryPath();
      for (let round = 0; round < 2; round++) {
        await using running = await serve(new ServerClass(path, Echo));
        expect(lstatSync(path).isSocket()).toBe(true);
        expect(await echoes(path)).toBe(true);
        await running.close();
        expect(existsSync(path)).toBe(false);
      }
    });
  }

  it('"Unix socket\'s file": a stale one, which nobody listens on, is replaced', async () => {
    const path = temporaryPath();
    await leaveStaleFile(path);
    expect(lstatSync(path).isSocket()).toBe(true);
    await expect(StreamTestClient.connect(path)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await using running = await serve(new UnixStreamServer(path, Echo));
    expect(await echoes(path)).toBe(true);
    await running.close();
    expect(existsSync(path)).toBe(false);
  });

  it('"Unix socket\'s file": a stale one is replaced also where a connection of its listener lives on', async () => {
    const path = temporaryPath();
    const listener = createServer().listen(path);
    await once(listener, "listening");
    const accepting = once(listener, "connection");
    await using _old = await StreamTestClient.connect(path);
    const [connection] = await accepting;
    // libuv removes the file with the listener.
    linkSync(path, `${path}.kept`);
    listener.close();
    renameSync(`${path}.kept`, path);
    await using _running = await serve(new UnixStreamServer(path, Echo));
    expect(await echoes(path)).toBe(true);
    connection.destroy();
  });

  it('"Unix socket\'s file": a live one is never replaced; the error names the path', async () => {
    const path = temporaryPath();
    await using _running = await serve(new UnixStreamServer(path, Echo));
    await using second = new UnixStreamServer(path, Idle);
    await expect(second.open()).rejects.toMatchObject({ code: "EADDRINUSE", message: expect.stringContaining(path) });
    await second.serverClose();
    expect(await echoes(path)).toBe(true);
  });

  it('"Unix socket\'s file": a file that is no socket is never replaced', async () => {
    const path = temporaryPath();
    writeFileSync(path, "precious");
    await using server = new UnixStreamServer(path, Idle);
    await expect(server.open()).rejects.toMatchObject({ code: "EADDRINUSE" });
    await server.serverClose();
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  it('"Unix socket\'s file": what somebody else has put in its place is kept on close', async () => {
    const path = temporaryPath();
    await using running = await serve(new UnixStreamServer(path, Echo));
    rmSync(path);
    writeFileSync(path, "precious");
    await running.close();
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  it("\"Unix socket's file\": another server's socket in its place goes on being served", async () => {
    const path = temporaryPath();
    await using first = await serve(new UnixStreamServer(path, Echo));
    rmSync(path);
    await using _second = await serve(new UnixStreamServer(path, Echo));
    await first.close();
    expect(await echoes(path)).toBe(true);
  });

  it('"Unix socket\'s file": closing does not mind when it is gone already', async () => {
    const path = temporaryPath();
    await using running = await serve(new UnixStreamServer(path, Echo));
    rmSync(path);
    await running.close();
    expect(existsSync(path)).toBe(false);
  });
});

describe("clientAddress of a Unix stream", () => {
  for (const ServerClass of [UnixStreamServer, MultiplexingUnixStreamServer]) {
    it(`"clientAddress of a Unix stream": a ${ServerClass.name}'s hooks and handlers get ''`, async () => {
      const seen: Address[] = [];
      class Watching extends ServerClass {
        override verifyRequest(_request: unknown, clientAddress: Address): boolean {
          seen.push(clientAddress);
          return true;
        }
      }
      class Naming extends Echo {
        override async handle(): Promise<void> {
          seen.push(this.clientAddress);
          await super.handle();
        }
      }
      await using running = await serve(new Watching(temporaryPath(), Naming));
      await using client = await running.connect();
      await client.write("x\n");
      await client.readLine();
      expect(seen).toEqual(["", ""]);
    });
  }
});
