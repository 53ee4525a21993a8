import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseAddress } from "ts-socketserver";
import { bundledServers } from "ts-socketserver/servers";
import { DatagramTestClient, StreamTestClient } from "ts-socketserver/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { protocolsOf } from "../../dist/cli/models.js";
import { netcat } from "../clients/programs.js";
import { isReady } from "../servers/models.js";
import { RunningCommand } from "../support/running-command.js";
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

describe.each(bundledServers.filter(isReady))("socketserver $name", (bundled) => {
  const { name, example, options = [] } = bundled;
  const commands: Record<string, RunningCommand> = {};
  beforeAll(() => {
    const given = options.filter((option) => option.example !== undefined);
    const own = given.flatMap((option) => [option.flags.replace(/ .*/, ""), option.example ?? ""]);
    for (const protocol of protocolsOf(bundled)) {
      const address = protocol === "unix" ? temporaryPath() : "127.0.0.1:0";
      commands[protocol] = RunningCommand.start(name, `--${protocol}`, address, ...own);
    }
  });
  afterAll(async () => {
    for (const command of Object.values(commands)) await command[Symbol.asyncDispose]();
  });

  // A second of silence is what ends nc over UDP, so that one is slow.
  it.skipIf(netcat.missing).each(protocolsOf(bundled))(
    `prints a line that, pasted in a shell, gets its example's answer over %s${netcat.reason}`,
    async (protocol) => {
      const start = await commands[protocol]?.started();
      const answer = (await inShell(start?.tryIt ?? "")).trimEnd();
      if (example.pattern === undefined) expect(answer).toBe(example.receive);
      else expect(answer).toMatch(example.pattern);
    },
  );
});

describe("socketserver upper", () => {
  it("says first, and once, what it serves: with the real port for a port 0", async () => {
    await using command = RunningCommand.start("upper", "--tcp", "127.0.0.1:0");
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

  it("writes every line of a pipe as JSON, and nothing to stderr", async () => {
    await using command = RunningCommand.start("upper", "--tcp", "127.0.0.1:0");
    const start = await command.started();
    await using client = await StreamTestClient.connect(parseAddress(start.serverAddress));
    await client.write("hello\n");
    client.end();
    expect(await client.readAll()).toBe("HELLO\n");
    await command.output(/connection closed/);
    command.signal("SIGTERM");
    await command.exit;
    expect(command.log.map(({ msg }) => msg)).toEqual([
      start.msg,
      "connection accepted",
      "connection closed",
      "stopping",
      "closed",
    ]);
    expect(command.log[2]).toMatchObject({ bytesRead: 6, bytesWritten: 6 });
    expect(command.stderr).toBe("");
  });

  it("serves UDP", async () => {
    await using command = RunningCommand.start("upper", "--udp", "127.0.0.1:0");
    const { serverAddress, tryIt } = await command.started();
    const [, port] = parseAddress(serverAddress);
    expect(tryIt).toBe(`echo hello | nc -u -w1 127.0.0.1 ${port}`);
    await using client = await DatagramTestClient.open(parseAddress(serverAddress));
    await client.send("hello");
    expect(await client.receive()).toBe("HELLO");
  });

  it("serves a Unix socket, and removes its file at the end", async () => {
    const path = temporaryPath();
    await using command = RunningCommand.start("upper", "--unix", path);
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

  it("serves IPv6", async () => {
    await using command = RunningCommand.start("upper", "--tcp", "[::1]:0");
    const { serverAddress, tryIt } = await command.started();
    const [, port] = parseAddress(serverAddress);
    expect(serverAddress).toBe(`[::1]:${port}`);
    expect(tryIt).toBe(`echo hello | nc -N ::1 ${port}`);
    await using client = await StreamTestClient.connect(["::1", port]);
    await client.write("hello\n");
    expect(await client.readLine()).toBe("HELLO\n");
  });

  it("listens on every interface when the host is empty, and tells the local way to reach it", async () => {
    await using command = RunningCommand.start("upper", "--tcp", ":0");
    const { serverAddress, tryIt } = await command.started();
    const [host, port] = parseAddress(serverAddress);
    expect(host).toBe("0.0.0.0");
    expect(tryIt).toBe(`echo hello | nc -N 127.0.0.1 ${port}`);
    expect(command.log[0]).toMatchObject({ allInterfaces: true });
    // Linux has all of 127.0.0.0/8; elsewhere there is the one.
    for (const reached of process.platform === "linux" ? ["127.0.0.1", "127.0.0.2"] : ["127.0.0.1"]) {
      await using client = await StreamTestClient.connect([reached, port]);
      await client.write("hello\n");
      expect(await client.readLine()).toBe("HELLO\n");
    }
  });

  it("does so over UDP as well", async () => {
    await using command = RunningCommand.start("upper", "--udp", ":0");
    const { serverAddress } = await command.started();
    const [host, port] = parseAddress(serverAddress);
    expect(host).toBe("0.0.0.0");
    expect(command.log[0]).toMatchObject({ allInterfaces: true });
    await using client = await DatagramTestClient.open(["127.0.0.1", port]);
    await client.send("hello");
    expect(await client.receive()).toBe("HELLO");
  });

  it("is not reached at another address than the one that it listens at", async () => {
    await using command = RunningCommand.start("upper", "--tcp", "127.0.0.1:0");
    const [, port] = parseAddress((await command.started()).serverAddress);
    expect(command.log[0]).toMatchObject({ allInterfaces: false });
    await expect(StreamTestClient.connect(["127.0.0.2", port])).rejects.toThrow();
  });

  it.each([
    { how: "with --model plain", options: ["--model", "plain"] },
    { how: "with --max-connections 1", options: ["--max-connections", "1"] },
  ])("serves one client after the other $how", async ({ options }) => {
    await using command = RunningCommand.start("upper", "--tcp", "127.0.0.1:0", ...options);
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
    await using command = RunningCommand.start("upper", "--unix", path, "--quiet");
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
      // Not yet.
    }
  }
}
