import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket as NodeSocket } from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import {
  type Address,
  BaseRequestHandler,
  BrokenPipeError,
  ConnectionResetError,
  MultiplexingTCPServer,
  Socket,
} from "ts-socketserver";
import { SHUT_WR, SOCK_STREAM, type SocketOptions, type TextWriter } from "ts-socketserver/socket";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { isPending, settle } from "../support/settle.js";
import { bulkStreams, type Pair, pattern, receiveBytes, type StreamSubject } from "./subjects.js";

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

async function writeTo(file: TextWriter): Promise<void> {
  await file.write("written ");
  await file.close();
}

/** Has a process that inherits the descriptor write to it, while this one stands still. */
async function writeFromChild(descriptor: number): Promise<void> {
  expect(spawnSync("printf", ["from a child"], { stdio: ["ignore", descriptor, "inherit"] }).status).toBe(0);
}

async function sendAndClose(socket: Socket, words: string): Promise<void> {
  await socket.sendall(words);
  await socket.close();
}

/** For a socket that takes another one's descriptor over. */
function adopting(other: Socket): SocketOptions {
  return { fileno: other.detach() };
}

/** All that comes until the end. */
async function receiveAll(socket: Socket): Promise<string> {
  let all = "";
  for (let data = await socket.recv(65_536); data.length > 0; data = await socket.recv(65_536)) all += data;
  return all;
}

