import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AF_INET, AF_UNIX, PermissionError } from "ts-socketserver";
import { describe, expect, it } from "vitest";
import { CommandError, explainOpening, outcomeOf } from "../../dist/cli/errors.js";
import { commandLogger } from "../../dist/cli/output/json.js";
import { CommandInProcess, runInProcess } from "../support/command-in-process.js";
import { COMMAND } from "../support/paths.js";
import { RunningCommand } from "../support/running-command.js";
import { temporaryPath } from "../support/temporary-path.js";

/** What the command says on stderr before it leaves with the exit code 1. */
async function problem(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runInProcess(args);
  expect([code, stdout]).toEqual([1, ""]);
  return stderr;
}

/** The same of a process. */
async function problemOfProcess(...args: string[]): Promise<string> {
  await using command = RunningCommand.start(...args);
  expect(await command.exit).toEqual({ code: 1, signal: null });
  expect(command.stdout).toBe("");
  return command.stderr;
}

const longPath = `/tmp/${"x".repeat(130)}`;
const noDirectory = join(tmpdir(), "socketserver-no-such-directory", "app.sock");

describe("A mistake on the command line is told in one line", () => {
  it.each([
    {
      mistake: "a server that there is not",
      args: ["uper"],
      line: "Unknown command 'uper'. Did you mean upper? --help shows what there is.",
    },
    {
      mistake: "an option that there is not",
      args: ["upper", "--tpc", ":0"],
      line: "Unknown option '--tpc'. Did you mean --tcp? --help shows what there is.",
    },
    {
      mistake: "an option without its value",
      args: ["upper", "--tcp"],
      line: "Option '--tcp <host:port>' argument missing. --help shows what there is.",
    },
    {
      mistake: "two addresses",
      args: ["upper", "--tcp", ":0", "--udp", ":0"],
      line: "Option '--tcp <host:port>' cannot be used with option '--udp <host:port>'. --help shows what there is.",
    },
    {
      mistake: "a word too many",
      args: ["upper", ":9999"],
      line: "Too many arguments for 'upper'. Expected 0 arguments but got 1. --help shows what there is.",
    },
    {
      mistake: "no port",
      args: ["upper", "--tcp", "localhost"],
      line: '--tcp: Cannot read the address "localhost": write host:port, such as 127.0.0.1:9999.',
    },
    {
      mistake: "an IPv6 address without brackets",
      args: ["upper", "--udp", "::1:9999"],
      line: '--udp: Cannot read the address "::1:9999": write host:port, such as 127.0.0.1:9999. An IPv6 address stands in brackets: [::1]:9999.',
    },
    {
      mistake: "a port that there is not",
      args: ["upper", "--tcp", ":99999"],
      line: '--tcp: Cannot use the port 99999 in ":99999": a port is a whole number from 0 to 65535.',
    },
    {
      mistake: "a model that there is not",
      args: ["upper", "--model", "quick"],
      line: 'Cannot use "quick" as --model: it takes plain, multiplexing, threading or forking.',
    },
    {
      mistake: "a limit that is not a number",
      args: ["upper", "--max-connections", "many"],
      line: 'Cannot use "many" as --max-connections: it takes a whole number from 1.',
    },
    {
      mistake: "a limit of none",
      args: ["upper", "--max-connections", "0"],
      line: 'Cannot use "0" as --max-connections: it takes a whole number from 1.',
    },
    {
      mistake: "a limit for a model that has none",
      args: ["upper", "--model", "plain", "--max-connections", "5"],
      line: "Cannot use --max-connections with --model plain (one client at a time, the next ones wait): it goes with --model multiplexing, threading or forking.",
    },
    {
      mistake: "threads without threads",
      args: ["upper", "--threads", "2"],
      line: "Cannot use --threads with --model multiplexing (many clients at once, in one event loop): it goes with --model threading.",
    },
    {
      mistake: "a time below zero",
      args: ["upper", "--shutdown-timeout", "-1"],
      line: 'Cannot use "-1" as --shutdown-timeout: it takes seconds from 0 to 2147483.',
    },
    {
      mistake: "a Unix path that is empty",
      args: ["upper", "--unix", ""],
      line: 'Cannot use "" as --unix: it takes the path of a socket, such as /tmp/app.sock.',
    },
    {
      mistake: "a Unix path that is too long",
      args: ["upper", "--unix", longPath],
      line: `Cannot bind unix ${longPath}: name too long (ENAMETOOLONG). The system allows a socket's path about 100 bytes: choose a shorter one.`,
    },
    {
      mistake: "a Unix path in no directory",
      args: ["upper", "--unix", noDirectory],
      line: `Cannot bind unix ${noDirectory}: no such file or directory (ENOENT). There is no directory "${join(noDirectory, "..")}": make it, or choose another path.`,
    },
  ])("$mistake", async ({ args, line }) => {
    expect(await problem(...args)).toBe(`socketserver: ${line}\n`);
  });
});

