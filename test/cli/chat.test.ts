import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { createConnection, parseAddress } from "ts-socketserver";
import { chatRoomServer } from "ts-socketserver/servers";
import { StreamTestClient } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { netcat, python, script } from "../clients/programs.js";
import { pageAt, tableIn } from "../docs/pages.js";
import { FullBacklog } from "../socket/full-backlog.js";
import { CommandInProcess, runInProcess } from "../support/command-in-process.js";
import type { CommandOutput } from "../support/command-output.js";
import { COMMAND } from "../support/paths.js";
import { RunningCommand } from "../support/running-command.js";
import { temporaryPath } from "../support/temporary-path.js";
import { within } from "../support/within.js";

const HOST = ["chat", "--name", "Ana", "--tcp", "127.0.0.1:0"];

/** A host that waits, and where. It runs in this process, unless another is given. */
async function startHost(): Promise<{ ana: CommandInProcess; address: string }>;
async function startHost<Host extends CommandOutput>(ana: Host): Promise<{ ana: Host; address: string }>;
async function startHost(ana: CommandOutput = CommandInProcess.start(...HOST)) {
  const [, address = ""] = await ana.output(/^\* Waiting at tcp (\S+)\.$/m);
  return { ana, address };
}

/** Calls a host. */
function callHost(address: string): CommandInProcess {
  return CommandInProcess.start("chat", "--name", "Ben", "--connect", address);
}

/** What was said, without the lines about the chat. */
function said({ stdout }: CommandOutput): string[] {
  return stdout.split("\n").filter((line) => line !== "" && !line.startsWith("* "));
}

const ok = { code: 0, signal: null };

