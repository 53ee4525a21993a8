/** What the pages say twice is the same in both places: their blocks, links and tables, and the sources. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { getSystemErrorMap } from "node:util";
import {
  capabilities,
  defaults,
  ExitRequest,
  ForkingTCPServer,
  MultiplexingTCPServer,
  OSError,
  StreamRequestHandler,
  TCPServer,
  ThreadingTCPServer,
  UDPServer,
} from "ts-socketserver";
import { bundledServers, upperServer } from "ts-socketserver/servers";
import { nativeTransport, nodeTransport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { exampleCommand } from "../../dist/cli/endpoint.js";
import { defaultModelOf } from "../../dist/cli/models.js";
import { defaultEndpoint } from "../../dist/cli/options.js";
import { TerminalOutput } from "../../dist/cli/output/terminal.js";
import * as errors from "../../dist/core/errors.js";
import { events } from "../../dist/core/server/events.js";
import { ROOT } from "../support/paths.js";
import { blocks, pageAt, pages, readFile, tableIn } from "./pages.js";

describe("The blocks of the pages", () => {
  it("are what scripts/docs.mjs writes", () => {
    const { status, stderr } = spawnSync(process.execPath, ["scripts/docs.mjs", "--check"], {
      cwd: ROOT,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("are programs wherever they are TypeScript", () => {
    const copied = blocks.filter(
      ({ language, kind }) => ["ts", "js", "tsx", ""].includes(language) && kind !== "program",
    );
    expect(copied.map(({ where }) => where)).toEqual([]);
  });

  it("are marked wherever they have more than one line, except for what a shell takes and the start of the command", () => {
    const unmarked = blocks.filter(({ kind, text }) => kind === "" && text.trim().includes("\n"));
    expect(unmarked.map(({ language, text }) => (language === "sh" ? "sh" : text.split(":")[0]))).toEqual([
      "sh",
      "upper",
    ]);
  });
});

describe("The links of the pages", () => {
  const files = [...pages, ...["CONTRIBUTING.md", "CHANGELOG.md"].map((path) => ({ path, text: readFile(path) }))];
  for (const { path, text } of files) {
    it(`lead somewhere: ${path}`, () => {
      const prose = text.replace(/^```[\s\S]*?^```$/gm, "");
      const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
      const dead = links.filter((link) => !/^https:/.test(link) && !resolves(path, link));
      expect(dead).toEqual([]);
    });
  }

  function resolves(page: string, link: string): boolean {
    const [target = "", anchor] = link.split("#");
    const file = target === "" ? page : join(dirname(page), target);
    if (!existsSync(join(ROOT, file))) return false;
    return anchor === undefined || anchorsOf(readFile(file)).includes(anchor);
  }

  /** As GitHub makes them. */
  function anchorsOf(text: string): string[] {
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
    return headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );
  }
});

describe("README.md", () => {
  const { text } = pageAt("README.md");

  it("shows what npm start prints on a terminal, and what its line gets back", () => {
    let printed = "";
    const output = new TerminalOutput(upperServer.name, (piece) => {
      printed += piece;
    });
    const tryIt = exampleCommand(defaultEndpoint(["tcp"]), upperServer.example);
    output.serving({ endpoint: defaultEndpoint(["tcp"]), model: defaultModelOf(upperServer).name, tryIt });
    expect(text).toContain(`\`\`\`text\n${printed.trimEnd()}\n\`\`\``);
    expect(text).toContain(`\`\`\`text\n${upperServer.example.receive}\n\`\`\``);
    expect(JSON.parse(readFile("package.json")).scripts.start).toBe(`node dist/cli/main.js ${upperServer.name}`);
  });

  it("names the Node.js version that package.json asks for", () => {
    const { engines } = JSON.parse(readFile("package.json"));
    expect(text).toContain(`Node.js ${engines.node.replace(/^>=(\d+\.\d+)\.0$/, "$1")} or later`);
  });

  it("lists every server of the command with its summary", () => {
    const rows = tableIn("README.md", "command");
    for (const { name, summary } of bundledServers) expect(rows).toContainEqual([`socketserver ${name}`, summary]);
  });
});