describe("An address that cannot be had is told in one line", () => {
  it("a TCP port in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = `127.0.0.1:${Object(other.address()).port}`;
    expect(await problemOfProcess("upper", "--tcp", address)).toBe(
      `socketserver: Cannot bind tcp ${address}: address already in use (EADDRINUSE). Choose another port, or let --tcp 127.0.0.1:0 take a free one.\n`,
    );
    other.close();
  });

  it("a UDP port in use", async () => {
    const other = createSocket("udp4").bind(0, "127.0.0.1");
    await once(other, "listening");
    const address = `127.0.0.1:${other.address().port}`;
    expect(await problem("echo", "--udp", address)).toBe(
      `socketserver: Cannot bind udp ${address}: address already in use (EADDRINUSE). Choose another port, or let --udp 127.0.0.1:0 take a free one.\n`,
    );
    other.close();
  });

  it("a Unix path at which a server listens", async () => {
    const path = temporaryPath();
    await using first = CommandInProcess.start("echo", "--unix", path);
    await first.started();
    expect(await problem("echo", "--unix", path)).toBe(
      `socketserver: Cannot bind unix ${path}: address already in use (EADDRINUSE). A server listens there, or the file is not a socket. Choose another path.\n`,
    );
  });

  it("a Unix path at which another file is, which stays", async () => {
    const path = temporaryPath();
    writeFileSync(path, "precious");
    expect(await problem("echo", "--unix", path)).toContain("the file is not a socket");
  });

  it("an address of another machine", async () => {
    // 192.0.2.0/24 is nobody's (RFC 5737).
    expect(await problem("upper", "--tcp", "192.0.2.1:9999")).toBe(
      "socketserver: Cannot bind tcp 192.0.2.1:9999: address not available (EADDRNOTAVAIL). Choose an address of this machine, such as 127.0.0.1, or none for every interface, such as :9999.\n",
    );
  });

  it("a host name that nobody knows", async () => {
    // ".invalid" is no domain (RFC 2606).
    const line = await problem("upper", "--tcp", "no-such-host.invalid:9999");
    expect(line).toMatch(/^socketserver: Cannot resolve "no-such-host.invalid": .* Give the host as an address, .*\n$/);
  });

  // These need a user without privileges, which the tests may not be run by.
  it("a privileged port", () => {
    const endpoint = { protocol: "tcp", address: ["", 80], addressFamily: AF_INET } as const;
    const error = new PermissionError("Cannot bind tcp *:80: permission denied (EACCES)", { code: "EACCES" });
    expect(outcomeOf(explainOpening(error, endpoint))).toEqual({
      exitCode: 1,
      text: "socketserver: Cannot bind tcp *:80: permission denied (EACCES). Ports below 1024 may take privileges: choose a higher one, such as --tcp :9999.\n",
    });
  });

  it("a directory that the user may not write to", () => {
    const endpoint = { protocol: "unix", address: "/run/app.sock", addressFamily: AF_UNIX } as const;
    const error = new PermissionError("Cannot bind unix /run/app.sock: permission denied (EACCES)", { code: "EACCES" });
    expect(outcomeOf(explainOpening(error, endpoint)).text).toBe(
      "socketserver: Cannot bind unix /run/app.sock: permission denied (EACCES). Choose a directory that you may write to.\n",
    );
  });
});

describe.skipIf(!existsSync("/dev/full"))("A full disk (skipped where there is no /dev/full)", () => {
  const runInto = (...args: string[]): RunningCommand =>
    RunningCommand.startProgram("sh", "-c", 'exec "$@" > /dev/full', "sh", process.execPath, COMMAND, ...args);

  it("is told in one line", async () => {
    await using command = runInto("info");
    expect(await command.exit).toEqual({ code: 1, signal: null });
    expect(command.stderr).toBe("socketserver: Cannot write to stdout: no space left on device (ENOSPC).\n");
  });

  it("is told once by a server, which serves on and ends in order", async () => {
    await using command = runInto("echo", "--unix", temporaryPath());
    await command.complaint(/serves on/);
    command.signal("SIGINT");
    expect(await command.exit).toEqual({ code: 0, signal: null });
    const full = "no space left on device (ENOSPC)";
    expect(command.stderr).toBe(`socketserver: Cannot write the log to stdout: ${full}. It serves on.\n`);
  });
});

describe("An error in the log", () => {
  it("has its own words, those of its causes behind its stack, and its name as its type", () => {
    const lines: string[] = [];
    const logger = commandLogger("echo", {}, { write: (line) => void lines.push(line) });
    const cause = new TypeError("inner");
    for (const err of [Object.assign(new Error("outer: inner", { cause }), { name: "OwnError" }), cause]) {
      logger.error({ err }, "failed");
    }
    const [told, plain] = lines.map((line) => JSON.parse(line).err);
    expect(told).toMatchObject({ type: "OwnError", message: "outer: inner" });
    expect(told.stack).toContain("caused by: TypeError: inner");
    expect(plain).toMatchObject({ type: "TypeError", message: "inner" });
  });

  it.each([null, "only words", 7])("is written as it is where it is none: %j", (err) => {
    const lines: string[] = [];
    commandLogger("echo", {}, { write: (line) => void lines.push(line) }).error({ err }, "failed");
    expect(JSON.parse(lines[0] ?? "").err).toBe(err);
  });
});

describe("outcomeOf", () => {
  it("shows the stack of an error that nobody foresaw", () => {
    const bug = new TypeError("undefined is not a server");
    const endpoint = { protocol: "tcp", address: ["", 80], addressFamily: AF_INET } as const;
    const { exitCode, text } = outcomeOf(explainOpening(bug, endpoint));
    expect(exitCode).toBe(1);
    expect(text).toContain("TypeError: undefined is not a server\n    at ");
  });

  it("takes whatever was thrown", () => {
    expect(outcomeOf("words").text).toContain("words");
    expect(outcomeOf(new CommandError("Mend it."))).toEqual({ exitCode: 1, text: "socketserver: Mend it.\n" });
  });
});
