import { describe, expect, it } from "vitest";
import { available, printed, program, unlessAvailable } from "./support.js";

/** What each of many workers does: opens 50 descriptors, watches them, and has readiness told all the time. */
const BUSY_WORKER = program(`
  const { parentPort } = require("node:worker_threads");
  const pairs = Array.from({ length: 25 }, () => {
    const out = new Int32Array(2);
    native.socketpair(1, 1, 0, out);
    return out;
  });
  const byte = Buffer.alloc(1);
  let batches = 0;
  native.start(() => {
    batches += 1;
    if (batches === 3) parentPort.postMessage("busy");
  }, new Int32Array(64));
  pairs.forEach(([one, other], slot) => {
    native.watch(one, slot, 1);
    native.send(other, byte, 0, 1, 0);
  });
  native.ref();
  parentPort.once("message", () => {
    native.unref();
    parentPort.unref();
  });
`);

/** Starts workers in a program: `grow(count)` gives as many that are busy. */
const GROW = `
  const { Worker } = require("node:worker_threads");
  const { once } = require("node:events");
  const grow = (count) => Promise.all(Array.from({ length: count }, async () => {
    const worker = new Worker(${JSON.stringify(BUSY_WORKER)}, { eval: true });
    await once(worker, "message");
    return worker;
  }));
`;

