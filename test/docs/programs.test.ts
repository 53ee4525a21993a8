/** Every program of README.md and docs/ is run as a reader would run it, and must print what its page shows. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { StreamTestClient } from "ts-socketserver/testing";
import { nativeTransport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { compiledProgram, ROOT } from "../support/paths.js";
import { blocks, programs, readFile } from "./pages.js";

const run = promisify(execFile);

const outputOf = new Map(blocks.filter(({ kind }) => kind === "output").map((block) => [block.file, block]));
const conversations = blocks.filter(({ kind }) => kind === "conversation");

/** Why a program cannot be run here, in brackets; `""` where it can. */
function whyNot(program: string): string {
  const [firstLine = ""] = readFile(program).split("\n");
  const needed = firstLine.includes("Needs the native transport.");
  return needed && nativeTransport === null ? " (skipped: the native transport is not there)" : "";
}

describe.concurrent("A program of the docs", () => {
  for (const program of programs.filter((one) => outputOf.has(one))) {
    const skipped = whyNot(program);
    it.skipIf(skipped)(
      `prints what ${outputOf.get(program)?.where} shows: ${program}${skipped}`,
      async ({ expect }) => {
        const { stdout } = await run(process.execPath, [compiledProgram(program)], { cwd: ROOT });
        expect(stdout).toBe(outputOf.get(program)?.text);
      },
    );
  }

  for (const { where, file, text } of conversations) {
    it(`answers as ${where} shows: ${file}`, async ({ expect }) => {
      const [, said, answer] = /^\$ echo (.*) \| nc 127\.0\.0\.1 9999\n([\s\S]*)$/.exec(text) ?? [];
      expect(said).toBeDefined();
      const server = spawn(process.execPath, ["--import", "./test/docs/any-port.mjs", compiledProgram(file)], {
        cwd: ROOT,
        stdio: ["ignore", "inherit", "pipe"],
      });
      try {
        const [port] = await once(server.stderr.setEncoding("utf8"), "data");
        await using client = await StreamTestClient.connect(["127.0.0.1", Number(port)]);
        await client.write(`${said}\n`);
        expect(await client.readAll()).toBe(answer);
      } finally {
        server.kill();
        await once(server, "close");
      }
    });
  }
});

describe("Every program of the docs", () => {
  it("is shown by a page, with what it prints or how it answers", () => {
    const shown = blocks.filter(({ kind }) => kind === "program").map(({ file }) => file);
    expect(shown.sort()).toEqual([...programs].sort());
    expect([...outputOf.keys(), ...conversations.map(({ file }) => file)].sort()).toEqual([...programs].sort());
  });

  it("begins with a comment that says what it shows, except the reader's first one", () => {
    const silent = blocks.filter(({ kind, text }) => kind === "program" && !text.startsWith("// "));
    expect(silent.map(({ file }) => file)).toEqual(["docs/programs/hello.ts"]);
  });
});