describe("socketserver chat", () => {
  it("lets two pipes talk by turns: both see all that is said, with both names", async () => {
    const { ana, address } = await startHost(RunningCommand.start(...HOST));
    await using _ana = ana;
    await using ben = RunningCommand.start("chat", "--name", "Ben", "--connect", address);
    ana.type("good morning\nwell, thank you\n");
    ben.type("hello\nhow are you?\n");
    const all = ["Ben: hello", "Ana: good morning", "Ben: how are you?", "Ana: well, thank you"];
    await ben.output(/^Ana: well, thank you$/m);
    expect(said(ben)).toEqual(all);
    ben.type("/quit\n");
    expect(await ben.exit).toEqual(ok);
    expect(await ana.exit).toEqual(ok);
    expect(said(ana)).toEqual(all);
    expect(ana.stdout).toBe(
      `* Waiting at tcp ${address}.\n* The other one types:  socketserver chat --connect ${address}\n` +
        `* You talk with Ben, by turns. An empty line passes, /quit leaves.\n${all.join("\n")}\n* Ben has left.\n`,
    );
    expect(ben.stdout).toBe(
      `* You talk with Ana, by turns. An empty line passes, /quit leaves.\n${all.join("\n")}\n* You have left.\n`,
    );
    expect([ana.stderr, ben.stderr]).toEqual(["", ""]);
  });

  it("ends at the end of its input, when it is its turn", async () => {
    const { ana, address } = await startHost();
    await using _ana = ana;
    await using ben = callHost(address);
    ben.type("hello\n");
    await ana.output(/^Ben: hello$/m);
    ana.endInput();
    expect(await ana.exit).toEqual(ok);
    expect(await ben.exit).toEqual(ok);
    expect(ana.stdout).toContain("* You have left.\n");
    expect(ben.stdout).toContain("* Ana has left.\n");
  });

  it.each(["SIGINT", "SIGTERM"] as const)("leaves with %s, at any time, and the other one is told", async (signal) => {
    const { ana, address } = await startHost();
    await using _ana = ana;
    await using ben = callHost(address);
    await ben.output(/^\* You talk with Ana/m);
    await ana.output(/^\* You talk with Ben/m);
    // It is Ben's turn.
    ana.signal(signal);
    expect(await ana.exit).toEqual(ok);
    expect(await ben.exit).toEqual(ok);
    expect(ana.stdout).toContain("* You have left.\n");
    expect(ben.stdout).toContain("* Ana has left.\n");
  });

  it("leaves with SIGINT while it waits", async () => {
    const { ana } = await startHost();
    await using _ana = ana;
    ana.signal("SIGINT");
    expect(await ana.exit).toEqual(ok);
  });

  it.skipIf(process.platform !== "linux")(
    "leaves with SIGINT while it connects (skipped where there is no /proc to see it)",
    async () => {
      await using full = await FullBacklog.start("127.0.0.1");
      const [, port] = full.address;
      await using ben = RunningCommand.start("chat", "--name", "Ben", "--connect", `127.0.0.1:${port}`);
      // The other side's port, and the state SYN_SENT, in hexadecimal digits.
      const connecting = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, "0")} 02 `);
      await expect.poll(() => readFileSync("/proc/net/tcp", "latin1"), { timeout: 15_000 }).toMatch(connecting);
      ben.signal("SIGINT");
      // Connecting would take 10 s.
      expect(await within(8, "the command", ben.exit)).toEqual(ok);
      expect(ben.stdout).toBe("* You have left.\n");
    },
  );

  it("goes over a Unix socket, which is gone afterwards", async () => {
    const path = temporaryPath();
    await using ana = CommandInProcess.start("chat", "--name", "Ana", "--unix", path);
    await ana.output(/^\* Waiting at unix/m);
    await using ben = callHost(path);
    ben.type("hello\n");
    await ana.output(/^Ben: hello$/m);
    ana.type("/quit\n");
    expect(await ben.exit).toEqual(ok);
    expect(await ana.exit).toEqual(ok);
    await expect(createConnection(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("says that it listens on all interfaces, and how to get there from here", async () => {
    await using ana = CommandInProcess.start("chat", "--tcp", ":0");
    const [, port] = await ana.output(/^\* Waiting at tcp 0\.0\.0\.0:(\d+), on all interfaces: other machines can/m);
    await ana.output(new RegExp(`--connect 127\\.0\\.0\\.1:${port}$`, "m"));
  });

  it("ends with 1 when the connection breaks, and says so in one line", async () => {
    const { ana, address } = await startHost();
    await using _ana = ana;
    const [host = "", port = ""] = address.split(":");
    const ben = await createConnection([host, Number(port)]);
    await ben.sendall("Ben\nhello\n");
    await ana.output(/^Ben: hello$/m);
    ben.abort();
    expect(await ana.exit).toEqual({ code: 1, signal: null });
    expect(ana.stderr).toMatch(/^socketserver: .*\(ECONNRESET\)\. The other side has broken the connection off\.\n$/);
  });

  it("ends quietly when nobody reads its output any more", async () => {
    const { ana, address } = await startHost(RunningCommand.start(...HOST));
    await using _ana = ana;
    ana.closeStdout();
    await using ben = callHost(address);
    ben.type("hello\n");
    expect(await ana.exit).toEqual(ok);
    expect(ana.stderr).toBe("");
    await ben.exit;
  });

  it.each([
    { args: ["--connect", "127.0.0.1:1"], error: /connection refused .* Nobody listens there/ },
    { args: ["--connect", "/nowhere/chat.sock"], error: /There is no such socket/ },
    { args: ["--connect", "nonsense"], error: /--connect: Cannot read the address "nonsense": write host:port/ },
    {
      args: ["--connect", "127.0.0.1:1", "--room"],
      error: /'--connect <address>' cannot be used with option '--room'/,
    },
    { args: ["--connect", "127.0.0.1:1", "--tcp", ":0"], error: /cannot be used with option '--tcp/ },
    { args: ["--room", "--name", "Ana"], error: /'--room' cannot be used with option '--name <text>'/ },
    { args: ["--model", "plain"], error: /Cannot use --model without --room/ },
    { args: ["--json"], error: /Cannot use --json without --room/ },
    { args: ["--name", "* Ana"], error: /--name: Cannot use "\* Ana" as a name: it takes 1 to 32 characters/ },
    { args: ["--tcp", "192.0.2.1:0"], error: /Choose an address of this machine/ },
    { args: ["--unix", "/nowhere/chat.sock"], error: /There is no directory "\/nowhere"/ },
  ])("refuses $args in one line, with the exit code 1", async ({ args, error }) => {
    const { code, stdout, stderr } = await runInProcess(["chat", ...args]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(error);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it("fits its help in a terminal of 80 columns, with an example", async () => {
    const { code, stdout } = await runInProcess(["chat", "--help"]);
    expect(code).toBe(0);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toContain("\n  socketserver chat --name Ben --connect 127.0.0.1:9999\n");
    expect(stdout).toContain("\n  socketserver chat --room\n");
  });

  it("stands in the list of servers", async () => {
    const { stdout } = await runInProcess(["--help"]);
    expect(stdout).toMatch(/^ {2}chat +lets people chat: two by turns, or many in a room$/m);
    expect(tableIn("README.md", "command")).toContainEqual(["socketserver chat", chatRoomServer.summary]);
  });
});

describe.skipIf(netcat.missing)(`socketserver chat and nc${netcat.reason}`, () => {
  it("is connected to by nc, whose first line is the name", async () => {
    const { ana, address } = await startHost();
    await using _ana = ana;
    await using nc = RunningCommand.startProgram("nc", "-N", ...address.split(":"));
    await nc.output(/^Ana$/m);
    nc.type("Nick\nhello\n");
    await ana.output(/^Nick: hello$/m);
    ana.type("good morning\n");
    await nc.output(/^good morning$/m);
    nc.endInput();
    await ana.output(/^\* Nick has left\.$/m);
    expect(await ana.exit).toEqual(ok);
  });

  it("connects to nc, whose first line is the name", async () => {
    // -v: it says when it listens.
    await using nc = RunningCommand.startProgram("sh", "-c", "exec nc -v -l 127.0.0.1 0 2>&1");
    const [, port] = await nc.output(/^Listening on \S+ (\d+)$/m);
    await using ben = callHost(`127.0.0.1:${port}`);
    nc.type("Netta\n");
    await ben.output(/^\* You talk with Netta/m);
    ben.type("hello\n");
    await nc.output(/^Ben\nhello\n/m);
    nc.type("good morning\n");
    await ben.output(/^Netta: good morning$/m);
    ben.type("/quit\n");
    expect(await ben.exit).toEqual(ok);
  });
});

const PYTHON_PARTNER = `
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s, s.makefile("rw", encoding="utf-8") as file:
    def say(text):
        print(text, file=file, flush=True)
    say("Monty")
    other = file.readline().strip()
    for text in ("hello", "größe"):
        say(text)
        print(f"{other}: {file.readline().strip()}")
`;

describe.skipIf(python.missing)(`socketserver chat and CPython${python.reason}`, () => {
  it("talks with a program that keeps the turns", async () => {
    const { ana, address } = await startHost();
    await using _ana = ana;
    ana.type("one\ntwo\n");
    await using python = RunningCommand.startProgram("python3", "-c", PYTHON_PARTNER, ...address.split(":"));
    expect(await python.exit).toEqual(ok);
    expect(python.stdout).toBe("Ana: one\nAna: two\n");
    expect(await ana.exit).toEqual(ok);
    expect(said(ana)).toEqual(["Monty: hello", "Ana: one", "Monty: größe", "Ana: two"]);
  });
});

describe("socketserver chat --connect to a room", () => {
  it("comes in with the name, and goes with the end of the input", async () => {
    await using room = RunningCommand.start("chat", "--room", "--tcp", "127.0.0.1:0");
    const { serverAddress } = await room.started();
    await using ana = CommandInProcess.start("chat", "--name", "Ana", "--connect", serverAddress);
    await ana.output(/^\* Hello, Ana\. Nobody else is here\./m);
    await using ben = callHost(serverAddress);
    await ben.output(/^\* Hello, Ben\. Here already: Ana\./m);
    // There are no turns.
    ben.type("one\ntwo\n");
    await ana.output(/^Ben: one\nBen: two$/m);
    ben.endInput();
    expect(await ben.exit).toEqual(ok);
    await ana.output(/^\* Ben has left\.$/m);
    ana.signal("SIGINT");
    expect(await ana.exit).toEqual(ok);
    expect(ana.stdout).toMatch(/\n\* You have left\.\n$/);
  });
});

/** Runs the command on a terminal, which shows what is typed. The shell makes way for it. */
function onTerminal(...args: string[]): RunningCommand {
  const line = `exec ${process.execPath} ${COMMAND} chat ${args.join(" ")}`;
  return RunningCommand.startProgram("script", "-qec", line, "/dev/null");
}

/** What stands on the terminal, by the line. */
function screen({ stdout }: CommandOutput): string[] {
  return stdout.replaceAll("\r", "").split("\n");
}

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";

describe.skipIf(script.missing)(`socketserver chat on real terminals${script.reason}`, () => {
  it("asks for a line when it is its turn, and shows each line once", async () => {
    await using ana = onTerminal("--name", "Ana", "--tcp", "127.0.0.1:0");
    const [, address = ""] = await ana.output(/^\* Waiting at tcp (\S+)\.\r$/m);
    await using ben = onTerminal("--name", "Ben", "--connect", address);
    await ben.output(/^Ben: $/m);
    ben.type("hello\r");
    await ana.output(/^Ben: hello\r\nAna: $/m);
    expect(ben.stdout).not.toMatch(/^Ana: /m);
    ana.type("good morning\r");
    await ben.output(/^Ana: good morning\r\nBen: $/m);
    ben.type(CTRL_D);
    await ana.output(/^\* Ben has left\.\r$/m);
    expect([await ana.exit, await ben.exit]).toEqual([ok, ok]);
    const met = "You talk with %, by turns. An empty line passes, /quit leaves.";
    expect(screen(ana).slice(2)).toEqual([
      `* ${met.replace("%", "Ben")}`,
      "Ben: hello",
      "Ana: good morning",
      "* Ben has left.",
      "",
    ]);
    expect(screen(ben)).toEqual([
      `* ${met.replace("%", "Ana")}`,
      "Ben: hello",
      "Ana: good morning",
      "Ben: ",
      "* You have left.",
      "",
    ]);
  });

  it("sends what was typed too early when it is its turn, and tells who is asked that the other one leaves", async () => {
    await using ana = onTerminal("--name", "Ana", "--tcp", "127.0.0.1:0");
    const [, address = ""] = await ana.output(/^\* Waiting at tcp (\S+)\.\r$/m);
    ana.type("typed early\r");
    await ana.output(/^typed early\r$/m);
    await using ben = CommandInProcess.startAtTerminal({}, "chat", "--name", "Ben", "--connect", address);
    await ben.output(/^Ben: $/m);
    ben.type("hello\n");
    await ana.output(/^Ben: hello\r\nAna: typed early\r$/m);
    // What Ben types, a real terminal shows.
    await ben.output(/^Ben: Ana: typed early\nBen: $/m);
    ana.type(CTRL_C);
    expect([await ana.exit, await ben.exit]).toEqual([ok, ok]);
    expect(screen(ana).at(-2)).toBe("* You have left.");
    expect(screen(ben).slice(-3)).toEqual(["Ben: ", "* Ana has left.", ""]);
  });
});

describe("socketserver chat where stdout is a terminal", () => {
  it("cannot be steered by the other one's words or name", async () => {
    await using ana = CommandInProcess.startAtTerminal({}, ...HOST);
    const [, host = "", port = ""] = await ana.output(/^\* Waiting at tcp (\S+):(\d+)\.$/m);
    await using ben = await createConnection([host, Number(port)]);
    await ben.sendall("Ben\n\u001b[2J\u0007\n");
    await ana.output(/^Ben: \\x1b\[2J\\x07$/m);
    expect(ana.stdout).not.toContain("\u001b[2J");
  });
});

/** What docs/bundled-servers.md shows of somebody's terminal, but for the line that starts it. */
function transcriptOf(who: string): string {
  const { blocks } = pageAt("docs/bundled-servers.md");
  const { text } = blocks.find(({ kind, file }) => kind === "transcript" && basename(file) === who) ?? {};
  if (text === undefined) throw new Error(`There is no transcript of ${who}.`);
  return text.slice(text.indexOf("\n") + 1);
}

describe("docs/bundled-servers.md", () => {
  it("shows a chat of two as it goes", async () => {
    const { ana, address } = await startHost();
    await using _ana = ana;
    await using ben = callHost(address);
    ben.type("hello\nhow are you?\n");
    ana.type("good morning\n");
    await ana.output(/^Ben: how are you\?$/m);
    ben.signal("SIGINT");
    await Promise.all([ana.exit, ben.exit]);
    const usual = ({ stdout }: CommandOutput): string => stdout.replaceAll(address, "127.0.0.1:9999");
    expect(usual(ana)).toBe(transcriptOf("ana"));
    expect(usual(ben)).toBe(transcriptOf("ben"));
  });

  it("shows a room as it goes", async () => {
    await using room = CommandInProcess.start("chat", "--room", "--tcp", "127.0.0.1:0");
    const address = parseAddress((await room.started()).serverAddress);
    await using ana = await StreamTestClient.connect(address);
    await using ben = await StreamTestClient.connect(address);
    let terminal = "";
    for (const line of transcriptOf("room").match(/.*\n/g) ?? []) {
      const isTyped = !line.startsWith("* ") && !line.includes(":");
      if (line === "* Ben has joined.\n") await ben.write("Ben\ngood morning\n");
      if (isTyped) await ana.write(line);
      terminal += isTyped ? line : await ana.readLine();
    }
    expect(terminal).toBe(transcriptOf("room"));
    expect(await ana.readAll()).toBe("");
  });
});
