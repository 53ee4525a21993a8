import { createConnection, StreamRequestHandler } from "ts-socketserver";
import { describe, expect, it } from "vitest";
import { settle } from "../support/settle.js";
import { streamSubjects } from "../support/subjects.js";
import { serveWith } from "./support.js";

const TOTAL = 32 * 1024 * 1024;
const CHUNK = 65_536;
/** Numbers that show it when a byte is missing, twice there, or at the wrong place. */
const words = Uint32Array.from({ length: TOTAL / 4 }, (_, index) => index);
const sent = Buffer.from(words.buffer);

/** Writes everything to its client, and counts what was accepted. */
class Writer extends StreamRequestHandler {
  static accepted = 0;
  override async handle(): Promise<void> {
    Writer.accepted = 0;
    for (let start = 0; start < TOTAL; start += CHUNK) {
      Writer.accepted += await this.wfile.write(sent.subarray(start, start + CHUNK));
    }
  }
}

/** Answers every line at length, whether or not the client reads the answers. */
class Wordy extends StreamRequestHandler {
  static answered = 0;
  override async handle(): Promise<void> {
    Wordy.answered = 0;
    for await (const _line of this.rfile) {
      await this.wfile.write(sent.subarray(0, CHUNK));
      Wordy.answered += 1;
    }
  }
}

/** Waits until a counter has stood still for a while. */
async function standstill(read: () => number): Promise<number> {
  let last = -1;
  while (read() !== last || last === 0) {
    last = read();
    await settle(50);
  }
  return last;
}

// Each family, and each way of running requests: which of them go together is not what counts.
const subjects = streamSubjects.filter(({ name }) => name === "TCPServer" || name === "MultiplexingUnixStreamServer");

for (const subject of subjects) {
  describe(`A client that does not read from ${subject.name} on the ${subject.transport} transport`, () => {
    it("makes wfile.write() wait, and gets everything once it reads", async () => {
      await using running = await serveWith(subject, Writer);
      await using client = await createConnection(running.address);
      const accepted = await standstill(() => Writer.accepted);
      expect(accepted).toBeLessThan(TOTAL / 2);
      let received = 0;
      for (;;) {
        const chunk = await client.recv(CHUNK);
        if (chunk.length === 0) break;
        if (!chunk.equals(sent.subarray(received, received + chunk.length))) expect.fail(`wrong bytes at ${received}`);
        received += chunk.length;
      }
      expect([received, Writer.accepted]).toEqual([TOTAL, TOTAL]);
    });

    it("cannot make the server read on either: its requests wait as its answers do", async () => {
      await using running = await serveWith(subject, Wordy, { shutdownTimeout: 0.05 });
      await using client = await createConnection(running.address);
      const lines = client.sendall("more\n".repeat(TOTAL / 5)).catch((error: unknown) => error);
      const answered = await standstill(() => Wordy.answered);
      expect(answered * CHUNK).toBeLessThan(TOTAL / 2);
      await client.close();
      expect(await lines).toMatchObject({ name: "ClosedResourceError" });
    });
  });
}
