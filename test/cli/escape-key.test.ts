/** Esc in the terminal of a server that ends on it, on a real pseudo-terminal: `script` gives one to a program. */

import { parseAddress } from "ts-socketserver";
import { StreamTestClient } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { TerminalOutput } from "../../dist/cli/terminal-output.js";
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
    output.serving({ endpoint: endpointFor("tcp"), model: "plain", tryIt: "", endsOnEscape: true });
    expect(text).toContain("\nEsc or Ctrl-C ends it.\n");
    output.stopping({ signal: "Esc", clients: 1, atMost: 3 });
    expect(text.endsWith("\nname: waiting for 1 client, at most 3 s. Ctrl-C leaves at once.\n")).toBe(true);
  });
});

describe.skipIf(script.missing)(`Esc on a real terminal${script.reason}`, () => {
  it("closes the listener, lets the clients finish, and leaves with the exit code 0", async () => {
    await using terminal = onTerminal(`exec ${NAME} --shutdown-timeout 60`);
    await terminal.output(/^Esc or Ctrl-C ends it\.\r$/m);
    await using client = await servedClient(terminal);
    terminal.type(ESCAPE);
    await terminal.output(/^name: waiting for 1 client, at most 60 s\. Ctrl-C leaves at once\.\r$/m);
    await client.write("Goodbye\n");
    expect(await client.readLine()).toBe("Goodbye Ali\n");
    const [, address = ""] = await terminal.output(/serving tcp (\S+) /);
    await expect(StreamTestClient.connect(parseAddress(address))).rejects.toMatchObject({ code: "ECONNREFUSED" });
    client.end();
    expect(await terminal.exit).toEqual({ code: 0, signal: null });
  });

  it("is not what the arrows send, nor any other key", async () => {
    await using terminal = onTerminal(`exec ${NAME} --json`);
    await using client = await servedClient(terminal);
    terminal.type(`${ESCAPE}[A${ESCAPE}OPwords\r`);
    client.end();
    await terminal.output(/connection closed/);
    terminal.type(CTRL_C);
    expect(await terminal.exit).toEqual({ code: 0, signal: null });
    expect(terminal.stdout).toMatch(/"endsOnEscape":true/);
    expect(terminal.stdout.match(/"signal":"\w+"/g)).toEqual(['"signal":"SIGINT"']);
  });

  it.each([
    { how: "once", keys: [CTRL_C], code: 0 },
    { how: "twice", keys: [CTRL_C, CTRL_C], code: 130 },
    { how: "after Esc", keys: [ESCAPE, CTRL_C], code: 130 },
  ])("leaves Ctrl-C what it was: pressed $how it leaves with the exit code $code", async ({ keys, code }) => {
    await using terminal = onTerminal(`exec ${NAME} --shutdown-timeout ${code === 0 ? 0 : 60}`);
    await using _client = await servedClient(terminal);
    const [first = "", second] = keys;
    terminal.type(first);
    await terminal.output(/waiting for 1 client/);
    if (second !== undefined) terminal.type(second);
    expect(await terminal.exit).toEqual({ code, signal: null });
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

  it.each([
    { key: "Esc", typed: ESCAPE, code: 0, model: "multiplexing" },
    { key: "Esc", typed: ESCAPE, code: 0, model: "forking" },
    { key: "Ctrl-C", typed: CTRL_C, code: 0, model: "multiplexing" },
    { key: "Ctrl-\\", typed: CTRL_BACKSLASH, code: 131, model: "multiplexing" },
  ])("leaves the terminal as it was, after $key ($model)", async ({ typed, code, model }) => {
    await using terminal = onTerminal(
      `ulimit -c 0; stty -g; ${NAME} --model ${model} --shutdown-timeout 60; echo code $?; stty -g`,
    );
    await using client = await servedClient(terminal);
    if (code === 0) {
      client.end();
      await terminal.output(/connection closed/);
    }
    terminal.type(typed);
    await terminal.exit;
    const [before, after] = terminal.stdout.match(/^[\da-f]+(:[\da-f]+){10,}\r$/gm) ?? [];
    expect(after).toBe(before);
    expect(before).toBeTypeOf("string");
    expect(terminal.stdout).toContain(`code ${code}\r\n`);
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
