import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BrokenPipeError,
  BusyResourceError,
  ClosedResourceError,
  ConnectionResetError,
} from "../../dist/core/errors.js";
import { StreamReader } from "../../dist/core/stream/reader.js";
import { type MemoryStream, memoryStreamPair } from "../../dist/testing/memory-stream.js";

async function received(stream: MemoryStream, size = 100): Promise<string> {
  return (await stream.recv(size)).toString();
}

/** Whether a promise is settled after all that can happen by itself has happened. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => {
    settled = true;
  };
  promise.then(note, note);
  await new Promise(setImmediate);
  return settled;
}

describe("memoryStreamPair", () => {
  it("connects two ends in both directions and keeps the cuts between sends", async () => {
    const [left, right] = memoryStreamPair();
    await left.sendall(Buffer.from("to the "));
    await left.sendall(Buffer.from("right"));
    await right.sendall(Buffer.from("to the left"));
    expect(await received(right)).toBe("to the ");
    expect(await received(right, 2)).toBe("ri");
    expect(await received(right)).toBe("ght");
    expect(await received(left)).toBe("to the left");
  });

  it("copies what is sent", async () => {
    const [left, right] = memoryStreamPair();
    const memory = Buffer.from("kept");
    await left.sendall(memory);
    memory.fill("x");
    expect(await received(right)).toBe("kept");
  });

  it("lets recv wait for bytes", async () => {
    const [left, right] = memoryStreamPair();
    const waiting = received(right);
    expect(await isSettled(waiting)).toBe(false);
    await left.sendall(Buffer.from("now"));
    expect(await waiting).toBe("now");
  });

  it("lets sendall wait while the other side's buffer is full", async () => {
    const [left, right] = memoryStreamPair({ capacity: 4 });
    const sending = left.sendall(Buffer.from("0123456789"));
    expect(await isSettled(sending)).toBe(false);
    expect(await received(right)).toBe("0123");
    expect(await isSettled(sending)).toBe(false);
    expect(await received(right)).toBe("4567");
    expect(await isSettled(sending)).toBe(true);
    expect(await received(right)).toBe("89");
  });

  it("counts what earlier sends left in the buffer", async () => {
    const [left, right] = memoryStreamPair({ capacity: 4 });
    await left.sendall(Buffer.from("012"));
    const sending = left.sendall(Buffer.from("34"));
    expect(await isSettled(sending)).toBe(false);
    expect([await received(right), await received(right), await received(right)]).toEqual(["012", "3", "4"]);
    await sending;
  });

  it("ends the stream after shutdown(), and only that direction", async () => {
    const [left, right] = memoryStreamPair();
    await left.sendall(Buffer.from("last"));
    left.shutdown();
    left.shutdown();
    expect(await received(right)).toBe("last");
    expect([await received(right), await received(right)]).toEqual(["", ""]);
    await expect(left.sendall(Buffer.from("more"))).rejects.toBeInstanceOf(BrokenPipeError);
    await right.sendall(Buffer.from("answer"));
    expect(await received(left)).toBe("answer");
  });

  it("fails what waits on an end that closes, and the sending of the other", async () => {
    const [left, right] = memoryStreamPair({ capacity: 2 });
    const receiving = left.recv(1);
    const sending = left.sendall(Buffer.from("abc"));
    left.close();
    left.close();
    await expect(receiving).rejects.toBeInstanceOf(ClosedResourceError);
    await expect(sending).rejects.toBeInstanceOf(ClosedResourceError);
    await expect(left.recv(1)).rejects.toBeInstanceOf(ClosedResourceError);
    await expect(left.sendall(Buffer.from("d"))).rejects.toBeInstanceOf(ClosedResourceError);
    expect([await received(right), await received(right)]).toEqual(["ab", ""]);
    await expect(right.sendall(Buffer.from("e"))).rejects.toBeInstanceOf(BrokenPipeError);
  });

  it("fails the waiting send of the other end when this one closes, and forgets what it had not read", async () => {
    const [left, right] = memoryStreamPair({ capacity: 2 });
    const sending = right.sendall(Buffer.from("abc"));
    left.close();
    await expect(sending).rejects.toBeInstanceOf(BrokenPipeError);
    await expect(left.recv(1)).rejects.toBeInstanceOf(ClosedResourceError);
  });

  it("fails with the error it is given, after what had arrived", async () => {
    const [left, right] = memoryStreamPair();
    const error = new ConnectionResetError("reset", { code: "ECONNRESET" });
    await left.sendall(Buffer.from("before"));
    right.fail(error);
    expect(await received(right)).toBe("before");
    await expect(right.recv(1)).rejects.toBe(error);
    await expect(right.sendall(Buffer.from("x"))).rejects.toBe(error);
    expect(await received(left)).toBe("");
    await expect(left.sendall(Buffer.from("x"))).rejects.toBeInstanceOf(BrokenPipeError);
  });

  it("fails a recv that waits", async () => {
    const [, right] = memoryStreamPair();
    const waiting = right.recv(1);
    right.fail(new ConnectionResetError("reset", { code: "ECONNRESET" }));
    await expect(waiting).rejects.toBeInstanceOf(ConnectionResetError);
  });

  it("refuses two calls of a kind at once", async () => {
    const [left, right] = memoryStreamPair({ capacity: 1 });
    const receiving = right.recv(5);
    await expect(right.recv(5)).rejects.toBeInstanceOf(BusyResourceError);
    await left.sendall(Buffer.from("a"));
    expect((await receiving).toString()).toBe("a");
    const sending = left.sendall(Buffer.from("bc"));
    await expect(left.sendall(Buffer.from("d"))).rejects.toBeInstanceOf(BusyResourceError);
    expect(await received(right)).toBe("b");
    await sending;
    expect(await received(right)).toBe("c");
  });

  it("refuses a capacity or a size that is not a whole number of bytes", async () => {
    for (const capacity of [0, -1, 1.5]) expect(() => memoryStreamPair({ capacity })).toThrow(RangeError);
    const [left] = memoryStreamPair();
    for (const size of [0, -1, 1.5]) await expect(left.recv(size)).rejects.toBeInstanceOf(RangeError);
  });

  it("carries any bytes through any capacity to a reader", async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 8 }), pieces, async (capacity, sent) => {
        const [left, right] = memoryStreamPair({ capacity });
        const sending = (async () => {
          for (const piece of sent) await left.sendall(piece);
          left.shutdown();
        })();
        expect(await new StreamReader(right).read()).toEqual(Buffer.concat(sent));
        await sending;
      }),
    );
  });
});
