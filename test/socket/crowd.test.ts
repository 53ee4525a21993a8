import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { BrokenPipeError, ConnectionResetError, SHUT_WR, type Socket } from "ts-socketserver";
import { describe, expect, it } from "vitest";
import { isPending, settle } from "../settle.js";
import { type Pair, pattern, receiveBytes, type StreamSubject, streams } from "./subjects.js";

/** More than leave in one call. */
const MANY = 70;
const FEW = 8;

async function withPairs(subject: StreamSubject, count: number, work: (pairs: Pair[]) => Promise<void>): Promise<void> {
  const pairs: Pair[] = [];
  try {
    for (let index = 0; index < count; index += 1) pairs.push(await subject.pair());
    await work(pairs);
  } finally {
    for (const pair of pairs) await pair[Symbol.asyncDispose]();
  }
}

/** Has every server wait for its client's question, asks all of them at once, and has each answer in its own way. */
async function ask(
  pairs: readonly Pair[],
  answer: (server: Socket, question: Buffer, index: number) => Promise<void>,
): Promise<void> {
  const answering = pairs.map(async ({ server }, index) => answer(server, await server.recv(100), index));
  await settle(3);
  for (const [index, { client }] of pairs.entries()) await client.sendall(`question ${index}`);
  await Promise.all(answering);
}

