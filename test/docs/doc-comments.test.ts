/** Every public name has a doc comment, whose first sentence stands in docs/reference.md. (A test of the pages keeps that file fresh.) */

import * as everything from "ts-socketserver";
import * as clients from "ts-socketserver/clients";
import * as framing from "ts-socketserver/framing";
import * as selectors from "ts-socketserver/selectors";
import * as servers from "ts-socketserver/servers";
import * as socketModule from "ts-socketserver/socket";
import * as testing from "ts-socketserver/testing";
import * as transport from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { pageAt, readFile } from "./pages.js";

const sections = pageAt("docs/reference.md").text.split(/^## /m).slice(1);

/** The rows of an entry point: each name with its sentence. */
function rowsOf(entry: string): Map<string, string> {
  const section = sections.find((text) => text.startsWith(`${entry}\n`)) ?? "";
  const rows = section.matchAll(/^- `(\w+)`:(.*)$/gm);
  return new Map([...rows].map(([, name = "", sentence = ""]) => [name, sentence.trim()]));
}

const ENTRY_POINTS = [
  { entry: "ts-socketserver/socket", file: "src/socket.ts", module: socketModule },
  { entry: "ts-socketserver/selectors", file: "src/selectors.ts", module: selectors },
  { entry: "ts-socketserver", file: "src/index.ts", module: everything },
  { entry: "ts-socketserver/framing", file: "src/framing.ts", module: framing },
  { entry: "ts-socketserver/transport", file: "src/transport.ts", module: transport },
  { entry: "ts-socketserver/servers", file: "src/servers/index.ts", module: servers },
  { entry: "ts-socketserver/clients", file: "src/clients/index.ts", module: clients },
  { entry: "ts-socketserver/testing", file: "src/testing/index.ts", module: testing },
];

describe("docs/reference.md", () => {
  for (const { entry, file, module } of ENTRY_POINTS) {
    it(`lists every name that ${entry} exports`, () => {
      const listed = rowsOf(entry);
      const values = Object.keys(module);
      const types = [...readFile(file).matchAll(/^export type \{([^}]*)\}/gm)].flatMap(
        ([, list = ""]) => list.match(/\w+/g) ?? [],
      );
      expect([...values, ...types].filter((name) => !listed.has(name))).toEqual([]);
    });

    it(`has a sentence for each of them, because each has a doc comment: ${entry}`, () => {
      const silent = [...rowsOf(entry)].filter(([, sentence]) => sentence === "").map(([name]) => name);
      expect(silent).toEqual([]);
    });
  }
});
