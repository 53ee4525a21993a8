/** PARITY.md, section 4: requests that fail, and the descriptors that run out. */

import {
  type Address,
  BaseRequestHandler,
  formatAddress,
  MultiplexingTCPServer,
  StreamRequestHandler,
  TCPServer,
} from "ts-socketserver";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { FaultyTransport } from "../support/faulty-transport.js";
import { Echo, Idle } from "../support/handlers.js";
import { captureLog } from "../support/log-capture.js";
import { transports } from "../support/transports.js";

const here: Address = ["127.0.0.1", 0];

describe("a request that fails", () => {
  for (const asynchronous of [false, true]) {
    const how = asynchronous ? "rejects" : "throws";

    it(`"verifyRequest throws": when it ${how}, handleError() is told, the request is closed, and the server goes on`, async () => {
      const failure = new Error("I do not know");
      const handled: unknown[] = [];
      class Unsure extends TCPServer {
        asked = 0;
        override verifyRequest(): boolean | Promise<boolean> {
          this.asked += 1;
          if (this.asked > 1) return true;
          if (asynchronous) return Promise.reject(failure);
          throw failure;
        }
        override handleError(error: unknown, _request: unknown, clientAddress: Address): void {
          handled.push(error, clientAddress);
        }
      }
      await using running = await serve(new Unsure(here, Echo));
      await using refused = await running.connect();
      expect(await refused.readAll()).toBe("");
      expect(handled).toEqual([failure, refused.address]);
      await using served = await running.connect();
      await served.write("next\n");
      expect(await served.readLine()).toBe("next\n");
    });
  }

  for (const step of ["setup", "handle", "finish"] as const) {
    it(`a handler whose ${step}() throws ends its request alone, and is logged with the client's address and the stack`, async () => {
      class Failing extends StreamRequestHandler {
        override async setup(): Promise<void> {
          await super.setup();
          if (step === "setup") throw new Error("Test error");
        }
        override async handle(): Promise<void> {
          if (step === "handle") throw new Error("Test error");
        }
        override async finish(): Promise<void> {
          await super.finish();
          if (step === "finish") throw new Error("Test error");
        }
      }
      const { logger, lines } = captureLog("warn");
      await using running = await serve(new TCPServer(here, Failing, { logger }));
      for (let count = 1; count <= 2; count++) {
        await using client = await running.connect();
        expect(await client.readAll()).toBe("");
        expect(lines[count - 1]).toMatchObject({
          level: 50,
          msg: `Exception occurred during processing of request from ${formatAddress(client.address)}`,
          err: { message: "Test error", stack: expect.stringContaining("errors.test.ts") },
        });
      }
      expect(lines).toHaveLength(2);
    });
  }

  it("finish() runs when handle() has thrown, not when setup() has, and both errors are told when it throws too", async () => {
    const steps: string[] = [];
    const errors: unknown[] = [];
    class Server extends TCPServer {
      override handleError(error: unknown): void {
        errors.push(error);
      }
    }
    class Failing extends BaseRequestHandler {
      override setup(): void {
        if (steps.push("setup") === 1) throw new Error("in setup");
      }
      override handle(): void {
        steps.push("handle");
        throw new Error("in handle");
      }
      override finish(): void {
        steps.push("finish");
        throw new Error("in finish");
      }
    }
    await using running = await serve(new Server(here, Failing));
    for (let count = 0; count < 2; count++) {
      await using client = await running.connect();
      await client.ended();
    }
    expect(steps).toEqual(["setup", "setup", "handle", "finish"]);
    expect(errors[0]).toMatchObject({ message: "in setup" });
    expect(errors[1]).toMatchObject({ errors: [{ message: "in handle" }, { message: "in finish" }] });
  });

  it("handleError() that throws does not end the server: its own error is logged too", async () => {
    class Clumsy extends TCPServer {
      override handleError(): void {
        throw new Error("clumsy");
      }
    }
    class Failing extends BaseRequestHandler {
      override handle(): void {
        throw new Error("Test error");
      }
    }
    const { logger, lines } = captureLog("warn");
    await using running = await serve(new Clumsy(here, Failing, { logger }));
    for (let count = 0; count < 2; count++) {
      await using client = await running.connect();
      expect(await client.readAll()).toBe("");
    }
    expect(lines.map(({ err }) => err)).toMatchObject([{ message: "clumsy" }, { message: "clumsy" }]);
  });
});

