import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { nativeTransport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("../fixtures/throwing-owner.mjs", import.meta.url));

describe.skipIf(nativeTransport === null)(
  `Events of one batch${nativeTransport === null ? " (skipped: the native transport is not there)" : ""}`,
  () => {
    it("all reach their owners, also when one owner throws; its error is an uncaught exception (slow: it starts a process)", () => {
      const output = execFileSync(process.execPath, [PROGRAM], { encoding: "utf8" });
      expect(JSON.parse(output)).toEqual({ heard: 49, errors: ["the first fails"] });
    });
  },
);
