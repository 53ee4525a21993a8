/** PARITY.md, section 4: the edges of stream handlers. */

import {
  type Address,
  LimitOverrunError,
  MultiplexingTCPServer,
  OSError,
  StreamRequestHandler,
  TCPServer,
  TimeoutError,
} from "ts-socketserver";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { captureLog } from "../support/log-capture.js";

const here: Address = ["127.0.0.1", 0];
const KIB_64 = 65_536;

class Measuring extends StreamRequestHandler {
  override async handle(): Promise<void> {
    for await (const line of this.rfile) await this.wfile.write(`${line.length}\n`);
  }
}

for (const ServerClass of [TCPServer, MultiplexingTCPServer]) {
  describe(`a ${ServerClass.name}'s streams`, () => {
    it('"line length in readline()": 64 KiB with its end are read, one byte more is an error of that request alone', async () => {
      const { logger, lines } = captureLog("warn");
      await using running = await serve(new ServerClass(here, Measuring, { logger }));
      await using long = await running.connect();
      await long.write(`${"x".repeat(KIB_64 - 1)}\n`);
      expect(await long.readLine()).toBe(`${KIB_64}\n`);
      await long.write(`${"x".repeat(KIB_64)}\n`);
      expect(await long.readAll()).toBe("");
      expect(lines).toMatchObject([{ err: { type: "LimitOverrunError", message: expect.stringContaining("65536") } }]);
      await using next = await running.connect();
      await next.write("x\n");
      expect(await next.readLine()).toBe("2\n");
    });

    it('"line length in readline()": an endless line is refused though it never ends, and the handler may set the limit', async () => {
      let refusal: unknown;
      class Terse extends Measuring {
        override maxLineLength = 10;
        override async handle(): Promise<void> {
          refusal = await this.rfile.readline().catch((error: unknown) => error);
          await this.wfile.write("too long\n");
        }
      }
      await using running = await serve(new ServerClass(here, Terse));
      await using client = await running.connect();
      await client.write("x".repeat(11));
      expect(await client.readLine()).toBe("too long\n");
      expect(refusal).toBeInstanceOf(LimitOverrunError);
      expect(refusal).toMatchObject({ limit: 10, code: "EMSGSIZE" });
    });

    it('"read again after a timeout": OSError "cannot read from timed out object"', async () => {
      const errors: unknown[] = [];
      class Impatient extends StreamRequestHandler {
        override timeout = 0.01;
        override async handle(): Promise<void> {
          for (let count = 0; count < 3; count++) {
            errors.push(await this.rfile.readline().catch((error: unknown) => error));
          }
          await this.wfile.write("gave up\n");
        }
      }
      await using running = await serve(new ServerClass(here, Impatient));
      await using client = await running.connect();
      await client.write("half a li");
      expect(await client.readLine()).toBe("gave up\n");
      const [first, ...others] = errors;
      expect(first).toBeInstanceOf(TimeoutError);
      expect(others).toHaveLength(2);
      for (const error of others) {
        expect(error).toBeInstanceOf(OSError);
        expect(error).not.toBeInstanceOf(TimeoutError);
        expect(error).toMatchObject({ message: expect.stringMatching(/cannot read from timed out object/i) });
      }
    });
  });
}
