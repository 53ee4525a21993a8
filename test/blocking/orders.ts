/**
 * Telling the handler `Obedient` what to do, in a thread as in a child process.
 *
 * @module
 */

import type { TCPServer } from "ts-socketserver";
import type { RunningServer, StreamTestClient } from "ts-socketserver/testing";
import { expect, vi } from "vitest";
import { holdTimers, lend } from "../remote/models.js";

/** A client's order and the answer. */
export async function tell(client: StreamTestClient, order: string): Promise<string> {
  await client.write(`${order}\n`);
  return (await client.readLine()).trimEnd();
}

/**
 * Expects of a server that runs one request at a time that one that it has broken off asks it nothing more.
 *
 * @param next what `count` answers next.
 */
export async function expectNothingAskedTooLate(running: RunningServer<TCPServer>, next = 1): Promise<void> {
  holdTimers();
  lend(running.server, { requestTimeout: 0.3 });
  {
    await using client = await running.connect();
    expect(await tell(client, "count")).toBe(String(next));
    expect(await tell(client, "begin askTooLate")).toBe("begun");
    vi.advanceTimersByTime(300);
    expect(await client.readAll()).toBe("");
  }
  await using client = await running.connect();
  expect(await tell(client, "count")).toBe(String(next + 1));
}
