import { parseAddress } from "ts-socketserver";
import { StreamTestClient } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { CommandInProcess } from "../support/command-in-process.js";
import { RunningCommand } from "../support/running-command.js";

type Start = (...args: string[]) => RunningCommand | CommandInProcess;
const asProcess: Start = (...args) => RunningCommand.start(...args);
const inProcess: Start = (...args) => CommandInProcess.start(...args);

/** A server with a client that has been served a line and stays connected. */
async function withClient(start: Start, ...options: string[]) {
  const command = start("upper", "--tcp", "127.0.0.1:0", ...options);
  const client = await StreamTestClient.connect(parseAddress((await command.started()).serverAddress));
  await client.write("hello\n");
  expect(await client.readLine()).toBe("HELLO\n");
  return { command, client };
}

describe("Ctrl-C", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("ends an idle server with the exit code 0 (%s)", async (signal) => {
    await using command = inProcess("upper", "--tcp", "127.0.0.1:0");
    await command.started();
    command.signal(signal);
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect(command.log.slice(1)).toEqual([
      expect.objectContaining({ msg: "stopping", signal, clients: 0 }),
      expect.objectContaining({ msg: "closed" }),
    ]);
  });

  // A process only where the model, which the tests of the server classes look at, is the usual one.
  it.each([
    ["plain", inProcess],
    ["multiplexing", asProcess],
  ] as const)("lets a client finish, then ends with the exit code 0 (%s)", async (model, start) => {
    const running = await withClient(start, "--shutdown-timeout", "60", "--model", model);
    await using command = running.command;
    await using client = running.client;
    command.signal("SIGINT");
    await command.output(/"clients":1,"atMost":60,"msg":"stopping"/);
    await client.write("goodbye\n");
    expect(await client.readLine()).toBe("GOODBYE\n");
    client.end();
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect(command.stdout).not.toContain("cut off");
  });

  it.each([
    ["plain", asProcess],
    ["multiplexing", inProcess],
  ] as const)("is held up by an idle client for the time allowed only (%s)", async (model, start) => {
    const running = await withClient(start, "--shutdown-timeout", "0.2", "--model", model);
    await using command = running.command;
    await using client = running.client;
    const [, port] = client.address;
    command.signal("SIGINT");
    expect(await command.exit).toEqual({ code: 0, signal: null });
    await client.ended();
    const [stopping, closed] = ["stopping", "closed"].map((wanted) => command.log.find(({ msg }) => msg === wanted));
    const held = Number(closed?.time) - Number(stopping?.time);
    expect(held).toBeGreaterThanOrEqual(190);
    // Its usual 3 s are more than this machine may be late by.
    expect(held).toBeLessThan(2900);
    expect(command.log.at(-1)).toMatchObject({ msg: "handlers were cut off", aborted: [`127.0.0.1:${port}`] });
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("leaves at once when it comes a second time (%s: %i)", async (signal, code) => {
    const running = await withClient(asProcess, "--shutdown-timeout", "60");
    await using command = running.command;
    await using _client = running.client;
    command.signal("SIGINT");
    await command.output(/"msg":"stopping"/);
    command.signal(signal);
    expect(await command.exit).toEqual({ code, signal: null });
    expect(command.stderr).toBe("");
  });
});