describe.each(transports)("out of descriptors on the $name transport", (inner) => {
  for (const ServerClass of [TCPServer, MultiplexingTCPServer]) {
    it(`"out of descriptors": a ${ServerClass.name} tries at most 20 times a second, logs once a second, and recovers by itself (slow: it takes 1.2 s of failing)`, async () => {
      const transport = new FaultyTransport(inner);
      transport.acceptFaults.push(...new Array<string>(12).fill("EMFILE"));
      const { logger, lines } = captureLog("warn");
      await using running = await serve(new ServerClass(here, Echo, { transport, logger }));
      await using client = await running.connect();
      await client.write("patience\n");
      expect(await client.readLine()).toBe("patience\n");

      const [first = 0] = transport.acceptAttempts;
      const seconds = ((transport.acceptAttempts.at(-1) ?? 0) - first) / 1000;
      expect(transport.acceptAttempts).toHaveLength(13);
      expect(12 / seconds).toBeLessThanOrEqual(20);

      expect(lines[0]).toMatchObject({
        level: 50,
        msg: expect.stringContaining("out of descriptors"),
        err: { code: "EMFILE", message: expect.stringContaining(formatAddress(running.address)) },
      });
      // Once a second: no more lines than seconds. Between two lines it may be less, where the first was late.
      expect(lines.length).toBeLessThanOrEqual(1 + seconds);
    });
  }

  it('"out of descriptors": shutdown() does not wait for the pause, which is 100 ms', async () => {
    const transport = new FaultyTransport(inner);
    const { logger } = captureLog("warn");
    await using server = new TCPServer(here, Echo, { transport, logger });
    await server.open();
    await using client = await StreamTestClient.connect(server.serverAddress);
    await client.write("x\n");
    // Some may come when the machine does something else.
    for (let quick = 0, round = 1; quick < 3; round++) {
      transport.acceptFaults.push("ENFILE");
      const served = server.serveForever();
      while (transport.acceptAttempts.length < round) await new Promise(setImmediate);
      const begin = performance.now();
      await server.shutdown();
      await served;
      if (performance.now() - begin < 50) quick += 1;
      expect(transport.acceptAttempts).toHaveLength(round);
      if (round === 30 && quick < 3) expect.fail("shutdown() waits for the pause");
    }
  });

  it("a client that was gone before it was accepted is passed over without a word", async () => {
    const transport = new FaultyTransport(inner);
    transport.acceptFaults.push("ECONNABORTED", "EPERM", "EPROTO");
    const { logger, lines } = captureLog("warn");
    await using running = await serve(new TCPServer(here, Echo, { transport, logger }));
    await using client = await running.connect();
    await client.write("next\n");
    expect(await client.readLine()).toBe("next\n");
    expect(transport.acceptAttempts).toHaveLength(4);
    expect(lines).toEqual([]);
  });

  it("an error of the listening socket itself comes out of serveForever(), and names the address", async () => {
    const transport = new FaultyTransport(inner);
    transport.acceptFaults.push("EINVAL");
    await using server = new TCPServer(here, Idle, { transport });
    await server.open();
    const failed = expect(server.serveForever()).rejects.toMatchObject({
      name: "OSError",
      code: "EINVAL",
      syscall: "accept",
      message: expect.stringContaining(formatAddress(server.serverAddress)),
    });
    await using client = await StreamTestClient.connect(server.serverAddress);
    await failed;
    await server.serverClose();
    await client.ended();
  });
});
