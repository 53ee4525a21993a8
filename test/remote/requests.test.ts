/** Requests that run in threads and in child processes: what is the same for both. */

import { writeFileSync } from "node:fs";
import {
  type Address,
  ConnectionResetError,
  IncompleteReadError,
  LimitOverrunError,
  MultiplexingTCPServer,
  OSError,
  type StreamServer,
  TCPServer,
} from "ts-socketserver";
import { IPPROTO_TCP, MSG_PEEK, TCP_NODELAY } from "ts-socketserver/socket";
import { type StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { hearCloses } from "../robustness/support.js";
import { Echo } from "../support/contract-handlers.mjs";
import * as handlers from "../support/obedient-handlers.mjs";
import { temporaryPath } from "../support/temporary-path.js";
import { type Counting, here, kinds, lend, models, order, patient, shared, slow, tell } from "./models.js";

/** What obedient-handlers.mjs throws, and what is told of it. */
const thrown: readonly [string, object][] = [
  ["text", { name: "Error", message: "only words" }],
  ["nothing", { name: "Error", message: "the handler threw nothing" }],
  ["nameless", { name: "Error", message: "[Object: null prototype] {}" }],
  ["fields", { name: "Error", message: "{ reason: 'an object' }" }],
  ["unspeakable", { name: "Error", message: "something that cannot be shown" }],
  ["oddMessage", { name: "Error", message: "{ odd: true }" }],
  ["oddName", { name: "Error", message: "An error that fails itself when it is read" }],
  ["oddStack", { name: "Error", message: "the stack is a function", stack: expect.any(String) }],
  ["thorny", { name: "Error", message: "An error that fails itself when it is read" }],
  ["incomplete", { name: "IncompleteReadError", partial: Buffer.from("part"), expected: 9, code: "ENODATA" }],
  ["overrun", { name: "LimitOverrunError", limit: 7, code: "EMSGSIZE" }],
  ["own", { name: "OwnError", code: "ECONNRESET", syscall: "recv" }],
  ["system", { name: "Error", code: "ENOENT", syscall: "open" }],
  ["caused", { message: "outer", cause: { name: "RangeError", cause: { name: "ConnectionResetError" } } }],
  ["circular", { message: "round", cause: { message: "round" } }],
  ["badlyCaused", { message: "outer", cause: { message: "An error that fails itself when it is read" } }],
  ["noAggregate", { name: "AggregateError", message: "its errors are gone", errors: [] }],
  ["aggregate", { name: "AggregateError", errors: [{ name: "TypeError", message: "first" }, { message: "second" }] }],
];

/** Of the errors that have a class of their own here. */
const classes: Readonly<Record<string, new (...args: never[]) => Error>> = {
  incomplete: IncompleteReadError,
  overrun: LimitOverrunError,
  own: OSError,
  aggregate: AggregateError,
};

for (const model of models) {
  describe(`Requests by ${model}`, slow, () => {
    const one = shared(() => {
      const server = model.make({ shutdownTimeout: 0 });
      // Its connections inherit that.
      const bind = server.serverBind;
      server.serverBind = async () => {
        server.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, true);
        await bind.call(server);
      };
      return serve<StreamServer & Counting>(server);
    });

    it("run at once in one place, where they wait: replies come in inverted order there, too", async () => {
      const running = one();
      await using first = await running.connect();
      await using second = await running.connect();
      expect(await tell(first, "place")).toBe(await tell(second, "place"));
      const slow = tell(first, "pass gate");
      expect(await tell(second, "open gate")).toBe("opened");
      expect(await slow).toBe("passed");
    });

    it("run at once in far greater numbers than may be on their way", async () => {
      const running = one();
      const clients = await Promise.all(Array.from({ length: 200 }, () => running.connect()));
      const answers = await Promise.all(clients.map((client, index) => tell(client, `echo ${index}`)));
      expect(answers.map(Number)).toEqual(clients.map((_, index) => index));
      expect(running.server.activeRequests).toBe(200);
      await Promise.all(clients.map((client) => client.close()));
    });

    it("wait beyond maxConnections, and are not refused", async () => {
      const running = one();
      lend(running.server, { maxConnections: 1 });
      await using first = await running.connect();
      expect(await tell(first, "echo in")).toBe("in");
      await using second = await running.connect();
      await second.write("echo next\n");
      expect(await tell(first, "echo still")).toBe("still");
      expect([second.available, running.server.activeRequests]).toEqual([0, 1]);
      await first.close();
      expect(await second.readLine()).toBe("next\n");
    });

    it("give their failures to handleError(), with their class, and the server goes on", async () => {
      const running = one();
      const { errors } = running.server;
      for (const how of ["fail", "failAsReset"]) expect(await order(running.address, how).catch(() => "")).toBe("");
      await expect.poll(() => errors.length, patient).toBe(2);
      const named = (name: string): unknown => errors.find((error) => (error as Error).name === name);
      expect(named("TypeError")).toMatchObject({ stack: expect.stringContaining("obedient-handlers.mjs") });
      expect(named("ConnectionResetError")).toBeInstanceOf(ConnectionResetError);
      expect(named("ConnectionResetError")).toMatchObject({ code: "ECONNRESET", syscall: "recv" });
      expect(await order(running.address, "count")).toBe("1\n");
    });

    it("have failed whatever they throw, and tell what it was", async () => {
      const running = one();
      const { errors } = running.server;
      for (const [what, told] of thrown) {
        await order(running.address, `throw ${what}`);
        await expect.poll(() => errors, { ...patient, message: what }).toMatchObject([told]);
        const [error] = errors.splice(0);
        expect(error).toBeInstanceOf(classes[what] ?? Error);
        expect(error instanceof OSError, what).toBe(["incomplete", "overrun", "own"].includes(what));
      }
    });

    it("tell of a bounded number of errors, however many one consists of", async () => {
      const running = one();
      const { errors } = running.server;
      await order(running.address, "throw endless");
      await expect.poll(() => errors, patient).toMatchObject([{ name: "AggregateError", message: "endless" }]);
      const count = (error: unknown): number =>
        error instanceof AggregateError ? error.errors.reduce((sum, each) => sum + count(each), 1) : 1;
      expect(count(errors[0])).toBe(64);
    });

    it("tell of each connection's bytes, although they move elsewhere", async () => {
      const running = one();
      using closes = hearCloses(running.server);
      expect(await order(running.address, "echo four")).toBe("four\n");
      await expect.poll(() => closes.heard, patient).toMatchObject([{ counters: { bytesRead: 10, bytesWritten: 5 } }]);
    });

    it.skipIf(!model.keepsConnections)(
      `move with what was read, peeked at and not read before${model.keepsConnections ? "" : " (skipped: Node refuses to move such connections to threads)"}`,
      async () => {
        const running = one();
        const begun: string[] = [];
        const verify = vi.spyOn(running.server, "verifyRequest").mockImplementation(async (request) => {
          begun.push(String(await request.recv(5)), String(await request.recv(4, MSG_PEEK)));
          return true;
        });
        onTestFinished(() => verify.mockRestore());
        await using client = await running.connect();
        const large = "x".repeat(60_000);
        await client.write(`magicecho ${large}\n`);
        expect(await client.readLine()).toBe(`${large}\n`);
        expect(begun).toEqual(["magic", "echo"]);
      },
    );

    it("move with their addresses and options", async () => {
      await using client = await one().connect();
      const own = client.address.join(" ");
      expect(await tell(client, "peer")).toBe(`${own} ${own}`);
      expect(await tell(client, "noDelay")).toBe("true");
    });

    it("come from where getRequest() says, although the other end of their connection is elsewhere", async () => {
      const running = one();
      const elsewhere: Address = ["203.0.113.9", 4242];
      const { getRequest } = running.server;
      const get = vi.spyOn(running.server, "getRequest").mockImplementation(async () => {
        const [request] = await getRequest.call(running.server);
        return [request, elsewhere];
      });
      onTestFinished(() => get.mockRestore());
      await using client = await running.connect();
      expect(await tell(client, "peer")).toBe(`${client.address.join(" ")} ${elsewhere.join(" ")}`);
    });

    // One that does not give way is broken off with its thread or process: faults.test.ts.
    it("are broken off when they take longer than requestTimeout", async () => {
      const running = one();
      lend(running.server, { requestTimeout: 0.2 });
      await using client = await running.connect();
      await client.ended();
      await expect.poll(() => running.server.errors, patient).toMatchObject([{ code: "ETIMEDOUT" }]);
    });

    // None of these handlers comes to an end: they are the last, and the server does not wait for them.
    it("go on when they have left a failure behind, which is told, or closed their connection; they may end the loop", async () => {
      const running = one();
      expect(await order(running.address, "leaveFailure").catch(() => "")).toBe("");
      await expect
        .poll(() => running.server.errors, patient)
        .toMatchObject([{ name: "RangeError", message: "left behind" }]);
      await using client = await running.connect();
      await client.write("closeAndWait\n");
      expect(await client.readAll()).toBe("");
      expect(running.server.activeRequests).toBe(2);
      expect(await order(running.address, "shutdown")).toBe("shut down\n");
      await running.served;
    });
  });

  describe(`Datagrams by ${model}`, slow, () => {
    it("are answered by the server's own socket, as often as the handler likes", async () => {
      await using running = await model.serveDatagrams({ maxPacketSize: 8 }, handlers.Twice);
      await using client = await running.datagrams();
      await client.send("hello");
      expect([await client.receive(), await client.receive()]).toEqual(["hello once", "hello twice false"]);
      await client.send("beyond eight");
      expect([await client.receive(), await client.receive()]).toEqual(["beyond e once", "beyond e twice true"]);
      await client.send("too long");
      expect(await client.receive()).toBe("OSError EMSGSIZE");
    });
  });
}

