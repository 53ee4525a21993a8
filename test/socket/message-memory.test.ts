/** Received bytes belong to whoever received them: what becomes of their memory is no harm for others. */

import { describe, expect, it } from "vitest";
import { receiveBytes, streams } from "./subjects.js";

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(
    `What somebody does with the memory of a message, over ${subject.title}`,
    () => {
      it.each([
        [
          "transfers it to another thread",
          (data: Buffer) => structuredClone(data, { transfer: [data.buffer as ArrayBuffer] }),
        ],
        [
          "gives it to a stream of bytes",
          (data: Buffer) => new ReadableStream({ type: "bytes", start: (controller) => controller.enqueue(data) }),
        ],
      ])("is no harm for other connections: one that %s", async (_what, misuse) => {
        await using one = await subject.accepted();
        await using other = await subject.accepted();
        for (const size of [3, 3000]) {
          await one.peer.write(Buffer.alloc(size, "x"));
          const data = await one.socket.recv(65_536);
          await receiveBytes(one.socket, size - data.length);
          try {
            misuse(data);
          } catch {
            // Some versions of Node refuse it, others copy it, or take it away.
          }
          await other.peer.write(Buffer.alloc(size, "y"));
          expect(String(await receiveBytes(other.socket, size))).toBe("y".repeat(size));
          await one.peer.write("z");
          expect(String(await one.socket.recv(10))).toBe("z");
        }
      });
    },
  );
}
