import { AF_INET, AF_UNIX, parseAddress } from "ts-socketserver";
import { StreamTestClient } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { exampleCommand } from "../../dist/cli/endpoint.js";
import { TerminalOutput, terminalLine } from "../../dist/cli/output/terminal.js";
import { script } from "../clients/programs.js";
import { CommandInProcess } from "../support/command-in-process.js";
import { COMMAND } from "../support/paths.js";
import { RunningCommand } from "../support/running-command.js";

const time = new Date(2026, 0, 2, 14, 2, 11).getTime();
const endpoint = { protocol: "tcp", address: ["127.0.0.1", 9999], addressFamily: AF_INET } as const;

/** An output, and what it has written. */
function capture(options = {}) {
  const written: string[] = [];
  const output = new TerminalOutput("upper", (text) => written.push(text), options);
  return { output, text: () => written.join("") };
}

describe("The start on a terminal", () => {
  it("is what is served, a line to try it, and how to end it", () => {
    const { output, text } = capture();
    output.serving({ endpoint, model: "plain", tryIt: "echo hello | nc -N 127.0.0.1 9999" });
    expect(text()).toBe(
      "upper: serving tcp 127.0.0.1:9999 (plain)\n" +
        "Try it in another terminal:  echo hello | nc -N 127.0.0.1 9999\n" +
        "Ctrl-C ends it.\n\n",
    );
  });

  it("warns when other machines can reach it", () => {
    const { output, text } = capture();
    output.serving({ endpoint: { ...endpoint, address: ["0.0.0.0", 9999] }, model: "plain", tryIt: "" });
    expect(text()).toContain("upper: serving tcp 0.0.0.0:9999 (plain)\nIt listens on all interfaces");
  });

  it("is left out with --quiet", () => {
    const { output, text } = capture({ quiet: true });
    output.serving({ endpoint, model: "plain", tryIt: "" });
    output.stopping({ signal: "SIGINT", clients: 2, atMost: 3 });
    output.logger.warn("a warning");
    expect(text()).toBe("");
  });
});

describe("The end on a terminal", () => {
  it.each([
    [1, "upper: waiting for 1 client, at most 3 s. Ctrl-C again leaves at once.\n"],
    [2, "upper: waiting for 2 clients, at most 3 s. Ctrl-C again leaves at once.\n"],
    [0, ""],
  ])("tells how many clients it waits for (%i)", (clients, told) => {
    const { output, text } = capture();
    output.stopping({ signal: "SIGTERM", clients, atMost: 3 });
    expect(text()).toBe(told);
  });
});

describe("A line of the log on a terminal", () => {
  it("is the time, the client, what happened, and the details in words", () => {
    const record = {
      level: 30,
      time,
      msg: "connection closed",
      clientAddress: "127.0.0.1:5",
      duration: 0.00348,
      bytesRead: 6,
    };
    expect(terminalLine({ ...record, pid: 1, hostname: "vm", name: "upper" }, false)).toBe(
      "14:02:11  127.0.0.1:5  connection closed  (duration 0.003 s, bytes read 6)",
    );
  });

  it("has no colours unless they are asked for", () => {
    const record = { level: 50, time, msg: "it failed", count: 2 };
    expect(terminalLine(record, false)).toBe("14:02:11  it failed  (count 2)");
    expect(terminalLine(record, true)).toBe(
      "\u001b[2m14:02:11\u001b[22m  \u001b[31mit failed\u001b[39m  \u001b[2m(count 2)\u001b[22m",
    );
  });

  it("shows the stack of a handler's mistake, but only the message of a failed system call", () => {
    const { output, text } = capture();
    output.logger.error({ err: new TypeError("a mistake") }, "failed");
    output.logger.error({ err: Object.assign(new Error("reset"), { code: "ECONNRESET", syscall: "read" }) }, "failed");
    expect(text()).toMatch(/failed\n {4}TypeError: a mistake\n {8}at .*\n/);
    expect(text()).toMatch(/failed\n {4}reset\n$/);
  });

  it("cannot steer the terminal", () => {
    const record = { level: 30, time, msg: "\u001b[2J\u0007", who: "\u009b1m" };
    expect(terminalLine(record, false)).toBe("14:02:11  \\x1b[2J\\x07  (who \\x9b1m)");
  });
});

describe("exampleCommand", () => {
  const example = { send: "it's 1", receive: "" };

  it("quotes what a shell would take apart", () => {
    const unix = { protocol: "unix", address: "/tmp/my app.sock", addressFamily: AF_UNIX } as const;
    expect(exampleCommand(unix, example)).toBe(`echo 'it'\\''s 1' | nc -N -U '/tmp/my app.sock'`);
  });
});

describe("Where stdout is a terminal", () => {
  it("writes JSON with --json", async () => {
    await using command = CommandInProcess.startAtTerminal(
      { colours: true },
      "upper",
      "--tcp",
      "127.0.0.1:0",
      "--json",
    );
    await command.started();
    command.signal("SIGINT");
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect(command.log.map(({ msg }) => msg).slice(1)).toEqual(["stopping", "closed"]);
  });
});

describe.skipIf(script.missing)(`On a real terminal${script.reason}`, () => {
  /** The shell makes way for the program: one that waits for it, as dash does, is ended by the Ctrl-C itself. */
  const onTerminal = (line: string) => RunningCommand.startProgram("script", "-qec", `exec ${line}`, "/dev/null");

  it("talks in words, and Ctrl-C ends it", async () => {
    await using terminal = onTerminal(`env NO_COLOR=1 ${process.execPath} ${COMMAND} upper --tcp 127.0.0.1:0`);
    const [, address = ""] = await terminal.output(/^upper: serving tcp (\S+) \(multiplexing\)\r$/m);
    await terminal.output(/^Ctrl-C ends it\.\r$/m);
    await using client = await StreamTestClient.connect(parseAddress(address));
    client.end();
    await client.ended();
    await terminal.output(/^\d\d:\d\d:\d\d {2}127\.0\.0\.1:\d+ {2}connection closed {2}\(.*\)\r$/m);
    terminal.type("\u0003");
    expect(await terminal.exit).toEqual({ code: 0, signal: null });
    expect(terminal.stdout).not.toContain("\u001b");
    expect(terminal.stdout).not.toContain("{");
  });

  it("uses colours when the terminal has them", async () => {
    const line = `env -u NO_COLOR -u CI -u FORCE_COLOR TERM=xterm-256color ${process.execPath} ${COMMAND} upper --tcp 127.0.0.1:0`;
    await using terminal = onTerminal(line);
    await terminal.output(/^Ctrl-C ends it\.\r$/m);
    terminal.type("\u0003");
    expect(await terminal.exit).toEqual({ code: 0, signal: null });
    expect(terminal.stdout).toContain("\u001b[2m");
  });
});