for (const model of kinds) {
  const { transport } = model;

  describe(`Requests in two places, by ${model.name}`, slow, () => {
    const two = shared(() => model.serve({ workers: 2 }));

    it("run at once although they keep their threads busy: replies come in inverted order", async () => {
      const running = two();
      await using first = await running.connect();
      await using second = await running.connect();
      const places = [await tell(first, "place"), await tell(second, "place")];
      expect(new Set([...places, `${process.pid}:0`]).size).toBe(3);
      const path = temporaryPath();
      const slow = tell(first, `spinUntil ${path}`);
      expect(await tell(second, `create ${path}`)).toBe("created");
      expect(await slow).toBe("seen");
    });

    it("go to the one with the least to do", async () => {
      const running = two();
      const clients: StreamTestClient[] = [];
      const places: string[] = [];
      for (let index = 0; index < 6; index += 1) {
        const client = await running.connect();
        clients.push(client);
        places.push(await tell(client, "place"));
      }
      for (const client of clients) await client.close();
      const [one, other] = new Set(places);
      expect([one, other].map((place) => places.filter((each) => each === place).length)).toEqual([3, 3]);
    });

    it("of which more wait than may be on their way to a busy one go to the other", async () => {
      const running = two();
      const [busy, free] = [await running.connect(), await running.connect()];
      const spinning = await tell(busy, "place");
      const other = await tell(free, "place");
      const path = temporaryPath();
      const seen = tell(busy, `spinUntil ${path}`);
      const clients = await Promise.all(Array.from({ length: 300 }, () => running.connect()));
      const answers = clients.map((client) => tell(client, "place"));
      let done = 0;
      for (const answer of answers) void answer.then(() => (done += 1));
      // 128 are on their way to the busy one at most; the others are answered although it is busy.
      await expect.poll(() => done, patient).toBeGreaterThanOrEqual(300 - 128);
      expect(await tell(free, `create ${path}`)).toBe("created");
      expect(await seen).toBe("seen");
      expect(new Set(await Promise.all(answers))).toEqual(new Set([spinning, other]));
      await Promise.all([busy, free, ...clients].map((client) => client.close()));
    });

    it("may call the server, whose state is one, and get its errors", async () => {
      const running = two();
      const counts = await Promise.all(Array.from({ length: 8 }, () => order(running.address, "count")));
      expect(counts.map(Number).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      await using client = await running.connect();
      expect(await tell(client, "failing")).toBe("RangeError: the server's own");
      expect(await tell(client, "address")).toBe(Array.from(running.address).join(" "));
    });

    it("may close the server", async () => {
      const running = two();
      expect(await order(running.address, "close")).toBe("closing\n");
      await running.served;
    });
  });

  describe(`On any transport, requests by ${model.name}`, slow, () => {
    it("run the same handler as every other server class", async () => {
      for (const server of [
        new TCPServer(here, Echo, { transport }),
        new MultiplexingTCPServer(here, Echo, { transport }),
        model.make({}, Echo),
      ]) {
        await using running = await serve(server);
        await using client = await running.connect();
        await client.write("one\ntwo\n");
        expect([await client.readLine(), await client.readLine()]).toEqual(["one\n", "two\n"]);
      }
    });

    it("fail alone when their handler cannot be made", async () => {
      await using running = await model.serve({}, handlers.Throwing);
      await using client = await running.connect();
      expect(await client.readAll()).toBe("");
      await expect
        .poll(() => running.server.errors, patient)
        .toMatchObject([{ name: "TypeError", message: "cannot be made" }]);
    });

    it("run at once when they are datagrams: the answer to the second comes first", async () => {
      await using running = await model.serveDatagrams({ workers: 2 });
      await using client = await running.datagrams();
      const path = temporaryPath();
      await client.send(`spinUntil ${path}`);
      await client.send("echo early");
      expect(await client.receive()).toBe("early");
      writeFileSync(path, "");
      expect(await client.receive()).toBe("seen");
    });
  });
}
