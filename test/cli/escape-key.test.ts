/** Esc in the terminal of a server that ends on it, on a real pseudo-terminal: `script` gives one to a program. */

import { parseAddress } from "ts-socketserver";
import { StreamTestClient } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { TerminalOutput } from "../../dist/cli/output/terminal.js";
import { script } from "../clients/programs.js";
import { COMMAND } from "../support/paths.js";
import { RunningCommand } from "../support/running-command.js";
import { endpointFor } from "./endpoints.js";

const ESCAPE = "\u001b";
const CTRL_C = "\u0003";
const CTRL_Z = "\u001a";
const CTRL_BACKSLASH = "\u001c";

const NAME = `${process.execPath} ${COMMAND} name --name Ali --tcp 127.0.0.1:0`;

/** Runs a line in a shell on a terminal. The shell outlives the Ctrl-C that the terminal sends to both. */
function onTerminal(line: string): RunningCommand {
  return RunningCommand.startProgram("script", "-qec", `trap : INT QUIT; export NO_COLOR=1; ${line}`, "/dev/null");
}

/** A client of the server that has told that it serves, and has been served a line. */
async function servedClient(terminal: RunningCommand): Promise<StreamTestClient> {
  const [, address = ""] = await terminal.output(/serving tcp (\S+) /);
  const client = await StreamTestClient.connect(parseAddress(address));
  await client.write("Hello\n");
  expect(await client.readLine()).toBe("Hello Ali\n");
  return client;
}

describe("The words of the terminal", () => {
  it("name Esc where the server ends on it", () => {
    let text = "";
    const output = new TerminalOutput("name", (piece) => {
      text += piece;
    });
    output.serving({ endpoint: endpointFor("tcp"), model: "plain", tryIt: "", stopsOnEscape: true });
    expect(text).toContain("\nEsc or Ctrl-C ends it.\n");
    output.stopping({ signal: "Esc", clients: 1, atMost: 3 });
    expect(text.endsWith("\nname: waiting for 1 client, at most 3 s. Ctrl-C leaves at once.\n")).toBe(true);
  });
});

