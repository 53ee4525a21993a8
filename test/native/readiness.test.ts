import { connect } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import { AF_INET, SOCK_STREAM } from "../../dist/core/constants.js";
import { settle } from "../support/settle.js";
import {
  available,
  connected,
  failure,
  listening,
  loopback,
  native,
  opened,
  pair,
  places,
  portOf,
  printed,
  run,
  sendText,
  unlessAvailable,
} from "./support.js";

interface Event {
  readonly slot: number;
  readonly events: number;
}

/** What every call of the callback has told, in order. */
const batches: Event[][] = [];
let onBatch: (() => void) | undefined;

beforeAll(() => {
  if (!available) return;
  const ready = new Int32Array(2 * 512);
  const answer = native.start((count) => {
    batches.push(
      Array.from({ length: count }, (_, index) => ({
        slot: (ready[2 * index] ?? 0) >>> 0,
        events: ready[2 * index + 1] ?? 0,
      })),
    );
    onBatch?.();
  }, ready);
  expect(answer).toBe(0);
});

/** The next call of the callback. */
async function nextBatch(): Promise<Event[]> {
  if (batches.length === 0) {
    await new Promise<void>((resolve) => {
      onBatch = resolve;
    });
    onBatch = undefined;
  }
  return batches.shift() ?? [];
}

/** Expects that the loop turns without a call of the callback. */
async function expectSilence(): Promise<void> {
  await settle();
  expect(batches).toEqual([]);
}

function drain(descriptor: number): void {
  const buffer = Buffer.alloc(1024);
  while (native.recv(descriptor, buffer, 0, buffer.length, 0) > 0);
}