for (const subject of bulkStreams) {
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
      const long = "long ".repeat(1000);
      type Way = [ending: string, way: (server: Socket) => unknown];
      const ways: Way[] = [
        ["", (server) => server.close()],
        ["", (server) => server.shutdown(SHUT_WR)],
        ["", (server) => (server as Socket & { endSending(): void }).endSending()],
        ["short ", (server) => server.sendall("short ").then(() => server.close())],
        [long, (server) => server.sendall(long).then(() => server.close())],
        ["sent ", (server) => server.send("sent ").then(() => server.close())],
        [
          `${long}last`,
          (server) => Promise.all([server.sendall(long), server.sendall("last")]).then(() => server.close()),
        ],
        ["from Node", (server) => server.toNodeSocket().end("from Node")],
        ["written ", (server) => writeTo(server.makefile("w")).then(() => server.close())],
      ];
      // What only descriptors can.
      const withDescriptors: Way[] = [
        ["from a child", (server) => writeFromChild(server.fileno()).then(() => server.close())],
        ["by a copy", (server) => sendAndClose(server.dup(), "by a copy").then(() => server.close())],
        [
          "by another",
          (server) => sendAndClose(new Socket(subject.family, SOCK_STREAM, 0, adopting(server)), "by another"),
        ],
      ];
      if (subject.isNative) ways.push(...withDescriptors);
      await withPairs(subject, ways.length, async (pairs) => {
        await ask(pairs, async (server, question, index) => {
          const answered = server.sendall(`answer to ${question}. `);
          await Promise.all([answered, ways[index]?.[1](server)]);
        });
        const received = await Promise.all(pairs.map(({ client }) => receiveAll(client)));
        expect(received).toEqual(ways.map(([ending], index) => `answer to question ${index}. ${ending}`));
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
    it("have departed together: else nothing of this was tried", async () => {
      await withPairs(subject, FEW, async (pairs) => {
        for (let together = false; !together; ) {
          await ask(pairs, async (server, question) => {
            const before = server.counters.bytesWritten;
            const answered = server.sendall(question);
            together ||= server.counters.bytesWritten === before;
            await answered;
          });
          for (const { client } of pairs) await client.recv(100);
        }
      });
    });

    it("may ask for more than there will ever be", async () => {
      await withPairs(subject, FEW, async (pairs) => {
        const sizes = [2 ** 31, 2 ** 32, 2 ** 32 + 7, Number.MAX_SAFE_INTEGER, 100, 100, 100, 100];
        const answers = pairs.map(({ server }, index) => server.recv(sizes[index] ?? 1));
        await settle(3);
        for (const [index, { client }] of pairs.entries()) await client.sendall(`question ${index}`);
        expect((await Promise.all(answers)).map(String)).toEqual(pairs.map((_pair, index) => `question ${index}`));
      });
    });

    it("are told of what went wrong also when they wait no more for that, or are closed", async () => {
      await withPairs(subject, FEW, async (pairs) => {
        const outcomes: Promise<unknown>[] = [];
        const outcomeOf = (promise: Promise<unknown>): void => {
          outcomes.push(promise.then(String, (error: unknown) => (error instanceof BrokenPipeError ? "EPIPE" : error)));
        };
        await ask(pairs, async (server, question, index) => {
          if (index > 1) return;
          await server.shutdown(SHUT_WR);
          outcomeOf(server.sendall(question));
          if (index === 0) await server.close();
          else outcomeOf(server.send("more"));
        });
        expect(await Promise.all(outcomes)).toEqual(["EPIPE", "EPIPE", "EPIPE"]);
      });
    });

    it("wait as long as was said when they began, not longer and not less", async () => {
      await withPairs(subject, FEW, async (pairs) => {
        const [first] = pairs;
        if (first === undefined) expect.fail("there is no connection");
        const waiting: Promise<void>[] = [];
        await ask(pairs, async (server, question) => {
          if (server !== first.server) return server.sendall(question);
          waiting.push(server.sendall(Buffer.alloc(1000)));
          server.settimeout(0);
        });
        await Promise.all(waiting);
        expect((await receiveBytes(first.client, 1000)).length).toBe(1000);
      });
    });

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

describe("A server whose program ends at once (slow: it starts a process)", () => {
  it.each([
    ["answers", "last words and goodbye"],
    ["none", " and goodbye"],
  ])("has sent what its handlers and its exit have said (%s before it)", async (before, expected) => {
    const child = spawn(process.execPath, [PROGRAM, before], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    const [port] = await once(createInterface({ input: child.stdout }), "line");
    const clients = Array.from({ length: FEW }, () => connect(Number(port), "127.0.0.1"));
    await Promise.all(clients.map((client) => once(client, "connect")));
    for (const client of clients) client.write("last words");
    expect(await Promise.all(clients.map((client) => text(client)))).toEqual(clients.map(() => expected));
    expect((await exited)[0]).toBe(0);
  });
});

describe("A message that nobody waits for", () => {
  it("fails for its own request, although it was to leave with those of others", async () => {
    const failed: number[] = [];
    let begun = 0;
    class Careless extends BaseRequestHandler {
      override async handle(): Promise<void> {
        const number = begun++;
        await this.request.recv(100);
        if (number === 3) {
          await this.request.shutdown(SHUT_WR);
          void this.request.sendall("nobody looks");
        } else {
          await this.request.sendall("answer");
        }
        await this.request.recv(100);
      }
    }
    class Watched extends MultiplexingTCPServer {
      override handleError(error: unknown, _request: unknown, clientAddress: Address): void {
        if (error instanceof BrokenPipeError) failed.push(Number(clientAddress[1]));
      }
    }
    await using running = await serve(new Watched(["127.0.0.1", 0], Careless));
    const clients: NodeSocket[] = [];
    for (let index = 0; index < FEW; index += 1) {
      const client = connect(Number(running.server.serverAddress[1]), "127.0.0.1");
      await once(client, "connect");
      clients.push(client);
    }
    await settle();
    const ports = clients.map((client) => client.localPort);
    const received = clients.map((client) => text(client));
    for (const client of clients) client.write("question");
    await settle();
    for (const client of clients) client.end();
    expect(await Promise.all(received)).toEqual(clients.map((_client, index) => (index === 3 ? "" : "answer")));
    expect(failed).toEqual([ports[3]]);
  });

  it("is no worse when it is one that nobody waits to receive", async () => {
    const failed: unknown[] = [];
    class Careless extends BaseRequestHandler {
      override async handle(): Promise<void> {
        await this.request.recv(100);
        void this.request.recv(100);
        await once(this.server.closing, "abort");
      }
    }
    class Watched extends MultiplexingTCPServer {
      override handleError(error: unknown): void {
        failed.push(error);
      }
    }
    await using running = await serve(new Watched(["127.0.0.1", 0], Careless));
    const client = connect(Number(running.server.serverAddress[1]), "127.0.0.1");
    await once(client, "connect");
    client.write("question");
    await settle();
    client.resetAndDestroy();
    while (failed.length === 0) await settle(1);
    expect(failed).toEqual([expect.any(ConnectionResetError)]);
  });
});
