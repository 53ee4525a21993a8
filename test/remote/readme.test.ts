/** README.md, "One handler, several ways to run it": its program, whose one word is changed, is moved through all four ways. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Address } from "ts-socketserver";
import { StreamTestClient } from "ts-socketserver/testing";
import { nativeTransport } from "ts-socketserver/transport";
import { expect, it } from "vitest";
import { movesToThreads } from "../support/node-version.js";
import { compiledProgram, ROOT } from "../support/paths.js";
import { isPending } from "../support/settle.js";

const file = compiledProgram("docs/programs/one-word.ts");
const WORD = "new socketserver.ForkingTCPServer(";

const threads = nativeTransport !== null || movesToThreads;
const words = ["TCPServer", "MultiplexingTCPServer", ...(threads ? ["ThreadingTCPServer"] : []), "ForkingTCPServer"];

/** Serves with the program, its word replaced. */
async function run<Result>(word: string, use: (address: Address) => Promise<Result>): Promise<Result> {
  // Beside the program, so that it finds "ts-socketserver".
  const variant = file.replace(/\.js$/, `-${word}.js`);
  writeFileSync(variant, readFileSync(file, "utf8").replace(WORD, `new socketserver.${word}(`));
  const flags = ["--import", "./test/docs/any-port.mjs"];
  const server = spawn(process.execPath, [...flags, variant], { cwd: ROOT, stdio: ["ignore", "inherit", "pipe"] });
  const exited = once(server, "exit");
  try {
    const [port] = await once(createInterface({ input: server.stderr }), "line");
    return await use(["127.0.0.1", Number(port)]);
  } finally {
    server.kill();
    await exited;
    rmSync(variant);
  }
}

async function ask(client: StreamTestClient): Promise<string> {
  await client.write("100\n");
  return await client.readAll();
}

it.skipIf(threads)("A ThreadingTCPServer (skipped: needs the native transport, or a newer Node.js)", () => {});

it("The program has the word once", () => {
  for (const text of [join(ROOT, "docs/programs/one-word.ts"), file].map((path) => readFileSync(path, "utf8"))) {
    expect(text.split(WORD)).toHaveLength(2);
  }
});

it.each(
  words,
)("Its handler runs in a %s; who says nothing keeps others waiting in a plain server alone", async (word) => {
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