describe.skipIf(!available)(`Threads and the addon${unlessAvailable}`, () => {
  it("20 workers at once give all descriptors back, whether they end or are terminated", async () => {
    const lines = await printed(
      `${GROW}
       (async () => {
         // The first thread makes Node open descriptors of its own.
         for (const worker of await grow(1)) await worker.terminate();
         const before = countDescriptors();
         const workers = await grow(20);
         print(countDescriptors() - before >= 20 * 50);
         await Promise.all(workers.map((worker, index) => {
           if (index % 2) return worker.terminate();
           worker.postMessage("end");
           return once(worker, "exit");
         }));
         print(countDescriptors() - before);
       })();`,
    );
    expect(lines).toEqual(["true", "0"]);
  });

  it("40 workers, four at a time, leave nothing behind", async () => {
    const lines = await printed(
      `${GROW}
       (async () => {
         for (const worker of await grow(1)) await worker.terminate();
         const before = countDescriptors();
         for (let round = 0; round < 10; round += 1) {
           const [one, other, third, fourth] = await grow(4);
           one.postMessage("end");
           other.postMessage("end");
           await Promise.all([once(one, "exit"), once(other, "exit"), third.terminate(), fourth.terminate()]);
         }
         print(countDescriptors() - before);
       })();`,
    );
    expect(lines).toEqual(["0"]);
  });

  it("a worker may be terminated at any moment of its start", async () => {
    const lines = await printed(
      `const { Worker } = require("node:worker_threads");
       const { once } = require("node:events");
       (async () => {
         const source = ${JSON.stringify(BUSY_WORKER)};
         const first = new Worker(source, { eval: true });
         await once(first, "message");
         await first.terminate();
         const before = countDescriptors();
         for (let turns = 0; turns < 20; turns += 1) {
           const worker = new Worker(source, { eval: true });
           for (let turn = 0; turn < turns * 100; turn += 1) await new Promise(setImmediate);
           await worker.terminate();
         }
         print(countDescriptors() - before);
       })();`,
    );
    expect(lines).toEqual(["0"]);
  });

  it("a worker that only calls, and never starts watching, gives its descriptors back", async () => {
    const source = program(`for (let time = 0; time < 50; time += 1) native.socket(2, 1, 0);`);
    const lines = await printed(
      `const { Worker } = require("node:worker_threads");
       const { once } = require("node:events");
       (async () => {
         await once(new Worker("", { eval: true }), "exit");
         const before = countDescriptors();
         await once(new Worker(${JSON.stringify(source)}, { eval: true }), "exit");
         print(countDescriptors() - before);
       })();`,
    );
    expect(lines).toEqual(["0"]);
  });

  it("a worker may end in the callback: process.exit(), or an exception that nobody catches", async () => {
    const source = (deed: string) =>
      program(
        `const out = new Int32Array(2);
         native.socketpair(1, 1, 0, out);
         native.start(() => { ${deed} }, new Int32Array(2));
         native.watch(out[0], 0, 4);
         native.ref();`,
      );
    const lines = await printed(
      `const { Worker } = require("node:worker_threads");
       const { once } = require("node:events");
       (async () => {
         await once(new Worker("", { eval: true }), "exit");
         const before = countDescriptors();
         const one = new Worker(${JSON.stringify(source("process.exit(3)"))}, { eval: true });
         print((await once(one, "exit"))[0]);
         const other = new Worker(${JSON.stringify(source('throw new Error("in the worker")'))}, { eval: true });
         // Both may come in one turn.
         const exited = new Promise((resolve) => other.once("exit", resolve));
         print((await once(other, "error"))[0].message);
         await exited;
         print(countDescriptors() - before);
       })();`,
    );
    expect(lines).toEqual(["3", "in the worker", "0"]);
  });

  it("a thread's descriptors are not another's", async () => {
    const source = program(`
      const { workerData } = require("node:worker_threads");
      print(native.close(workerData) + " " + native.release(workerData) + " " + native.send(workerData, Buffer.alloc(1), 0, 1, 0));
    `);
    const lines = await printed(
      `const { Worker } = require("node:worker_threads");
       const { once } = require("node:events");
       (async () => {
         const descriptor = native.socket(2, 1, 0);
         await once(new Worker(${JSON.stringify(source)}, { eval: true, workerData: descriptor }), "exit");
         print(native.close(descriptor));
       })();`,
    );
    expect(lines).toEqual(["-9 -9 -9", "0"]);
  });

  it("a descriptor travels to another thread in a message, and lives there when the first thread has closed its own", async () => {
    const source = program(`
      const { workerData, parentPort } = require("node:worker_threads");
      native.adopt(workerData);
      const descriptors = new Int32Array(1);
      native.poll(new Int32Array([workerData, 1, 0]), 1, 10000);
      native.recvmsg(workerData, Buffer.alloc(1), 0, 1, 0, descriptors, new Int32Array(2));
      native.send(descriptors[0], Buffer.from("from the worker"), 0, 15, 0);
    `);
    const lines = await printed(
      `const { Worker } = require("node:worker_threads");
       const { once } = require("node:events");
       (async () => {
         const door = new Int32Array(2), line = new Int32Array(2);
         native.socketpair(1, 1, 0, door);
         native.socketpair(1, 1, 0, line);
         native.release(door[1]);
         const worker = new Worker(${JSON.stringify(source)}, { eval: true, workerData: door[1] });
         native.sendmsg(door[0], Buffer.from("x"), 0, 1, 0, line.subarray(1));
         native.close(line[1]);
         await once(worker, "exit");
         const buffer = Buffer.alloc(64);
         print(buffer.toString("utf8", 0, native.recv(line[0], buffer, 0, 64, 0)));
         // The worker's end was closed with it.
         print(native.recv(line[0], buffer, 0, 64, 0));
       })();`,
    );
    expect(lines).toEqual(["from the worker", "0"]);
  });

  it("a worker that is terminated while it blocks in poll ends when poll does, and gives its descriptors back", async () => {
    const source = program(`
      const { workerData, parentPort } = require("node:worker_threads");
      native.adopt(workerData);
      for (let time = 0; time < 20; time += 1) native.socket(2, 1, 0);
      parentPort.postMessage("polls");
      const answer = native.poll(new Int32Array([workerData, 1, 0]), 1, -1);
      print("nothing of this runs any more");
    `);
    const lines = await printed(
      `const { Worker } = require("node:worker_threads");
       const { once } = require("node:events");
       (async () => {
         await once(new Worker("", { eval: true }), "exit");
         const before = countDescriptors();
         for (let time = 0; time < 5; time += 1) {
           const door = new Int32Array(2);
           native.socketpair(1, 1, 0, door);
           native.release(door[1]);
           const worker = new Worker(${JSON.stringify(source)}, { eval: true, workerData: door[1] });
           await once(worker, "message");
           const ended = worker.terminate();
           native.send(door[0], Buffer.alloc(1), 0, 1, 0);
           await ended;
           native.close(door[0]);
         }
         print(countDescriptors() - before);
       })();`,
    );
    expect(lines).toEqual(["0"]);
  });
});
