/** Threading servers in processes of their own: whether their threads keep these alive. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { capabilities } from "ts-socketserver";
import { StreamTestClient } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { slow, tell } from "../remote/models.js";
import { movesToThreads } from "../support/node-version.js";
import { isPending } from "../support/settle.js";
import { within } from "../support/within.js";

const PROGRAM = fileURLToPath(new URL("program.mjs", import.meta.url));
const able = capabilities().descriptors || movesToThreads;
const unless = able ? "" : " (skipped: needs the native transport, or a newer Node.js)";

describe.skipIf(!able)(`A program whose server is closed while a handler runs${unless}`, slow, () => {
  it.each([
    ["daemon", "ends at once, and with it the handler"],
    ["not", "ends when the handler has, which is not disturbed"],
  ])("with threads that are %s: %s", async (mode) => {
    const program = spawn(process.execPath, [PROGRAM, mode], { stdio: ["pipe", "pipe", "inherit"] });
    const exited = once(program, "exit");
    const lines = createInterface({ input: program.stdout });
    try {
      const [port] = await once(lines, "line");
      await using client = await StreamTestClient.connect(["127.0.0.1", Number(port)]);
      await tell(client, "echo in");
      const closed = once(lines, "line");
      program.stdin.write("close\n");
      await closed;
      if (mode === "daemon") {
        expect(await within(30, "the program", exited)).toEqual([0, null]);
        await client.ended();
      } else {
        expect(await tell(client, "echo still")).toBe("still");
        expect(await isPending(exited)).toBe(true);
        client.end();
        expect(await client.readAll()).toBe("");
        expect(await within(30, "the program", exited)).toEqual([0, null]);
      }
    } finally {
      program.kill("SIGKILL");
    }
  });
});
