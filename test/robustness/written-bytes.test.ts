/** What a handler writes arrives as it was written, whatever is collected, split, awaited or slow. */

import { connect, type Socket as NodeSocket } from "node:net";
import fc from "fast-check";
import { pino } from "pino";
import { isInetAddress, type StreamServer } from "ts-socketserver";
import { type RunningServer, serve } from "ts-socketserver/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BlockingScripted, bytesOf, Scripted, type Step } from "../support/scripted-handlers.mjs";
import { streamSubjects } from "../support/subjects.js";

interface Script {
  readonly steps: readonly Step[];
  /** Of a file that the handler makes for its writes; `wfile` where it is left out. */
  readonly wbufsize?: number | undefined;
  /** What the client reads at a time before it rests for a turn. */
  readonly appetite: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Step["kind"][]>(
    "write",
    "write",
    "write",
    "writelines",
    "sendall",
    "flush",
    "turn",
    "echo",
    "time out",
  ),
  // About the sizes at which a writer behaves differently: a block, a large write, the bound.
  size: fc.oneof(
    fc.integer({ min: 0, max: 64 }),
    fc.constantFrom(1023, 1024, 1025, 8191, 8192, 8193, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 300_000),
  ),
  as: fc.constantFrom<Step["as"][]>("text", "bytes"),
  awaited: fc.boolean(),
});

const scripts: fc.Arbitrary<Script> = fc.record({
  steps: fc.array(step, { maxLength: 25 }),
  wbufsize: fc.option(fc.constantFrom(0, -1, 1, 100, 8192, 100_000), { nil: undefined }),
  appetite: fc.constantFrom(1000, 65_536),
});

const ECHO = "an echoed line\n";

/** Reads wait for one another's end: a step that reads is awaited. */
function asPossible(script: Script): Script {
  const steps = script.steps.map((each) =>
    each.kind === "echo" || each.kind === "time out" ? { ...each, awaited: true } : each,
  );
  return { ...script, steps };
}

function expected({ steps }: Script): Buffer {
  const parts = steps.map((each, index) => {
    if (each.kind === "echo") return Buffer.from(ECHO);
    return ["write", "writelines", "sendall"].includes(each.kind) ? bytesOf(each, index) : Buffer.alloc(0);
  });
  return Buffer.concat(parts);
}

/** Sends a script and its lines, and reads to the end as slowly as it says. */
async function play(server: StreamServer, script: Script): Promise<Buffer> {
  const address = server.serverAddress;
  const client: NodeSocket = isInetAddress(address) ? connect(address[1], address[0]) : connect(String(address));
  const { appetite, ...order } = script;
  client.write(`${JSON.stringify(order)}\n`);
  for (const { kind } of script.steps) if (kind === "echo") client.write(ECHO);
  client.end();
  const chunks: Buffer[] = [];
  let taken = 0;
  for await (const chunk of client as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    taken += chunk.length;
    if (taken < appetite) continue;
    taken = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return Buffer.concat(chunks);
}

const RUNS = { plain: 40, multiplexing: 40, threading: 25, forking: 25 };

for (const subject of streamSubjects) {
  if (!/TCP/.test(subject.name)) continue;
  const handlers = {
    Scripted,
    ...(subject.model === "threading" || subject.model === "forking" ? { BlockingScripted } : {}),
  };
  for (const [name, Handler] of Object.entries(handlers)) {
    describe.skipIf(subject.refusal !== undefined)(
      `A ${name} handler of ${subject.name} on ${subject.transport}`,
      () => {
        let running: RunningServer<StreamServer>;
        beforeAll(async () => {
          const logger = pino({ level: "silent" });
          const handler = Handler as ConstructorParameters<typeof subject.ServerClass>[1];
          running = await serve(new subject.ServerClass(subject.makeAddress(), handler, { logger }));
        });
        afterAll(() => running[Symbol.asyncDispose]());

        it("gives its client all bytes of its writes and sends, in the order of the calls", async () => {
          await fc.assert(
            fc.asyncProperty(scripts.map(asPossible), async (script) => {
              const received = await play(running.server, script);
              const wanted = expected(script);
              expect(received.length).toBe(wanted.length);
              expect(received.equals(wanted)).toBe(true);
            }),
            { numRuns: RUNS[subject.model] },
          );
        });

        it("gives its client what it wrote before it failed", async () => {
          await fc.assert(
            fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
              const awaited = steps.map((each) => ({ ...each, awaited: true }));
              const failing: Step = { kind: "throw", size: 0, as: "bytes", awaited: true };
              const script = { steps: [...awaited, failing], appetite: 65_536 };
              expect((await play(running.server, script)).equals(expected(script))).toBe(true);
            }),
            { numRuns: 10 },
          );
        });
      },
    );
  }
}
