/**
 * What the Node transport takes from inside Node: on this version it is there (seen on Node 20.20, 22.23 and 24.22), and nothing
 * goes wrong where it is not.
 */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer, type Socket as NodeSocket } from "node:net";
import { join } from "node:path";
import { nodeTransport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { descriptorOf, stopReading } from "../../dist/core/transport/node/internals.js";
import { ROOT } from "../support/paths.js";
import { settle } from "../support/settle.js";
import { streams } from "./subjects.js";

const SOURCES = join(ROOT, "src/core/transport/node");

describe("The inside of Node", () => {
  it("is used in one file alone", () => {
    const users = readdirSync(SOURCES).filter((name) =>
      /\b_handle\b|_readableState|_writableState|Symbols\(|Reflect\./.test(readFileSync(join(SOURCES, name), "utf8")),
    );
    expect(users).toEqual(["internals.ts"]);
  });

  it.skipIf(process.platform !== "linux")(
    "tells the descriptors of listeners, connections and UDP sockets",
    async () => {
      const server = createServer().listen(0, "127.0.0.1");
      const datagrams = createSocket("udp4").bind(0, "127.0.0.1");
      await Promise.all([once(server, "listening"), once(datagrams, "listening")]);
      for (const socket of [server, datagrams]) {
        expect(readlinkSync(`/proc/self/fd/${descriptorOf(socket)}`)).toMatch(/^socket:/);
        socket.close();
        expect(descriptorOf(socket)).toBe(-1);
      }
    },
  );

  it("may have changed: then a descriptor is unknown, and reading is not stopped", () => {
    for (const handle of [undefined, null, {}, { fd: "5" }, { readStop: 1 }]) {
      const strange = { _handle: handle } as unknown as NodeSocket;
      expect(descriptorOf(strange)).toBe(-1);
      expect(() => stopReading(strange)).not.toThrow();
    }
  });
});

for (const subject of streams.filter(({ transport }) => transport === nodeTransport)) {
  describe.skipIf(subject.missing !== null)(`A connection on its way to another process, over ${subject.title}`, () => {
    it.each([false, true])("is not read from any more; it was before: %s", async (wasRead) => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      if (wasRead) {
        await peer.write("x");
        await socket.recv(1);
        await peer.write("read ahead");
        await expect.poll(() => socket.counters.unreadBytes).toBe(10);
      }
      const transferable = (
        socket as unknown as { prepareTransfer(): { socket: NodeSocket; unread: Buffer } }
      ).prepareTransfer();
      expect(String(transferable.unread)).toBe(wasRead ? "read ahead" : "");
      await peer.write("for the other process");
      await settle();
      expect(transferable.socket.bytesRead).toBe(wasRead ? 11 : 0);
      expect(transferable.socket.readableLength).toBe(0);
    });
  });
}
