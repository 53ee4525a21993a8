/** The examples that are a server and its clients: run together, both sides print what their first comments say. */

import { describe, it } from "vitest";
import { checkExample, checkServer, pairs, portOf, startExample, whyNot } from "./examples.js";

describe.concurrent("A server and its clients", () => {
  for (const { server: name, clients } of pairs) {
    const reason = whyNot(name, ...clients);
    it.skipIf(reason !== "")(`print what their comments say: ${name}, ${clients.join(", ")}${reason}`, async () => {
      await using server = startExample(name, "127.0.0.1", 0);
      const port = await portOf(server);
      for (const client of clients) await checkExample(client, "127.0.0.1", port);
      await checkServer(name, server);
    });
  }
});