/** All that comes until the end. */
async function receiveAll(socket: Socket): Promise<string> {
  let all = "";
  for (let data = await socket.recv(65_536); data.length > 0; data = await socket.recv(65_536)) all += data;
  return all;
}

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`Many connections at once over ${subject.title}`, () => {
    it("each get what is theirs, whole and in order, of whatever lengths it is", async () => {
      await withPairs(subject, MANY, async (pairs) => {
        const length = fc.constantFrom(1, 2, 64, 1023, 1024, 1025, 2047, 2048, 2049, 9000, 20_000);
        const asked = fc.constantFrom(64, 1000, 65_536);
        const messages = fc.array(fc.record({ length, asked }), { minLength: MANY, maxLength: MANY });
        const check = fc.asyncProperty(messages, async (of) => {
          const bytes = of.map(({ length }, index) => pattern(length + index).subarray(index));
          const echoing = pairs.map(async ({ server }, index) => {
            const { length, asked } = of[index] ?? { length: 0, asked: 0 };
            for (let left = length; left > 0; ) {
              const data = await server.recv(Math.min(left, asked));
              left -= data.length;
              await server.sendall(data);
            }
          });
          const sending = pairs.map(({ client }, index) => client.sendall(bytes[index] ?? ""));
          const receiving = pairs.map(({ client }, index) => receiveBytes(client, bytes[index]?.length ?? 0));
          const received = await Promise.all(receiving);
          await Promise.all([...echoing, ...sending]);
          for (const [index, data] of received.entries()) {
            if (!data.equals(bytes[index] ?? data)) expect.fail(`wrong bytes on connection ${index}`);
          }
        });
        await fc.assert(check, { numRuns: 5 });
      });
    });

    it("may do whatever else they like before an answer has left, which comes first", async () => {
      await withPairs(subject, FEW, async (pairs) => {
        const long = "long ".repeat(1000);
        const ways: ((server: Socket) => unknown)[] = [
          (server) => server.close(),
          (server) => server.shutdown(SHUT_WR),
          (server) => server.sendall("short ").then(() => server.close()),
          (server) => server.sendall(long).then(() => server.close()),
          (server) => server.send("sent ").then(() => server.close()),
          (server) => Promise.all([server.sendall(long), server.sendall("last")]).then(() => server.close()),
          (server) => server.toNodeSocket().end("from Node"),
          async (server) => {
            const file = server.makefile("w");
            await file.write("written ");
            await file.flush();
            await server.close();
          },
        ];
        await ask(pairs, async (server, question, index) => {
          const answered = server.sendall(`answer to ${question}. `);
          await Promise.all([answered, ways[index]?.(server)]);
        });
        const endings = ["", "", "short ", long, "sent ", `${long}last`, "from Node", "written "];
        const received = await Promise.all(pairs.map(({ client }) => receiveAll(client)));
        expect(received).toEqual(endings.map((ending, index) => `answer to question ${index}. ${ending}`));
      });
    });

    it("are each told of their own failure, and nobody of another's", async () => {
      await withPairs(subject, FEW, async (pairs) => {
        const outcomes: unknown[] = [];
        await ask(pairs, async (server, question, index) => {
          if (index === 3) await server.shutdown(SHUT_WR);
          outcomes[index] = await server.sendall(question).catch((error: unknown) => error);
        });
        expect(outcomes.filter((outcome) => outcome !== undefined)).toEqual([expect.any(BrokenPipeError)]);
        expect(outcomes[3]).toMatchObject({ code: "EPIPE", message: expect.stringMatching(/^Cannot send to /) });
        for (const [index, { client, server }] of pairs.entries()) {
          if (index !== 3) expect(String(await client.recv(100))).toBe(`question ${index}`);
          expect(server.counters.bytesWritten).toBe(index === 3 ? 0 : `question ${index}`.length);
        }
      });
    });

    it("hear of an end, or a reset, after what came before it, while others go on", async () => {
      await withPairs(subject, FEW, async (pairs) => {
        const heard = pairs.map(async ({ server }) => {
          const texts: string[] = [];
          try {
            for (let data = await server.recv(100); data.length > 0; data = await server.recv(100))
              texts.push(`${data}`);
          } catch (error) {
            texts.push(error instanceof ConnectionResetError ? "reset" : `${error}`);
          }
          return texts.join(", ");
        });
        await settle(3);
        for (const { client } of pairs) await client.sendall("hello");
        await settle();
        for (const [index, { client }] of pairs.entries()) {
          if (index % 2 === 0) await client.close();
          else client.abort();
        }
        const ending = subject.isTcp ? "hello, reset" : "hello";
        expect(await Promise.all(heard)).toEqual(pairs.map((_pair, index) => (index % 2 === 0 ? "hello" : ending)));
      });
    });

    // Without waiting, only the system's own buffers can be filled to the brim.
    if (!subject.isNative) return;
    it("wait for room each by itself, with nothing lost or out of order", async () => {
      await withPairs(subject, FEW, async (pairs) => {
        const [slow] = pairs;
        if (slow === undefined) expect.fail("there is no connection");
        // Full to the brim, and nobody waits.
        slow.server.settimeout(0);
        for (let refused = 0; refused < 20; ) {
          const size = refused === 0 ? 65_536 : 1;
          refused = (await slow.server.send(Buffer.alloc(size)).catch(() => 0)) > 0 ? 0 : refused + 1;
          await settle(2);
        }
        slow.server.settimeout(null);
        const filled = slow.server.counters.bytesWritten;
        let waiting: Promise<unknown> = Promise.resolve();
        await ask(pairs, async (server, question) => {
          const answered = server.sendall(question);
          if (server === slow.server) waiting = Promise.all([answered, server.sendall(", and more")]);
          else await answered;
        });
        for (const { client } of pairs.slice(1)) expect(String(await client.recv(100))).toMatch(/^question \d$/);
        // Over TCP the question itself brings room: it confirms what has come before.
        if (!subject.isTcp) expect(await isPending(waiting)).toBe(true);
        const data = await receiveBytes(slow.client, filled + "question 0, and more".length);
        expect(String(data.subarray(filled))).toBe("question 0, and more");
        await waiting;
      });
    });
  });
}

const PROGRAM = fileURLToPath(new URL("last-answers-program.mjs", import.meta.url));

describe("The answers to many clients of a server whose program ends at once (slow: it starts a process)", () => {
  it("have left with it", async () => {
    const child = spawn(process.execPath, [PROGRAM], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    const [port] = await once(createInterface({ input: child.stdout }), "line");
    const clients = Array.from({ length: FEW }, () => connect(Number(port), "127.0.0.1"));
    await Promise.all(clients.map((client) => once(client, "connect")));
    for (const [index, client] of clients.entries()) client.write(`last words ${index}`);
    expect(await Promise.all(clients.map((client) => text(client)))).toEqual(
      clients.map((_client, index) => `last words ${index}`),
    );
    expect((await exited)[0]).toBe(0);
  });
});