describe.skipIf(!available)(`Readiness${unlessAvailable}`, () => {
  // Read in tests only: without the addon there are none.
  const bits = () => native.constants;

  describe("edge-triggered", () => {
    it("is told once for each change", async () => {
      const [one, other] = pair();
      expect(native.watch(one, 7, bits().EPOLLIN | bits().EPOLLET)).toBe(0);
      await expectSilence();
      sendText(other, "a");
      expect(await nextBatch()).toEqual([{ slot: 7, events: bits().EPOLLIN }]);
      // Nobody has read it, and it is not told again.
      await expectSilence();
      sendText(other, "b");
      expect(await nextBatch()).toEqual([{ slot: 7, events: bits().EPOLLIN }]);
    });

    it("takes EPOLLET as the positive number that the constant is, too", async () => {
      const [one, other] = pair();
      expect(native.watch(one, 7, bits().EPOLLIN + bits().EPOLLET)).toBe(0);
      sendText(other, "a");
      expect(await nextBatch()).toHaveLength(1);
      await expectSilence();
    });

    it("tells that writing is possible at first, and again when there is room again", async () => {
      const [one, other] = pair();
      native.watch(one, 1, bits().EPOLLOUT | bits().EPOLLET);
      expect(await nextBatch()).toEqual([{ slot: 1, events: bits().EPOLLOUT }]);
      const much = Buffer.alloc(1 << 20);
      while (native.send(one, much, 0, much.length, 0) > 0);
      await expectSilence();
      drain(other);
      expect(await nextBatch()).toEqual([{ slot: 1, events: bits().EPOLLOUT }]);
    });

    it("tells a peer that ends, and one that breaks", async () => {
      const { client, server } = connected();
      native.watch(server, 3, bits().EPOLLIN | bits().EPOLLRDHUP | bits().EPOLLET);
      native.shutdown(client, 1);
      expect(await nextBatch()).toEqual([{ slot: 3, events: bits().EPOLLIN | bits().EPOLLRDHUP }]);
      const reset = Buffer.alloc(8);
      reset[0] = 1;
      native.setsockopt(client, 1, 13, reset, 8);
      native.close(client);
      const [event] = await nextBatch();
      expect((event?.events ?? 0) & (bits().EPOLLERR | bits().EPOLLHUP)).not.toBe(0);
    });
  });

  it("is told in every turn when it is level-triggered, until somebody reads or unwatches", async () => {
    const [one, other] = pair();
    native.watch(one, 9, bits().EPOLLIN);
    sendText(other, "a");
    for (let time = 0; time < 3; time += 1) expect(await nextBatch()).toEqual([{ slot: 9, events: bits().EPOLLIN }]);
    drain(one);
    batches.length = 0;
    await expectSilence();
    sendText(other, "b");
    await nextBatch();
    expect(native.unwatch(one)).toBe(0);
    batches.length = 0;
    await expectSilence();
    expect(native.unwatch(one)).toBe(0);
  });

  it("carries 100 ready descriptors in one call", async () => {
    const pairs = Array.from({ length: 100 }, () => pair());
    for (const [slot, [one]] of pairs.entries()) native.watch(one, slot, bits().EPOLLIN | bits().EPOLLET);
    for (const [, other] of pairs) sendText(other, "a");
    const batch = await nextBatch();
    expect(batch.map(({ slot }) => slot).sort((a, b) => a - b)).toEqual([...pairs.keys()]);
    await expectSilence();
  });

  it("gives every slot back as it was given", async () => {
    for (const slot of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
      const [one, other] = pair();
      native.watch(one, slot, bits().EPOLLIN | bits().EPOLLET);
      sendText(other, "a");
      expect(await nextBatch()).toEqual([{ slot, events: bits().EPOLLIN }]);
    }
  });

  it("comes from a listener, for clients of any kind", async () => {
    const { listener, address } = listening();
    native.watch(listener, 5, bits().EPOLLIN | bits().EPOLLET);
    const client = connect(portOf(address), "127.0.0.1");
    expect(await nextBatch()).toEqual([{ slot: 5, events: bits().EPOLLIN }]);
    opened(native.accept(listener, places()));
    client.destroy();
  });

  it("comes from a socket that has connected", async () => {
    const { address } = listening();
    const client = opened(native.socket(AF_INET, SOCK_STREAM, 0));
    native.connect(client, address);
    native.watch(client, 6, bits().EPOLLOUT | bits().EPOLLET);
    expect(await nextBatch()).toEqual([{ slot: 6, events: bits().EPOLLOUT }]);
  });

  describe("watch", () => {
    it("changes slot and events of a descriptor that is watched already", async () => {
      const [one, other] = pair();
      native.watch(one, 1, bits().EPOLLIN | bits().EPOLLET);
      expect(native.watch(one, 2, bits().EPOLLOUT | bits().EPOLLET)).toBe(0);
      sendText(other, "a");
      const batch = await nextBatch();
      expect(batch).toEqual([{ slot: 2, events: bits().EPOLLOUT }]);
    });

    it("begins anew after unwatch", async () => {
      const [one, other] = pair();
      sendText(other, "a");
      native.watch(one, 1, bits().EPOLLIN | bits().EPOLLET);
      await nextBatch();
      native.unwatch(one);
      expect(native.watch(one, 2, bits().EPOLLIN | bits().EPOLLET)).toBe(0);
      expect(await nextBatch()).toEqual([{ slot: 2, events: bits().EPOLLIN }]);
    });

    it("answers EBADF for a descriptor of somebody else", () => {
      for (const foreign of [0, 1, 2, -1, 9999]) expect(native.watch(foreign, 0, 1)).toBe(failure("EBADF"));
    });
  });

  describe("close and release", () => {
    it("end watching, also while a copy of the descriptor lives on", async () => {
      for (const end of ["close", "release"] as const) {
        const [one, other] = pair();
        const copy = opened(native.dup(one));
        native.watch(one, 1, bits().EPOLLIN);
        expect(native[end](one)).toBe(0);
        sendText(other, "a");
        await expectSilence();
        // The copy is another descriptor to the epoll set as well.
        expect(native.watch(copy, 2, bits().EPOLLIN | bits().EPOLLET)).toBe(0);
        expect(await nextBatch()).toEqual([{ slot: 2, events: bits().EPOLLIN }]);
        if (end === "release") expect(native.adopt(one)).toBe(0);
      }
    });

    it("leave nothing behind for whoever has the number next", async () => {
      const [one, other] = pair();
      native.watch(one, 1, bits().EPOLLIN | bits().EPOLLET);
      sendText(other, "for the first");
      native.close(one);
      const [next, another] = pair();
      expect([next, another]).toContain(one);
      await expectSilence();
      expect(native.watch(one, 2, bits().EPOLLIN | bits().EPOLLET)).toBe(0);
      sendText(one === next ? another : next, "for the second");
      expect(await nextBatch()).toEqual([{ slot: 2, events: bits().EPOLLIN }]);
    });
  });

  describe("start", () => {
    it("refuses to be called a second time", () => {
      expect(() => native.start(() => undefined, new Int32Array(2))).toThrow(
        "start: has been called already in this thread",
      );
    });

    it("has to come before watch, ref and unref", async () => {
      const lines = await printed(
        `const descriptor = native.socket(2, 1, 0);
         for (const call of [() => native.watch(descriptor, 0, 1), native.ref, native.unref]) {
           try { call(); print("no error"); } catch (error) { print(error.code + " " + error.message); }
         }`,
      );
      expect(lines).toEqual([
        "ERR_INVALID_STATE watch: start has to be called first",
        "ERR_INVALID_STATE ref: start has to be called first",
        "ERR_INVALID_STATE unref: start has to be called first",
      ]);
    });
  });

  /** Three connected pairs, of which the left sides are watched and have something to read. */
  const READY = `
    const ready = new Int32Array(4);
    const pairs = Array.from({ length: 3 }, () => {
      const out = new Int32Array(2);
      native.socketpair(1, 1, 0, out);
      native.send(out[1], Buffer.from("x"), 0, 1, 0);
      return out;
    });
    const watchAll = () => pairs.forEach(([one], slot) => native.watch(one, slot, 1 | constants.EPOLLET));
  `;

  it("that finds no room comes with the next turn", async () => {
    const lines = await printed(
      `${READY}
       let left = 3;
       native.start((count) => {
         print(count + " " + ready[0]);
         setImmediate(() => print("turn"));
         left -= count;
         if (left === 0) native.unref();
       }, ready);
       watchAll();
       native.ref();`,
    );
    expect(lines).toEqual(["2 0", "turn", "1 2", "turn"]);
  });

  it("lets promises and ticks run before the loop goes on", async () => {
    const lines = await printed(
      `${READY}
       native.start(() => {
         setImmediate(() => print("immediate"));
         Promise.resolve().then(() => print("promise"));
         process.nextTick(() => print("tick"));
         print("callback");
         native.unref();
       }, new Int32Array(16));
       watchAll();
       native.ref();`,
    );
    expect(lines).toEqual(["callback", "tick", "promise", "immediate"]);
  });

  it("finds no AsyncLocalStorage, neither that of start() nor that of the batch before", async () => {
    const lines = await printed(
      `${READY}
       const { AsyncLocalStorage } = require("node:async_hooks");
       const storage = new AsyncLocalStorage();
       let left = 3;
       storage.run("start", () => native.start((count) => {
         print(String(storage.getStore()));
         storage.enterWith("batch");
         left -= count;
         if (left === 0) native.unref();
       }, ready));
       storage.run("watch", watchAll);
       native.ref();`,
    );
    expect(lines).toEqual(["undefined", "undefined"]);
  });

  it("makes an uncaught exception of what the callback throws, and goes on", async () => {
    const lines = await printed(
      `${READY}
       let left = 3;
       process.on("uncaughtException", (error, origin) => print(origin + " " + error.message));
       native.start((count) => {
         left -= count;
         if (left === 0) native.unref();
         throw new Error("thrown with " + left + " left");
       }, ready);
       watchAll();
       native.ref();`,
    );
    expect(lines).toEqual(["uncaughtException thrown with 1 left", "uncaughtException thrown with 0 left"]);
  });

  it("makes an uncaught exception of what a tick throws that the callback has asked for", async () => {
    const lines = await printed(
      `${READY}
       process.on("uncaughtException", (error) => print(error.message));
       native.start(() => {
         process.nextTick(() => { throw new Error("from the tick"); });
         native.unref();
       }, new Int32Array(16));
       watchAll();
       native.ref();`,
    );
    expect(lines).toEqual(["from the tick"]);
  });

  it("ends a process that has nobody for uncaught exceptions", async () => {
    const { code, stderr } = await run(
      `${READY}
       native.start(() => { throw new Error("nobody catches this"); }, ready);
       watchAll();
       native.ref();`,
    );
    expect(code).toBe(1);
    expect(stderr).toContain("nobody catches this");
  });

  it("ends with an uncaught exception, not a crash, when the memory of `ready` is taken away", async () => {
    const lines = await printed(
      `${READY}
       let errors = 0;
       process.on("uncaughtException", (error) => {
         print(error.code + " " + error.message);
         errors += 1;
       });
       native.start(() => print("called"), ready);
       watchAll();
       native.ref();
       structuredClone(ready, { transfer: [ready.buffer] });
       setImmediate(() => setImmediate(() => setImmediate(() => native.unref())));`,
    );
    expect(lines).toEqual(["ERR_INVALID_STATE start: ready has lost its memory; nothing is watched any more"]);
  });

  it("survives process.exit() in the callback", async () => {
    const { code } = await run(
      `${READY}
       native.start(() => process.exit(7), ready);
       watchAll();
       native.ref();`,
    );
    expect(code).toBe(7);
  });

  describe("ref and unref", () => {
    it("do not keep a process alive to begin with", async () => {
      const lines = await printed(`${READY} native.start(() => undefined, new Int32Array(2)); print("ends");`);
      expect(lines).toEqual(["ends"]);
    });

    it("keep it alive, and let it go", async () => {
      const clients: ReturnType<typeof connect>[] = [];
      const lines = await printed(
        `const address = new Uint8Array(${JSON.stringify([...loopback()])});
         const listener = native.socket(2, 1, 0);
         native.bind(listener, address), native.listen(listener, 1), native.getsockname(listener, address);
         native.start(() => {
           print("a client came");
           native.unref();
         }, new Int32Array(2));
         native.watch(listener, 0, 1 | constants.EPOLLET);
         native.ref();
         native.unref();
         native.ref();
         native.ref();
         print(String(address[6] * 256 + address[7]));`,
        (stdout) => {
          const port = Number(/^\d+(?=\n)/.exec(stdout)?.[0]);
          if (clients.length === 0) clients.push(connect(port, "127.0.0.1").on("error", () => undefined));
        },
      );
      expect(lines.at(-1)).toBe("a client came");
      for (const client of clients) client.destroy();
    });
  });
});
