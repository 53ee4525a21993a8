import {
  type Address,
  BaseRequestHandler,
  type BaseServer,
  type Socket,
  StreamRequestHandler,
  type StreamServer,
} from "ts-socketserver";
import { describe, expect, it } from "vitest";
import { type StreamSubject, streamSubjects } from "../support/subjects.js";
import { hearErrors, serveWith } from "./support.js";

class Planned extends Error {}

/** Which method fails, and how. The client says so in its first line; without one it is served. */
class Failing extends StreamRequestHandler {
  #plan = "";

  override async setup(): Promise<void> {
    await super.setup();
    this.#plan = (await this.rfile.readline()).toString().trim();
    if (this.#plan === "setup") throw new Planned("in setup");
  }

  override handle(): void | Promise<void> {
    if (this.#plan === "throw") throw new Planned("at once");
    if (this.#plan === "both") throw new Planned("in handle");
    if (this.#plan === "throw nothing") throw undefined;
    if (this.#plan === "reject") return Promise.reject(new Planned("later"));
    return this.wfile.write(`served ${this.#plan}\n`).then(() => undefined);
  }

  override async finish(): Promise<void> {
    await super.finish();
    if (this.#plan === "finish" || this.#plan === "both") throw new Planned("in finish");
  }
}

class NotEvenMade extends BaseRequestHandler {
  constructor(request: Socket, clientAddress: Address, server: BaseServer) {
    super(request, clientAddress, server);
    throw new Planned("in the constructor");
  }
}

/** A server whose `handleError()` fails itself. */
function withFailingReport(subject: StreamSubject, how: "throws" | "rejects"): StreamSubject {
  // The rows' classes are concrete and take the same arguments.
  const { ServerClass } = subject;
  class FailingReport extends ServerClass {
    override handleError(): void | Promise<void> {
      if (how === "rejects") return Promise.reject(new Planned("in handleError, later"));
      throw new Planned("in handleError");
    }
  }
  return { ...subject, ServerClass: FailingReport };
}

const answers: Readonly<Record<string, string>> = { finish: "served finish\n" };

for (const subject of streamSubjects) {
  describe(`A failing handler of ${subject.name} on the ${subject.transport} transport`, () => {
    async function expectNextServed(running: { connect: Awaited<ReturnType<typeof serveWith>>["connect"] }) {
      await using next = await running.connect();
      await next.write("next\n");
      expect(await next.readAll()).toBe("served next\n");
    }

    it.each([
      ["throw", "at once"],
      ["reject", "later"],
      ["setup", "in setup"],
      ["finish", "in finish"],
    ])("that fails by '%s' ends its own request: one report, the connection closed, the next served", async (plan, message) => {
      await using running = await serveWith(subject, Failing);
      using errors = hearErrors(running.server);
      await using client = await running.connect();
      await client.write(`${plan}\n`);
      expect(await client.readAll()).toBe(answers[plan] ?? "");
      expect(client.error).toBeNull();
      const { error } = await errors.next();
      expect(error).toBeInstanceOf(Planned);
      expect(error).toMatchObject({ message });
      await expectNextServed(running);
      expect(errors.heard).toEqual([]);
    });

    it("that fails in handle() and in finish() is reported once, with both errors", async () => {
      await using running = await serveWith(subject, Failing);
      using errors = hearErrors(running.server);
      await using client = await running.connect();
      await client.write("both\n");
      await client.ended();
      const { error } = await errors.next();
      if (!(error instanceof AggregateError)) expect.fail(`an AggregateError was expected, not ${String(error)}`);
      expect(error.errors.map((one: Error) => one.message)).toEqual(["in handle", "in finish"]);
      await expectNextServed(running);
      expect(errors.heard).toEqual([]);
    });

    it("that throws no error but undefined is reported even so", async () => {
      await using running = await serveWith(subject, Failing);
      using errors = hearErrors(running.server);
      await using client = await running.connect();
      await client.write("throw nothing\n");
      await client.ended();
      expect(await errors.next()).toMatchObject({ error: undefined, server: running.server });
      await expectNextServed(running);
    });

    it("that cannot even be made closes the connection, each time anew", async () => {
      await using running = await serveWith(subject, NotEvenMade);
      using errors = hearErrors(running.server);
      for (let time = 0; time < 3; time += 1) {
        await using client = await running.connect();
        expect(await client.readAll()).toBe("");
        expect(await errors.next()).toMatchObject({ error: { message: "in the constructor" } });
      }
      expect(running.server.activeRequests).toBe(0);
    });

    it.each(["throws", "rejects"] as const)("does no more harm when handleError() itself %s", async (how) => {
      await using running = await serveWith(withFailingReport(subject, how), Failing);
      using errors = hearErrors(running.server);
      await using client = await running.connect();
      await client.write("throw\n");
      expect(await client.readAll()).toBe("");
      const { error } = await errors.next();
      expect(String(error)).toMatch(/in handleError/);
      await expectNextServed(running);
      expect(errors.heard).toEqual([]);
    });

    it("leaves nothing running after thirty failures", async () => {
      await using running = await serveWith(subject, Failing);
      const server: StreamServer = running.server;
      const plans = ["throw", "reject", "setup", "finish", "both"];
      for (let time = 0; time < 30; time += 1) {
        await using client = await running.connect();
        await client.write(`${plans[time % plans.length]}\n`);
        await client.ended();
      }
      await expectNextServed(running);
      expect(server.activeRequests).toBe(0);
    });
  });
}
