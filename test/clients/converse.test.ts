import fc from "fast-check";
import {
  AF_INET,
  BaseRequestHandler,
  ConnectionRefusedError,
  ConnectionResetError,
  createConnection,
  LimitOverrunError,
  MultiplexingTCPServer,
  MultiplexingUDPServer,
  Socket,
} from "ts-socketserver";
import { converse, converseInDatagrams } from "ts-socketserver/clients";
import { DiscardDatagramHandler, EchoDatagramHandler, EchoStreamHandler } from "ts-socketserver/servers";
import { SOCK_DGRAM } from "ts-socketserver/socket";
import { serve } from "ts-socketserver/testing";
import type { Transport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { linesOf } from "../../dist/clients/lines-of.js";
import { cutAt, cuts } from "../servers/cuts.js";
import { pattern } from "../socket/subjects.js";
import { transports } from "../support/transports.js";

/** Input that says these things and then waits for ever, as somebody does who sits before the keyboard. */
async function* typed(...words: string[]): AsyncGenerator<Buffer> {
  for (const word of words) yield Buffer.from(word);
  await new Promise(() => {});
}

/** Collects replies. */
function collect() {
  const replies: Buffer[] = [];
  return {
    replies,
    onReply: (reply: Buffer): void => {
      replies.push(Buffer.from(reply));
    },
  };
}

describe.each(transports)("converse() over the $name transport", (transport) => {
  const serveWith = (Handler: new (...args: never[]) => BaseRequestHandler) =>
    serve(new MultiplexingTCPServer(["127.0.0.1", 0], Handler, { transport }));

  it("sends everything, ends the sending, and reads the replies to their end: 8 MB of them", async () => {
    await using running = await serveWith(EchoStreamHandler);
    await using socket = await createConnection(running.address, { transport });
    const sent = pattern(8 * 1024 * 1024);
    const { replies, onReply } = collect();
    const pieces = Array.from({ length: 64 }, (_, index) => sent.subarray(index << 17, (index + 1) << 17));
    expect(await converse(socket, pieces, onReply)).toEqual({ sent: sent.length, received: sent.length });
    expect(Buffer.concat(replies).equals(sent)).toBe(true);
  });

  it("is over when the other side has ended, also while somebody could still type", async () => {
    class Farewell extends BaseRequestHandler {
      override async handle(): Promise<void> {
        await this.request.recv(100);
        await this.request.sendall("goodbye");
      }
    }
    await using running = await serveWith(Farewell);
    await using socket = await createConnection(running.address, { transport });
    const { replies, onReply } = collect();
    expect(await converse(socket, typed("hello"), onReply)).toEqual({ sent: 5, received: 7 });
    expect(String(Buffer.concat(replies))).toBe("goodbye");
  });

  it("is over when the other side has ended, also when it takes nothing of what is being sent", async () => {
    class Deaf extends BaseRequestHandler {
      override async handle(): Promise<void> {
        await this.request.sendall("I do not listen");
        await this.request.shutdown(1);
        await ended;
      }
    }
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    await using running = await serveWith(Deaf);
    await using socket = await createConnection(running.address, { transport });
    const { received } = await converse(socket, [Buffer.alloc(64 * 1024 * 1024)], () => {});
    expect(received).toBe(15);
    end();
  });

  it("fails when the other side breaks off", async () => {
    class Rude extends BaseRequestHandler {
      override async handle(): Promise<void> {
        await this.request.recv(1);
        this.request.abort();
      }
    }
    await using running = await serveWith(Rude);
    await using socket = await createConnection(running.address, { transport });
    await expect(converse(socket, typed("hello"), () => {})).rejects.toThrow(ConnectionResetError);
  });

  it("fails as its input does, without waiting for replies", async () => {
    await using running = await serveWith(EchoStreamHandler);
    await using socket = await createConnection(running.address, { transport });
    // biome-ignore lint/correctness/useYield: it fails before.
    const broken = async function* (): AsyncGenerator<Buffer> {
      throw new Error("the file is broken");
    };
    await expect(converse(socket, broken(), () => {})).rejects.toThrow("the file is broken");
  });

  it("takes no more replies than are taken off it", async () => {
    await using running = await serveWith(EchoStreamHandler);
    await using socket = await createConnection(running.address, { transport });
    let busy = 0;
    let most = 0;
    await converse(socket, [Buffer.alloc(1024 * 1024)], async () => {
      most = Math.max(most, ++busy);
      await new Promise(setImmediate);
      busy -= 1;
    });
    expect(most).toBe(1);
  });
});

async function datagramSocket(transport: Transport, address: readonly [string, number]): Promise<Socket> {
  const socket = new Socket(AF_INET, SOCK_DGRAM, 0, { transport });
  await socket.connect(address);
  return socket;
}

describe.each(transports)("converseInDatagrams() over the $name transport", (transport) => {
  it("sends each line as a datagram, and is over after a silence", async () => {
    await using running = await serve(new MultiplexingUDPServer(["127.0.0.1", 0], EchoDatagramHandler));
    const socket = await datagramSocket(transport, running.address as [string, number]);
    const { replies, onReply } = collect();
    const lines = [Buffer.from("one\ntw"), Buffer.from("o\r\n\nlast")];
    expect(await converseInDatagrams(socket, lines, onReply, { silence: 1 })).toEqual({ sent: 4, received: 4 });
    expect(replies.map(String).sort()).toEqual(["", "last", "one", "two"]);
    expect(socket.closed).toBe(true);
  });

  it("waits for no reply where none is wanted", async () => {
    await using running = await serve(new MultiplexingUDPServer(["127.0.0.1", 0], DiscardDatagramHandler));
    const socket = await datagramSocket(transport, running.address as [string, number]);
    expect(await converseInDatagrams(socket, [Buffer.from("x\n")], () => {}, { silence: 0 })).toEqual({
      sent: 1,
      received: 0,
    });
  });

  it("tells when the system says that nobody is there", async () => {
    await using free = await datagramSocket(transport, ["127.0.0.1", 9]);
    const socket = await datagramSocket(transport, free.getsockname() as [string, number]);
    const [, port] = free.getsockname() as [string, number];
    await free.close();
    expect(port).toBeGreaterThan(0);
    await expect(converseInDatagrams(socket, typed("a\n", "b\n"), () => {})).rejects.toThrow(ConnectionRefusedError);
  });

  it("refuses a line that no datagram holds, and goes no further", async () => {
    const socket = await datagramSocket(transport, ["127.0.0.1", 9]);
    await expect(converseInDatagrams(socket, [Buffer.alloc(70_000, "x")], () => {})).rejects.toThrow(LimitOverrunError);
    expect(socket.closed).toBe(true);
  });
});

describe("linesOf()", () => {
  it("gives the same lines however the bytes are cut", async () => {
    const bytes = fc
      .string({ unit: fc.constantFrom("\n", "\r", "a", "é", "\0"), maxLength: 60 })
      .map((text) => Buffer.from(text));
    await fc.assert(
      fc.asyncProperty(bytes, cuts, async (all, places) => {
        const lines: string[] = [];
        for await (const line of linesOf(asyncOf(cutAt(all, places)))) lines.push(line.toString("latin1"));
        const expected = all.toString("latin1").split("\n");
        if (expected.at(-1) === "") expected.pop();
        expect(lines).toEqual(expected.map((line) => line.replace(/\r$/, "")));
      }),
    );
  });
});

async function* asyncOf<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
