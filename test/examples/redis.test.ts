/** The example that speaks Redis's protocol: with a client of the test's own, and with Redis's own programs. */

import { createConnection, type Socket } from "ts-socketserver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisTools, run } from "../clients/programs.js";
import type { RunningCommand } from "../support/running-command.js";
import { checkServer, portOf, startExample } from "./examples.js";

const NAME = "36-redis";

/** A command as Redis's clients send it. */
function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

describe("The server of a Redis subset", () => {
  let server: RunningCommand;
  let port = 0;
  beforeAll(async () => {
    server = startExample(NAME, "127.0.0.1", 0);
    port = await portOf(server);
  });
  afterAll(async () => {
    await checkServer(NAME, server);
    await server[Symbol.asyncDispose]();
  });

  /** Sends what is asked and then QUIT. @returns all answers before that to QUIT */
  async function ask(...pieces: (string | Buffer)[]): Promise<string> {
    await using client = await createConnection(["127.0.0.1", port]);
    for (const piece of [...pieces, command("QUIT")]) await client.sendall(piece);
    const answers = await readAll(client);
    expect(answers.endsWith("+OK\r\n"), answers).toBe(true);
    return answers.slice(0, -"+OK\r\n".length);
  }

  /** What comes until the server closes the connection. */
  async function readAll(client: Socket): Promise<string> {
    await using answers = client.makefile("rb");
    return (await answers.read()).toString("latin1");
  }

  it("answers each command", async () => {
    const asked: readonly [words: readonly string[], answer: string][] = [
      [["PING"], "+PONG\r\n"],
      [["ping", "are you there?"], "$14\r\nare you there?\r\n"],
      [["ECHO", "hello"], "$5\r\nhello\r\n"],
      [["GET", "each:none"], "$-1\r\n"],
      [["SET", "each:greeting", "hello"], "+OK\r\n"],
      [["GET", "each:greeting"], "$5\r\nhello\r\n"],
      [["SET", "each:empty", ""], "+OK\r\n"],
      [["GET", "each:empty"], "$0\r\n\r\n"],
      [["INCR", "each:count"], ":1\r\n"],
      [["INCR", "each:count"], ":2\r\n"],
      [["DEL", "each:greeting", "each:none", "each:count", "each:empty"], ":3\r\n"],
      [["GET", "each:greeting"], "$-1\r\n"],
      [["COMMAND", "DOCS"], "*0\r\n"],
      [["CONFIG", "GET", "save"], "*2\r\n$4\r\nsave\r\n$0\r\n\r\n"],
    ];
    // All in one write: the answers come in the order of the commands.
    const answers = await ask(asked.map(([words]) => command(...words)).join(""));
    expect(answers).toBe(asked.map(([, answer]) => answer).join(""));
  });

  it("gives the bytes of a value back as they were, however they arrive", async () => {
    const value = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 256));
    const whole = Buffer.concat([
      Buffer.from(`*3\r\n$3\r\nSET\r\n$5\r\nbytes\r\n$1000\r\n`),
      value,
      Buffer.from("\r\n"),
    ]);
    const pieces = [
      whole.subarray(0, 1),
      ...[1, 2, 3, 5, 9, 18, 40, 700].map((at, index, all) => whole.subarray(at, all[index + 1])),
    ];
    expect(await ask(...pieces, command("GET", "bytes"))).toBe(`+OK\r\n$1000\r\n${value.toString("latin1")}\r\n`);
  });

  it("takes lines of words, and passes over empty ones", async () => {
    expect(await ask("SET typed 1\r\n\r\n  INCR   typed \n\r\nGET typed\r\n")).toBe("+OK\r\n:2\r\n$1\r\n2\r\n");
  });

  it("answers what is no command, and goes on", async () => {
    const answers = await ask(
      command("FLY"),
      command("GET"),
      command("SET", "wrong", "one", "word", "more"),
      command("SET", "wrong", "word"),
      command("INCR", "wrong"),
      command("PING"),
    );
    expect(answers.split("\r\n")).toEqual([
      "-ERR unknown command 'FLY'",
      "-ERR wrong number of arguments for 'get' command",
      "-ERR wrong number of arguments for 'set' command",
      "+OK",
      "-ERR value is not an integer or out of range",
      "+PONG",
      "",
    ]);
  });

  it.each([
    ["a count that is no number", "*two\r\n", "invalid multibulk length"],
    ["more words than there may be", "*1025\r\n", "invalid multibulk length"],
    ["a count without its end", "*1\n", "invalid multibulk length"],
    ["a word without its length", "*1\r\nPING\r\n", "expected '$'"],
    ["a negative length", "*1\r\n$-1\r\n", "invalid bulk length"],
    ["a length that is too great", "*1\r\n$1048577\r\n", "invalid bulk length"],
    ["a word that is longer than its length", "*1\r\n$3\r\nPING\r\n", "expected CRLF after a bulk string"],
    ["a line that is too long", `GET ${"k".repeat(70_000)}`, "too big inline request"],
  ])("answers %s with an error, and ends the connection", async (_what, sent, error) => {
    await using client = await createConnection(["127.0.0.1", port]);
    await client.sendall(command("PING") + sent);
    expect(await readAll(client)).toBe(`+PONG\r\n-ERR Protocol error: ${error}\r\n`);
  });

  it("is silent about a client that ends in the middle of a command", async () => {
    for (const part of ["*2\r\n", "*2\r\n$3\r\n", "*2\r\n$3\r\nGE", "*2"]) {
      await using client = await createConnection(["127.0.0.1", port]);
      await client.sendall(part);
      await client.close();
    }
    expect(await ask(command("PING"))).toBe("+PONG\r\n");
  });

  it.skipIf(redisTools.missing)(`answers Redis's own clients${redisTools.reason}`, async () => {
    const cli = (...words: string[]): Promise<string> => run("redis-cli", ["-p", String(port), ...words]);
    expect(await cli("SET", "cli", "a value")).toBe("OK\n");
    expect(await cli("GET", "cli")).toBe("a value\n");
    expect(await cli("DEL", "cli")).toBe("1\n");
    const numbers = ["-n", "2000", "-c", "10", "-P", "16"];
    const tests = ["-t", "ping_inline,ping_mbulk,set,get,incr"];
    const report = await run("redis-benchmark", ["-p", String(port), ...numbers, ...tests, "--csv"]);
    const names = [...report.matchAll(/^"(\w+)","\d/gm)].map(([, name]) => name);
    expect(names).toEqual(["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR"]);
  });
});
