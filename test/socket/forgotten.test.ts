/** Sockets that a program drops without closing are closed by the garbage collector, those that wait are not. */

import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Socket } from "ts-socketserver";
import { select } from "ts-socketserver/selectors";
import { describe, expect, it } from "vitest";
import { settle } from "../support/settle.js";
import { streams } from "./subjects.js";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** Collects until something has come of it. */
async function collectUntil(isDone: () => boolean): Promise<void> {
  for (let round = 0; round < 200 && !isDone(); round += 1) {
    collectGarbage();
    await settle(3);
  }
}

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`A socket that is forgotten over ${subject.title}`, () => {
    it("is closed by the garbage collector, with a warning; its peer reads the end", async () => {
      await using listener = await subject.listener();
      await using peer = subject.socket();
      const warned = once(process, "warning");
      await (async () => {
        const [, [connection]] = await Promise.all([peer.connect(listener.getsockname()), listener.accept()]);
        await connection.sendall("x");
      })();
      expect(String(await peer.recv(1))).toBe("x");
      const ended = peer.recv(1);
      let isDone = false;
      void Promise.all([ended, warned]).finally(() => {
        isDone = true;
      });
      await collectUntil(() => isDone);
      const [warning] = await warned;
      expect(warning).toMatchObject({ name: "ResourceWarning", code: "SOCKET_NOT_CLOSED" });
      expect(await ended).toHaveLength(0);
    });

    it("is kept while a call, a reader or select() waits on it", async () => {
      await using listener = await subject.listener();
      const peers: Socket[] = [];
      const waits: ((socket: Socket) => Promise<unknown>)[] = [
        (socket) => socket.recv(10).then(String),
        (socket) => socket.makefile("rb").readline().then(String),
        (socket) => socket.recvInto(Buffer.alloc(10)),
        async (socket) => (await select([socket], [], []))[0].length,
      ];
      const outcomes = [];
      for (const wait of waits) {
        outcomes.push(
          await (async () => {
            const peer = subject.socket();
            const [, [connection]] = await Promise.all([peer.connect(listener.getsockname()), listener.accept()]);
            peers.push(peer);
            return { promise: wait(connection) };
          })(),
        );
      }
      for (let round = 0; round < 5; round += 1) {
        collectGarbage();
        await settle(2);
      }
      for (const peer of peers) await peer.sendall("hello\n");
      expect(await Promise.all(outcomes.map(({ promise }) => promise))).toEqual(["hello\n", "hello\n", 6, 1]);
      for (const peer of peers) await peer.close();
    });
  });
}