describe.skipIf(script.missing)(`Esc on a real terminal${script.reason}`, () => {
  /** Runs the server between two looks at the terminal's settings. The shell outlives it, and tells its exit code. */
  const betweenLooks = (options: string): RunningCommand =>
    onTerminal(`ulimit -c 0; stty -g; ${NAME} ${options}; echo code $?; stty -g`);

  /** The server has ended so, and left the terminal as it was. */
  async function expectLeft(terminal: RunningCommand, code: number): Promise<void> {
    expect(await terminal.exit).toEqual({ code: 0, signal: null });
    expect(terminal.stdout).toContain(`code ${code}\r\n`);
    const [before, after] = terminal.stdout.match(/^[\da-f]+(:[\da-f]+){10,}\r$/gm) ?? [];
    expect(after).toBe(before);
    expect(before).toBeTypeOf("string");
  }

  it("closes the listener, lets the clients finish, and leaves the terminal as it was, with the exit code 0", async () => {
    await using terminal = betweenLooks("--shutdown-timeout 60");
    await terminal.output(/^Esc or Ctrl-C ends it\.\r$/m);
    await using client = await servedClient(terminal);
    terminal.type(ESCAPE);
    await terminal.output(/^name: waiting for 1 client, at most 60 s\. Ctrl-C leaves at once\.\r$/m);
    await client.write("Goodbye\n");
    expect(await client.readLine()).toBe("Goodbye Ali\n");
    const [, address = ""] = await terminal.output(/serving tcp (\S+) /);
    await expect(StreamTestClient.connect(parseAddress(address))).rejects.toMatchObject({ code: "ECONNREFUSED" });
    client.end();
    await expectLeft(terminal, 0);
  });

  it("is not what the arrows send, nor any other key; and Ctrl-C stays what it was", async () => {
    await using terminal = betweenLooks("--json --shutdown-timeout 0");
    await using client = await servedClient(terminal);
    terminal.type(`${ESCAPE}[A${ESCAPE}OPwords\r`);
    client.end();
    await terminal.output(/connection closed/);
    await using _held = await servedClient(terminal);
    terminal.type(CTRL_C);
    await expectLeft(terminal, 0);
    expect(terminal.stdout).toMatch(/"stopsOnEscape":true/);
    expect(terminal.stdout.match(/"signal":"\w+","clients":\d/g)).toEqual(['"signal":"SIGINT","clients":1']);
  });

  it("leaves Ctrl-C to leave at once, with the exit code 130", async () => {
    await using terminal = onTerminal(`exec ${NAME} --shutdown-timeout 60`);
    await using _client = await servedClient(terminal);
    terminal.type(ESCAPE);
    await terminal.output(/waiting for 1 client/);
    terminal.type(CTRL_C);
    expect(await terminal.exit).toEqual({ code: 130, signal: null });
  });

  it("is neither told nor heard where stdin is no terminal", async () => {
    await using terminal = onTerminal(`exec ${NAME} < /dev/null`);
    await terminal.output(/^Ctrl-C ends it\.\r$/m);
    await using client = await servedClient(terminal);
    client.end();
    await terminal.output(/connection closed/);
    terminal.type(CTRL_C);
    expect(await terminal.exit).toEqual({ code: 0, signal: null });
  });

  it("leaves the terminal as it was where child processes serve", async () => {
    await using terminal = betweenLooks("--model forking --children 1 --shutdown-timeout 60");
    await using client = await servedClient(terminal);
    client.end();
    await terminal.output(/connection closed/);
    terminal.type(ESCAPE);
    await expectLeft(terminal, 0);
  });

  it("leaves the terminal as it was after Ctrl-\\, which ends the server on the spot", async () => {
    await using terminal = betweenLooks("--shutdown-timeout 60");
    await using _client = await servedClient(terminal);
    terminal.type(CTRL_BACKSLASH);
    await expectLeft(terminal, 131);
  });

  /** A shell that talks with the terminal as a user's does. */
  async function startInShell(command: string): Promise<RunningCommand> {
    const terminal = RunningCommand.startProgram("script", "-qec", "bash --norc --noprofile -i", "/dev/null");
    terminal.type(`export NO_COLOR=1 PS1=; ${command}\n`);
    await terminal.output(/^Esc or Ctrl-C ends it\.\r$|^Ctrl-C ends it\.\r$/m);
    return terminal;
  }

  it("is heard again after Ctrl-Z and fg", async () => {
    await using terminal = await startInShell(NAME);
    await using client = await servedClient(terminal);
    terminal.type(CTRL_Z);
    await terminal.output(/Stopped/);
    terminal.type("fg\n");
    await client.write("Back\n");
    expect(await client.readLine()).toBe("Back Ali\n");
    client.end();
    await terminal.output(/connection closed/);
    terminal.type(ESCAPE);
    await terminal.output(/ closed\r\n/);
    terminal.type("echo code $?; exit\n");
    await terminal.output(/^code 0\r$/m);
  });

  it("is left alone in the background, where touching the terminal would stop the server", async () => {
    await using terminal = await startInShell(`${NAME} &`);
    expect(terminal.stdout).not.toContain("Esc or");
    await using client = await servedClient(terminal);
    terminal.type("jobs\n");
    await terminal.output(/Running/);
    terminal.type("fg\n");
    await terminal.output(/fg\r\n.*main\.js name/s);
    client.end();
    await terminal.output(/connection closed/);
    terminal.type(CTRL_C);
    await terminal.output(/ closed\r\n/);
    terminal.type("echo code $?; exit\n");
    await terminal.output(/^code 0\r$/m);
  });

  it("does not stop a server that Ctrl-Z and bg have sent into the background", async () => {
    await using terminal = await startInShell(NAME);
    await using client = await servedClient(terminal);
    terminal.type(CTRL_Z);
    await terminal.output(/Stopped/);
    terminal.type("bg\n");
    await client.write("Back\n");
    expect(await client.readLine()).toBe("Back Ali\n");
    client.end();
    await terminal.output(/connection closed/);
    terminal.type("kill %1; wait %1; echo code $?; exit\n");
    await terminal.output(/^code 0\r$/m);
  });
});
