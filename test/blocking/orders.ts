/**
 * Telling the handler `Obedient` what to do, in a thread as in a child process.
 *
 * @module
 */

import type { TCPServer } from "ts-socketserver";
import type { RunningServer, StreamTestClient } from "ts-socketserver/testing";
import { expect } from "vitest";

/** A client's order and the answer. */
export async function tell(client: StreamTestClient, order: string): Promise<string> {
  await client.write(`${order}\n`);
  return (await client.readLine()).trimEnd();
}

/** Expects of a server with a short requestTimeout, and one thread or child, that a request that it has broken off asks it nothing more. */
export async function expectNothingAskedTooLate(running: RunningServer<TCPServer>): Promise<void> {
  {
    await using client = await running.connect();
    expect(await tell(client, "count")).toBe("1");
    expect(await tell(client, "begin askTooLate")).toBe("begun");
    expect(await client.readAll()).toBe("");
  }
  await using client = await running.connect();
  expect(await tell(client, "count")).toBe("2");
}
