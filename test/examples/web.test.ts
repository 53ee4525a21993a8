/** The examples that ask a web server: the bundled one gives them what their first comments say. */

import { parseAddress } from "ts-socketserver";
import { afterAll, beforeAll, describe, it } from "vitest";
import { RunningCommand } from "../support/running-command.js";
import { checkExample, webClients, whyNot } from "./examples.js";

describe.concurrent("An example that asks socketserver http", () => {
  let server: RunningCommand;
  let port = 0;
  beforeAll(async () => {
    server = RunningCommand.start("http", "--tcp", "127.0.0.1:0");
    [, port] = parseAddress((await server.started()).serverAddress);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  for (const name of webClients) {
    const reason = whyNot(name);
    it.skipIf(reason !== "")(`prints what its comment says: ${name}${reason}`, async () => {
      await checkExample(name, "127.0.0.1", port);
    });
  }
});