describe("docs/servers.md", () => {
  it("lists every option of the servers, and its default", () => {
    const rows = tableIn("docs/servers.md", "option");
    const names = new Set(
      [TCPServer, UDPServer, MultiplexingTCPServer, ThreadingTCPServer, ForkingTCPServer].flatMap((Server) => [
        ...Server.optionNames,
      ]),
    );
    expect(rows.map(([name]) => name).sort()).toEqual([...names].sort());
    for (const [name = "", told] of rows) {
      if (name in defaults) expect([name, told]).toEqual([name, String(Reflect.get(defaults, name))]);
    }
  });

  it("lists every method of the servers that says that it may be overridden", () => {
    const source = readFile("src/core/server/base-server.ts");
    const methods = source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+(?:abstract |async )*(\w+)\(/g);
    const overridable = [...methods].filter(([, comment = ""]) =>
      /may be overridden|mix-ins override it/i.test(comment),
    );
    const listed = tableIn("docs/servers.md", "method").map(([name = ""]) => name.replace(/\(.*/, ""));
    expect(listed.sort()).toEqual(overridable.map(([, , name]) => name).sort());
  });
});

describe("docs/transports.md", () => {
  it("lists every feature, and which transport has it", () => {
    const rows = tableIn("docs/transports.md", "feature").map(([name, , native, node]) => ({ name, native, node }));
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(nodeTransport.features).sort());
    for (const { features, name: column } of [nodeTransport, ...(nativeTransport === null ? [] : [nativeTransport])]) {
      const told = Object.fromEntries(rows.map((row) => [row.name, row[column] === "yes"]));
      expect([column, told]).toEqual([column, features]);
    }
  });

  const notNative = nativeTransport === null ? " (skipped: the native transport is not there)" : "";
  it.skipIf(notNative)(`shows the line that socketserver info prints${notNative}`, () => {
    const { transport, reason } = capabilities();
    expect(pageAt("docs/transports.md").text).toContain(
      `\n\`\`\`text\nTransport        ${transport}. ${reason}\n\`\`\`\n`,
    );
  });

  it("names the files that the install script leaves behind, and its switch", () => {
    const { text } = pageAt("docs/transports.md");
    const script = readFile("native/install.mjs");
    for (const name of ["unavailable.txt", "install.log"]) {
      expect(script).toContain(`"build", "${name}"`);
      expect(text).toContain(`\`build/${name}\``);
    }
    expect(script).toContain('"--build"');
    expect(text).toContain("`node native/install.mjs --build`");
  });
});

describe("docs/handlers.md", () => {
  it("lists the fields of a stream handler with their defaults", () => {
    const handler = new StreamRequestHandler(...([] as unknown as ConstructorParameters<typeof StreamRequestHandler>));
    const rows = tableIn("docs/handlers.md", "field");
    expect(rows.length).toBeGreaterThan(0);
    for (const [name = "", told] of rows) expect([name, told]).toEqual([name, String(Reflect.get(handler, name))]);
  });
});

describe("docs/events-and-logging.md", () => {
  it("lists every channel with the type of its messages", () => {
    const source = readFile("src/core/server/events.ts");
    const declared = [...source.matchAll(/new EventChannel<(\w+)>\("([\w:.]+)"\)/g)].map(([, type, name]) => [
      name,
      type,
    ]);
    expect(declared.map(([name]) => name)).toEqual(Object.values(events).map(({ name }) => name));
    const listed = tableIn("docs/events-and-logging.md", "channel").map(([name, type]) => [name, type]);
    expect(listed.sort()).toEqual(declared.sort());
  });
});

describe("docs/errors.md", () => {
  const rows = tableIn("docs/errors.md", "class");
  const codesOf = (cell = ""): string[] => cell.match(/\bE[A-Z]+\b/g) ?? [];

  it("lists every class of errors", () => {
    const classes = Object.entries(errors).filter(([, value]) => value === ExitRequest || isErrorClass(value));
    expect(rows.map(([name]) => name).sort()).toEqual(classes.map(([name]) => name).sort());
  });

  it("gives each class the name in Python that its comment gives", () => {
    const source = readFile("src/core/errors.ts");
    for (const [name = "", python = ""] of rows) {
      const [before = ""] = source.split(new RegExp(`^export class ${name} `, "m"));
      const comment = before.slice(before.lastIndexOf("/**"));
      if (python === "–") expect(comment, name).not.toContain("Source:");
      else expect(comment, name).toMatch(new RegExp(`Source:[^/]*\`${python.replace(".", "\\.")}\``));
    }
  });

  it("names the codes of each class", () => {
    const expected = new Map<string, string>();
    for (const [name = "", , codes] of rows) {
      // A word with "and others" or "such as" is an example, not the rule.
      if (!/others/.test(codes ?? "")) for (const code of codesOf(codes)) expected.set(code, name);
    }
    const fixed = {
      ClosedResourceError: [errors.closedError("x", "x").code],
      UnsupportedOperation: [errors.unsupported("x", "x", "x").code],
      IncompleteReadError: [new errors.IncompleteReadError("x", Buffer.alloc(0), null).code],
      LimitOverrunError: [new errors.LimitOverrunError("x", 1).code],
      // Each is told by whoever notices it: see where they are thrown.
      BusyResourceError: ["EBUSY", "ENOBUFS"],
    };
    const chosen = new Map<string, string>();
    for (const code of new Set([...expected.keys(), ...[...getSystemErrorMap().values()].map(([code]) => code)])) {
      const { name } = errors.osError("x", code, "x");
      if (name !== "OSError") chosen.set(code, name);
    }
    for (const [name, codes] of Object.entries(fixed)) for (const code of codes) chosen.set(code, name);
    expect(Object.fromEntries(expected)).toEqual(Object.fromEntries(chosen));
  });

  function isErrorClass(value: unknown): boolean {
    return value === OSError || (typeof value === "function" && value.prototype instanceof OSError);
  }
});
