/** docs/courses.md leads to what there is: every file, every command and every test that it names, and every example. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeProgram } from "../../dist/cli/program.js";
import { pageAt, readFile } from "../docs/pages.js";
import { ROOT } from "../support/paths.js";
import { alone, beyondCourses, examples, exercises, pairs, webClients } from "./examples.js";

const PAGE = "docs/courses.md";

interface Link {
  readonly text: string;
  /** From the root. */
  readonly path: string;
}

/** A row of a table: what a text shows, where it is here, and what runs it. */
interface Row {
  readonly what: string;
  readonly here: readonly Link[];
  readonly tests: readonly Link[];
}

const courses = pageAt(PAGE)
  .text.split(/^## /m)
  .slice(1)
  .map((section) => ({ title: section.split("\n")[0] ?? "", rows: rowsOf(section) }));

const rows = courses.flatMap((course) => course.rows);

/** Which test runs an example. */
const testOf = new Map<string, string>([
  ...alone.map(({ name }) => [name, "alone"] as const),
  ...pairs.flatMap(({ server, clients }) => [server, ...clients]).map((name) => [name, "pairs"] as const),
  ...webClients.map((name) => [name, "web"] as const),
  ...exercises.map((name) => [name, "exercises"] as const),
  ...beyondCourses.map((name) => [name, "redis"] as const),
]);

function rowsOf(section: string): Row[] {
  const lines = section.split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(2).map((line) => {
    const [what = "", here = "", tests = ""] = line.split("|").slice(1);
    return { what: what.trim(), here: linksIn(here), tests: linksIn(tests) };
  });
}

function linksIn(cell: string): Link[] {
  return [...cell.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, text = "", target = ""]) => ({
    text: text.replaceAll("`", ""),
    path: join(dirname(PAGE), target),
  }));
}

/** The name of the example at a path; `null` for anything else. */
function exampleAt(path: string): string | null {
  return /^examples\/(.+)\.ts$/.exec(path)?.[1] ?? null;
}

describe("docs/courses.md", () => {
  it("has five courses, each with programs or exercises", () => {
    expect(courses).toHaveLength(5);
    for (const { title, rows } of courses) expect([title, rows.length >= 9]).toEqual([title, true]);
  });

  it("says of each program and exercise where it is, and which test runs it", () => {
    for (const { what, here, tests } of rows)
      expect([what, here.length > 0, tests.length > 0]).toEqual([what, true, true]);
  });

  it("names files that there are, and tests that are tests", () => {
    for (const { here, tests } of rows) {
      for (const { path } of [...here, ...tests]) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
      for (const { path } of tests) expect(path).toMatch(/^test\/.+\.test\.ts$/);
    }
  });

  it("leads to every example", () => {
    // Those that no course shows are named before the tables.
    const named = new Set(linksIn(pageAt(PAGE).text).map(({ path }) => exampleAt(path)));
    expect(examples.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([]);
  });

  it("calls each example by its name, and its blocking twin by that word", () => {
    for (const { here } of rows) {
      for (const [index, { text, path }] of here.entries()) {
        const name = exampleAt(path);
        if (name === null) continue;
        const before = exampleAt(here[index - 1]?.path ?? "");
        expect(text === "blocking" ? `${before}-blocking` : text).toBe(name);
      }
    }
  });

  it("names for each example the test that runs it", () => {
    for (const { what, here, tests } of rows) {
      for (const name of here.map(({ path }) => exampleAt(path)).filter((one) => one !== null)) {
        const running = `test/examples/${testOf.get(name)}.test.ts`;
        expect([what, name, tests.map(({ path }) => path)]).toEqual([what, name, expect.arrayContaining([running])]);
      }
    }
  });

  it("names for each command one that there is, and a test that starts it", () => {
    const commands = makeProgram().commands.map((command) => command.name());
    for (const { here, tests } of rows) {
      for (const { text } of here.filter(({ path }) => exampleAt(path) === null)) {
        const [, command = ""] = /^socketserver ([\w-]+)$/.exec(text) ?? [];
        expect(commands).toContain(command);
        const sources = tests.map(({ path }) => readFile(path)).join("\n");
        expect(sources, text).toMatch(new RegExp(`"${command}"|socketserver ${command}|"${command} `));
      }
    }
  });
});

describe("The examples", () => {
  it("are numbered without a gap, and begin with their number", () => {
    const numbers = new Set(examples.map(({ name }) => name.slice(0, 2)));
    expect([...numbers]).toEqual(
      Array.from({ length: numbers.size }, (_, index) => String(index + 1).padStart(2, "0")),
    );
    for (const { name, text } of examples) expect([name, text.slice(0, 7)]).toEqual([name, `// ${name.slice(0, 2)}  `]);
  });

  it("say how they are run, and what they print", () => {
    for (const { name, text, prints } of examples) {
      expect([name, text.includes(`npx tsx examples/${name}.ts`), prints !== ""]).toEqual([name, true, true]);
    }
  });

  it("say that they need the native transport wherever they use what blocks, threads or processes", () => {
    const needed = /\b(?:BlockingSocket|Blocking\w*Handler|Threading\w+|Forking\w+)\b/;
    const needy = examples.filter(({ text }) => needed.test(text.replace(/^ *\/\/.*$/gm, "")));
    expect(needy.length).toBeGreaterThan(20);
    for (const { name, text } of needy) {
      expect([name, text.split("\n")[0]?.endsWith("Needs the native transport.")]).toEqual([name, true]);
    }
  });

  it("are each run by exactly one test", () => {
    expect([...testOf.keys()].sort()).toEqual(examples.map(({ name }) => name));
    const together = [
      ...pairs.flatMap(({ server, clients }) => [server, ...clients]),
      ...webClients,
      ...exercises,
      ...beyondCourses,
    ];
    expect(new Set(together).size).toBe(together.length);
  });
});
