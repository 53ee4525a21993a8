/**
 * The usual mistakes of a program that nobody type-checked: each is told in words that name the mend.
 */

import { inspect } from "node:util";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import {
  BaseRequestHandler,
  captureErrors,
  checkedOnlyAtRunTime,
  DatagramRequestHandler,
  StreamRequestHandler,
  TCPServer,
  UDPServer,
} from "./mistakes-support.js";

const here = ["127.0.0.1", 0] as const;

describe("mistakes", () => {
  for (const given of [undefined, {}, () => undefined, class Empty {}]) {
    it(`${inspect(given)} as the handler class is refused by the constructor`, () => {
      expect(() => new TCPServer(here, checkedOnlyAtRunTime(given))).toThrow(
        "as the handlers of TCPServer: pass a class that extends BaseRequestHandler, without new.",
      );
    });
  }

  it("a handler of connections in a server of datagrams says which class to extend", async () => {
    const errors = captureErrors(UDPServer);
    class Lines extends StreamRequestHandler {}
    await using running = await serve(new errors.Server(here, checkedOnlyAtRunTime(Lines)));
    await using client = await running.datagrams();
    await client.send("x");
    expect(await errors.next()).toMatchObject({
      message: "Lines serves connections; for datagrams extend DatagramRequestHandler.",
    });
  });

  it("a handler of datagrams in a server of connections says which class to extend", async () => {
    const errors = captureErrors(TCPServer);
    class Packets extends DatagramRequestHandler {}
    await using running = await serve(new errors.Server(here, checkedOnlyAtRunTime(Packets)));
    await using client = await running.connect();
    await client.ended();
    expect(await errors.next()).toMatchObject({
      message: "Packets serves datagrams; for connections extend StreamRequestHandler.",
    });
  });

  it("a forgotten super.setup() is named", async () => {
    const errors = captureErrors(TCPServer);
    class Forgetful extends StreamRequestHandler {
      override setup(): void {}
    }
    await using running = await serve(new errors.Server(here, checkedOnlyAtRunTime(Forgetful)));
    await using client = await running.connect();
    await client.ended();
    expect(await errors.next()).toMatchObject({
      message: 'Forgetful.setup() did not call super.setup(): begin it with "await super.setup();".',
    });
  });

  for (const given of [123, true, null, undefined, { a: 1 }, [1, 2]]) {
    it(`writing ${inspect(given)} is refused with its value`, async () => {
      const errors = captureErrors(TCPServer);
      class Writer extends BaseRequestHandler {
        override async handle(): Promise<void> {
          await this.request.sendall(checkedOnlyAtRunTime(given));
        }
      }
      await using running = await serve(new errors.Server(here, checkedOnlyAtRunTime(Writer)));
      await using client = await running.connect();
      expect(await client.readAll()).toBe("");
      expect(await errors.next()).toMatchObject({
        message: `Cannot send ${inspect(given)}: give a string or bytes, such as String(value) or JSON.stringify(value).`,
      });
    });
  }

  it("a port that is a string is shown with its quotes", async () => {
    await using server = new TCPServer(checkedOnlyAtRunTime(["127.0.0.1", "9999"]), BaseRequestHandler);
    await expect(server.open()).rejects.toThrow(
      'Cannot use the port "9999": a port is a whole number from 0 to 65535.',
    );
  });
});
