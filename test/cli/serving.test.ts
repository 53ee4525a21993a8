import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseAddress } from "ts-socketserver";
import { type BundledServer, bundledServers } from "ts-socketserver/servers";
import { DatagramTestClient, StreamTestClient } from "ts-socketserver/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Protocol } from "../../dist/cli/endpoint.js";
import { protocolsOf } from "../../dist/cli/models.js";
import { netcat } from "../clients/programs.js";
import { isReady } from "../servers/models.js";
import { CommandInProcess } from "../support/command-in-process.js";
import type { StartLine } from "../support/command-output.js";
import { RunningCommand } from "../support/running-command.js";
import { settle } from "../support/settle.js";
import { temporaryPath } from "../support/temporary-path.js";

/** Runs a line in a shell, and returns what it prints. */
async function inShell(line: string): Promise<string> {
  const shell = spawn("sh", ["-c", line], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  shell.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await once(shell, "close");
  return text;
}

/** A command of a server, in words. */
type Words = readonly [name: string, option: `--${Protocol}`, address: string, ...own: string[]];

/** The command of a bundled server, with its own options as its example has them. */
function wordsFor({ name, options = [] }: BundledServer, protocol: Protocol): Words {
  const given = options.filter((option) => option.example !== undefined);
  const own = given.flatMap((option) => [option.flags.replace(/ .*/, ""), option.example ?? ""]);
  return [name, `--${protocol}`, protocol === "unix" ? temporaryPath() : "127.0.0.1:0", ...own];
}

const rows = bundledServers
  .filter(isReady)
  .flatMap((bundled) => protocolsOf(bundled).map((protocol) => ({ bundled, protocol, name: bundled.name })));
/** Further addresses of one server. */
const IPV6: Words = ["upper", "--tcp", "[::1]:0"];
const EVERYWHERE: Words = ["upper", "--tcp", ":0"];
const EVERYWHERE_UDP: Words = ["upper", "--udp", ":0"];

describe("A server of the command", () => {
  /** All of them, in one process, which is not the subject here. */
  let commands: RunningCommand;
  beforeAll(async () => {
    const all = [...rows.map(({ bundled, protocol }) => wordsFor(bundled, protocol)), IPV6, EVERYWHERE, EVERYWHERE_UDP];
    const program = fileURLToPath(new URL("several-commands.mjs", import.meta.url));
    commands = RunningCommand.startProgram(process.execPath, program, ...all.map((words) => JSON.stringify(words)));
    await commands.started();
  }, 60_000);
  afterAll(() => commands[Symbol.asyncDispose]());

  /** What a server says when it listens. */
  async function startOf(
    name: string,
    protocol: Protocol,
    address: RegExp,
  ): Promise<StartLine & Record<string, unknown>> {
    const start = `"name":"${name}","protocol":"${protocol}","serverAddress":"${address.source}"`;
    const [line] = await commands.output(new RegExp(`^.*${start}.*\\n`, "m"));
    return JSON.parse(line);
  }
  const usualAddress = (protocol: Protocol): RegExp => (protocol === "unix" ? /\/[^"]+/ : /127\.0\.0\.1:\d+/);

  // A second of silence is what ends nc over UDP, so that one is slow.
  it.skipIf(netcat.missing).concurrent.each(rows)(
    `prints a line that, pasted in a shell, gets its example's answer: $name over $protocol${netcat.reason}`,
    async ({ bundled: { name, example }, protocol }) => {
      const { tryIt } = await startOf(name, protocol, usualAddress(protocol));
      const answer = (await inShell(tryIt)).trimEnd();
      if (example.pattern === undefined) expect(answer).toBe(example.receive);
      else expect(answer).toMatch(example.pattern);
    },
  );

  it("serves UDP", async () => {
    const { serverAddress, tryIt } = await startOf("upper", "udp", usualAddress("udp"));
    const [, port] = parseAddress(serverAddress);
    expect(tryIt).toBe(`echo hello | nc -u -w1 127.0.0.1 ${port}`);
    await using client = await DatagramTestClient.open(parseAddress(serverAddress));
    await client.send("hello");
    expect(await client.receive()).toBe("HELLO");
  });

  it("serves IPv6", async () => {
    const { serverAddress, tryIt } = await startOf("upper", "tcp", /\[::1\]:\d+/);
    const [, port] = parseAddress(serverAddress);
    expect(serverAddress).toBe(`[::1]:${port}`);
    expect(tryIt).toBe(`echo hello | nc -N ::1 ${port}`);
    await using client = await StreamTestClient.connect(["::1", port]);
    await client.write("hello\n");
    expect(await client.readLine()).toBe("HELLO\n");
  });

  it("listens on every interface when the host is empty, and tells the local way to reach it", async () => {
    const { serverAddress, tryIt, allInterfaces } = await startOf("upper", "tcp", /0\.0\.0\.0:\d+/);
    const [, port] = parseAddress(serverAddress);
    expect(tryIt).toBe(`echo hello | nc -N 127.0.0.1 ${port}`);
    expect(allInterfaces).toBe(true);
    // Linux has all of 127.0.0.0/8; elsewhere there is the one.
    for (const reached of process.platform === "linux" ? ["127.0.0.1", "127.0.0.2"] : ["127.0.0.1"]) {
      await using client = await StreamTestClient.connect([reached, port]);
      await client.write("hello\n");
      expect(await client.readLine()).toBe("HELLO\n");
    }
  });

  it("does so over UDP as well", async () => {
    const { serverAddress, allInterfaces } = await startOf("upper", "udp", /0\.0\.0\.0:\d+/);
    const [, port] = parseAddress(serverAddress);
    expect(allInterfaces).toBe(true);
    await using client = await DatagramTestClient.open(["127.0.0.1", port]);
    await client.send("hello");
    expect(await client.receive()).toBe("HELLO");
  });

  it("is not reached at another address than the one that it listens at", async () => {
    const { serverAddress, allInterfaces } = await startOf("upper", "tcp", usualAddress("tcp"));
    const [, port] = parseAddress(serverAddress);
    expect(allInterfaces).toBe(false);
    await expect(StreamTestClient.connect(["127.0.0.2", port])).rejects.toThrow();
  });
});

describe("socketserver upper", () => {
  it("says first, and once, what it serves: with the real port for a port 0", async () => {
    await using command = CommandInProcess.start("upper", "--tcp", "127.0.0.1:0");
    const start = await command.started();
    const [, port] = parseAddress(start.serverAddress);
    expect(port).toBeGreaterThan(0);
    expect(command.log).toEqual([
      expect.objectContaining({
        name: "upper",
        protocol: "tcp",
        serverAddress: `127.0.0.1:${port}`,
        model: "multiplexing",
        tryIt: `echo hello | nc -N 127.0.0.1 ${port}`,
        msg: `serving tcp 127.0.0.1:${port} (multiplexing)`,
      }),
    ]);
  });

  it("writes every line of a pipe as JSON, and nothing to stderr; SIGTERM ends it with the exit code 0", async () => {
    await using command = RunningCommand.start("upper", "--tcp", "127.0.0.1:0");
    const start = await command.started();
    await using client = await StreamTestClient.connect(parseAddress(start.serverAddress));
    await client.write("hello\n");
    client.end();
    expect(await client.readAll()).toBe("HELLO\n");
    await command.output(/connection closed/);
    command.signal("SIGTERM");
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect(command.log.map(({ msg }) => msg)).toEqual([
      start.msg,
      "connection accepted",
      "connection closed",
      "stopping",
      "closed",
    ]);
    expect(command.log[3]).toMatchObject({ signal: "SIGTERM", clients: 0 });
    expect(command.log[2]).toMatchObject({ bytesRead: 6, bytesWritten: 6 });
    expect(command.stderr).toBe("");
  });

  it("serves a Unix socket, and removes its file at the end", async () => {
    const path = temporaryPath();
    await using command = CommandInProcess.start("upper", "--unix", path);
    expect(await command.started()).toMatchObject({ serverAddress: path, tryIt: `echo hello | nc -N -U ${path}` });
    await using client = await StreamTestClient.connect(path);
    await client.write("hello\n");
    expect(await client.readLine()).toBe("HELLO\n");
    client.end();
    await client.ended();
    command.signal("SIGTERM");
    await command.exit;
    await expect(StreamTestClient.connect(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it.each([
    { how: "with --model plain", options: ["--model", "plain"] },
    { how: "with --max-connections 1", options: ["--max-connections", "1"] },
  ])("serves one client after the other $how", async ({ options }) => {
    await using command = CommandInProcess.start("upper", "--tcp", "127.0.0.1:0", ...options);
    const address = parseAddress((await command.started()).serverAddress);
    await using first = await StreamTestClient.connect(address);
    await first.write("first\n");
    expect(await first.readLine()).toBe("FIRST\n");
    await using second = await StreamTestClient.connect(address);
    await second.write("second\n");
    // The first is still served, while the second's line is there.
    await first.write("again\n");
    expect(await first.readLine()).toBe("AGAIN\n");
    first.end();
    expect(await second.readLine()).toBe("SECOND\n");
    second.end();
    await command.output(/connection closed.*connection closed/s);
    expect(command.log.slice(1).map(({ msg }) => msg)).toEqual([
      "connection accepted",
      "connection closed",
      "connection accepted",
      "connection closed",
    ]);
  });

  it("tells errors only with --quiet", async () => {
    const path = temporaryPath();
    await using command = CommandInProcess.start("upper", "--unix", path, "--quiet");
    await using client = await connectOnceThere(path);
    await client.write("hello\n");
    expect(await client.readLine()).toBe("HELLO\n");
    await client.write("x".repeat(70_000));
    await client.ended();
    await command.output(/Exception occurred/);
    command.signal("SIGINT");
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect(command.log).toEqual([expect.objectContaining({ level: 50 })]);
  });

  it("goes on serving when nobody reads its output any more", async () => {
    await using command = RunningCommand.start("upper", "--tcp", "127.0.0.1:0");
    const address = parseAddress((await command.started()).serverAddress);
    command.closeStdout();
    for (const word of ["one", "two"]) {
      await using client = await StreamTestClient.connect(address);
      await client.write(`${word}\n`);
      expect(await client.readLine()).toBe(`${word.toUpperCase()}\n`);
    }
    command.signal("SIGTERM");
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect(command.stderr).toBe("");
  });
});

/** A quiet server does not say when it listens. */
async function connectOnceThere(path: string): Promise<StreamTestClient> {
  for (;;) {
    try {
      return await StreamTestClient.connect(path);
    } catch {
      await settle(1);
    }
  }
}
