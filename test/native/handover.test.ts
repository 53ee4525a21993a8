import { describe, expect, it } from "vitest";
import * as constants from "../../dist/core/transport/native/constants.js";
import { available, failure, native, opened, printed, program, unlessAvailable } from "./support.js";

const WORKER = program(`
  const { parentPort } = require("node:worker_threads");
  parentPort.postMessage(native.ownerId());
  parentPort.on("message", (descriptor) => {
    if (descriptor < 0) process.exit();
    const before = native.close(descriptor);
    const taken = native.claim(descriptor);
    native.send(descriptor, Buffer.from("mine"), 0, 4, 0);
    parentPort.postMessage([before, taken, native.claim(descriptor), native.close(descriptor)]);
  });
`);

/** A program with a worker: `give()` hands it one end of a pair, and answers the other, and the descriptor. */
const GIVE = `
  const { Worker } = require("node:worker_threads");
  const { once } = require("node:events");
  const worker = new Worker(${JSON.stringify(WORKER)}, { eval: true });
  function give(environment) {
    const pair = new Int32Array(2);
    native.socketpair(1, 1, 0, pair);
    return { kept: pair[0], given: pair[1], result: native.transfer(pair[1], environment) };
  }
`;

describe.skipIf(!available)(`Handing descriptors over${unlessAvailable}`, () => {
  it("is refused for a thread that there is not, and changes nothing", () => {
    const descriptor = opened(native.socket(1, 1, 0));
    expect(native.transfer(descriptor, 2 ** 31 - 1)).toBe(failure("ESRCH"));
    expect(native.listen(descriptor, 1)).toBe(failure("EINVAL"));
    expect(native.transfer(1, native.ownerId())).toBe(failure("EBADF"));
    expect(native.claim(descriptor)).toBe(failure("EBADF"));
  });

  it("knows at once that a number was not given, however large or small, and takes no memory for it", async () => {
    const lines = await printed(
      `// What hangs in a call hears nothing else.
       const { Worker } = require("node:worker_threads");
       setTimeout(() => process.kill(process.pid, "SIGKILL"), 5_000).unref();
       const taking = \`const { workerData, parentPort } = require("node:worker_threads");
         const native = require(workerData);
         const before = process.memoryUsage.rss();
         const results = [-2, -(2 ** 31), 2 ** 31 - 1, 500_000_000].map((number) => native.claim(number));
         parentPort.postMessage([...results, process.memoryUsage.rss() - before < 64 * 2 ** 20]);\`;
       new Worker(taking, { eval: true, workerData: ADDON }).on("message", (told) => print(told.join(" ")));`,
    );
    const unknown = failure("EBADF");
    expect(lines).toEqual([`${unknown} ${unknown} ${unknown} ${unknown} true`]);
  });

  it("gives the descriptor to that thread alone, which has to take it", async () => {
    const lines = await printed(
      `${GIVE}
       (async () => {
         const [environment] = await once(worker, "message");
         const { kept, given, result } = give(environment);
         print([result, native.close(given) === ${failure("EBADF")}].join(" "));
         worker.postMessage(given);
         const [[before, taken, again, closed]] = await once(worker, "message");
         print([before === ${failure("EBADF")}, taken, again === ${failure("EBADF")}, closed].join(" "));
         const bytes = Buffer.alloc(8);
         print([bytes.toString("utf8", 0, native.recv(kept, bytes, 0, 8, 0)), native.recv(kept, bytes, 0, 8, 0)].join(" "));
         await worker.terminate();
         print([native.transfer(kept, environment) === ${failure("ESRCH")}].join(" "));
       })();`,
    );
    expect(lines).toEqual(["0 true", "true 0 true 0", "mine 0", "true"]);
  });

  it.each([
    "worker.terminate()",
    "worker.postMessage(-1)",
  ])("closes what the thread has not taken when it ends (%s)", async (end) => {
    const lines = await printed(
      `${GIVE}
         (async () => {
           const [environment] = await once(worker, "message");
           const gifts = Array.from({ length: 100 }, () => give(environment));
           const exit = once(worker, "exit");
           ${end};
           await exit;
           const bytes = Buffer.alloc(8);
           print(gifts.filter(({ kept }) => native.recv(kept, bytes, 0, 8, 0) === 0).length);
         })();`,
    );
    expect(lines).toEqual(["100"]);
  });
});

describe.skipIf(!available)(`The constants of the native transport${unlessAvailable}`, () => {
  it("are those of the system", () => {
    const {
      POLL_FAILED,
      EAGAIN,
      EINVAL,
      RESET_ON_CLOSE: _reset,
      RETRY_TIME: _retry,
      MSG_MORE: _more,
      ...named
    } = constants;
    expect(native.constants).toMatchObject(
      Object.fromEntries(Object.entries(named).map(([name, value]) => [name, value >>> 0])),
    );
    expect(POLL_FAILED).toBe(native.constants.POLLERR | native.constants.POLLHUP);
    expect([EAGAIN, EINVAL]).toEqual([failure("EAGAIN"), failure("EINVAL")]);
  });
});
