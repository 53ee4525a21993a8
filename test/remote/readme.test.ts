/** README.md, "One handler, several ways to run it": its program, whose one word is changed, is moved through all four ways. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Address, nativeTransport } from "ts-socketserver";
import { StreamTestClient } from "ts-socketserver/testing";
import { expect, it } from "vitest";
import { movesToThreads } from "../support/node-version.js";
import { isPending } from "../support/settle.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const program = readFileSync(join(ROOT, "docs/programs/one-word.ts"), "utf8");
const WORD = "new socketserver.ForkingTCPServer(";

const threads = nativeTransport !== null || movesToThreads;
const words = ["TCPServer", "MultiplexingTCPServer", ...(threads ? ["ThreadingTCPServer"] : []), "ForkingTCPServer"];

/** Serves with the program, its word replaced. */
async function run<Result>(word: string, use: (address: Address) => Promise<Result>): Promise<Result> {
  // Within the package, so that it finds "ts-socketserver"; git and the linter pass over it.
  mkdirSync(join(ROOT, "playground"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "playground", "one-word-"));
  const file = join(folder, "one-word.ts");
  writeFileSync(file, program.replace(WORD, `new socketserver.${word}(`));
  const flags = ["--import", "tsx", "--import", "./test/docs/any-port.mjs"];
  const server = spawn(process.execPath, [...flags, file], { cwd: ROOT, stdio: ["ignore", "inherit", "pipe"] });
  const exited = once(server, "exit");
  try {
    const [port] = await once(createInterface({ input: server.stderr }), "line");
    return await use(["127.0.0.1", Number(port)]);
  } finally {
    server.kill();
    await exited;
    rmSync(folder, { recursive: true });
  }
}

async function ask(client: StreamTestClient): Promise<string> {
  await client.write("100\n");
  return await client.readAll();
}

it.skipIf(threads)("A ThreadingTCPServer (skipped: needs the native transport, or a newer Node.js)", () => {});

it("The program has the word once", () => {
  expect(program.split(WORD)).toHaveLength(2);
});

it.each(
  words,
)("Its handler runs in a %s; who says nothing keeps others waiting in a plain server alone (slow: it starts tsx)", async (word) => {
  await run(word, async (address) => {
    await using silent = await StreamTestClient.connect(address);
    await using client = await StreamTestClient.connect(address);
    const answer = ask(client);
    if (word === "TCPServer") expect(await isPending(answer)).toBe(true);
    else expect(await answer).toBe("25 primes below 100\n");
    expect(await ask(silent)).toBe("25 primes below 100\n");
    expect(await answer).toBe("25 primes below 100\n");
  });
});
