/** The examples that people type at: the exercise of the name, and the chat of two. */

import { describe, expect, it } from "vitest";
import { script, telnet } from "../clients/programs.js";
import { compiledProgram } from "../support/paths.js";
import { RunningCommand } from "../support/running-command.js";
import { checkEnd, checkOutput, checkServer, exampleNamed, exitOf, portOf, startExample, whyNot } from "./examples.js";

const twins = ["", "-blocking"];

describe.concurrent("The exercise of the name", () => {
  for (const twin of twins) {
    const [server, client] = [`34-name-server${twin}`, `34-name-client${twin}`] as const;
    const reason = whyNot(server, client);

    it.skipIf(reason !== "")(`prints what its comments say: ${server}, ${client}${reason}`, async () => {
      await using running = startExample(server, "Ali", "127.0.0.1", 0);
      await using typing = startExample(client, "127.0.0.1", await portOf(running));
      typing.type("Hello\nGood morning\n");
      await typing.output(/Good morning Ali\n/);
      typing.endInput();
      await checkEnd(client, typing);
      await checkServer(server, running);
    });

    const missing = telnet.missing ? telnet.reason : reason;
    it.skipIf(missing !== "")(`serves three telnets at once, whoever types first: ${server}${missing}`, async () => {
      await using running = startExample(server, "Ali", "127.0.0.1", 0);
      const port = await portOf(running);
      const start = async (): Promise<RunningCommand> => {
        const one = RunningCommand.startProgram("telnet", "127.0.0.1", String(port));
        await one.output(/Escape character/);
        return one;
      };
      await using first = await start();
      await using second = await start();
      await using third = await start();
      for (const [telnetting, word] of [
        [third, "Hello"],
        [first, "Good morning"],
        [second, "Salaam"],
        [third, "Bye"],
      ] as const) {
        telnetting.type(`${word}\n`);
        await telnetting.output(new RegExp(`^${word} Ali\\r?$`, "m"));
      }
      expect(first.stdout).not.toMatch(/Hello|Salaam|Bye/);
      expect(running.stdout).not.toContain("has left");
    });
  }

  it.skipIf(script.missing)(`ends by Esc, and not by an arrow: 34-name-server${script.reason}`, async () => {
    const command = `${process.execPath} ${compiledProgram("examples/34-name-server.ts")} Ali 127.0.0.1 0; echo code $?; stty -a`;
    await using terminal = RunningCommand.startProgram("script", "-qec", command, "/dev/null");
    await terminal.output(/^Esc ends it\r$/m);
    const [, port] = (await terminal.output(/^Listening at 127\.0\.0\.1:(\d+)\r$/m)) as string[];
    await using client = startExample("34-name-client", "127.0.0.1", String(port));
    client.type("Hello\n");
    await client.output(/^Hello Ali$/m);
    terminal.type("\u001b[A");
    client.type("Still there\n");
    await client.output(/^Still there Ali$/m);
    client.endInput();
    await terminal.output(/ has left\r$/m);
    terminal.type("\u001b");
    await terminal.output(/^code 0\r$/m);
    await terminal.output(/[^-]icanon/);
  });
});

const ANA = ["Good morning! How are you?", "Goodbye."];
const BEN = ["Good morning, Ana.", "Fine. I have to go."];

/** Waits for the end of both sides, and checks what their comments say. */
async function checkChat(ana: RunningCommand, ben: RunningCommand): Promise<void> {
  const { prints, printsThere } = exampleNamed("35-chat");
  expect(await Promise.all([exitOf(ana), exitOf(ben)])).toEqual(Array(2).fill({ code: 0, signal: null }));
  checkOutput(ana, prints);
  checkOutput(ben, printsThere);
}

describe.concurrent("The chat", () => {
  for (const [here, there] of [
    ["", ""],
    ["-blocking", "-blocking"],
    ["", "-blocking"],
  ] as const) {
    const [waiting, calling] = [`35-chat${here}`, `35-chat${there}`];
    const reason = whyNot(waiting, calling);
    it.skipIf(reason !== "")(`prints what its comment says: ${waiting}, ${calling}${reason}`, async () => {
      await using ana = startExample(waiting, "wait", "Ana", "127.0.0.1", 0);
      await using ben = startExample(calling, "call", "Ben", "127.0.0.1", await portOf(ana));
      for (const line of ANA) ana.type(`${line}\n`);
      for (const line of BEN) ben.type(`${line}\n`);
      ben.endInput();
      await checkChat(ana, ben);
    });
  }

  it("says the same in the comments of both twins", () => {
    const [one, other] = twins.map((twin) => exampleNamed(`35-chat${twin}`));
    expect([one?.prints, one?.printsThere]).toEqual([other?.prints, other?.printsThere]);
  });

  it("talks with socketserver chat: 35-chat", async () => {
    await using ana = RunningCommand.start("chat", "--name", "Ana", "--tcp", "127.0.0.1:0");
    const [, port] = (await ana.output(/127\.0\.0\.1:(\d+)/)) as string[];
    await using ben = startExample("35-chat", "call", "Ben", "127.0.0.1", String(port));
    for (const line of ANA) ana.type(`${line}\n`);
    for (const line of BEN) ben.type(`${line}\n`);
    ben.endInput();
    expect(await Promise.all([exitOf(ana), exitOf(ben)])).toEqual(Array(2).fill({ code: 0, signal: null }));
    checkOutput(ben, exampleNamed("35-chat").printsThere);
  });

  it("says in a sentence what is wrong: 35-chat", async () => {
    await using nameless = startExample("35-chat", "wait");
    expect(await exitOf(nameless)).toEqual({ code: 2, signal: null });
    expect(nameless.stderr).toContain("your name");
    await using lonely = startExample("35-chat", "call", "Ben", "127.0.0.1", 9);
    expect(await exitOf(lonely)).toEqual({ code: 1, signal: null });
    expect(lonely.stderr).toMatch(/^Cannot connect to tcp 127\.0\.0\.1:9: connection refused.*\n$/);
  });
});
