// Rewrites the blocks of README.md and docs/*.md that come from elsewhere, and docs/reference.md. In a page,
//
//   <!-- program: programs/echo.ts -->             stands before a block that is that file,
//   <!-- output: programs/echo.ts -->              before one that is what the program prints,
//   <!-- picture: ../src/core/base-server.ts -->   before one that is the first picture in that file's comments.
//
// node scripts/docs.mjs          writes
// node scripts/docs.mjs --check  writes nothing, and fails when a page is stale. What programs print is compared by the
//                                tests, which run them all.
//
// Where the native transport is not there, the output of the programs that need it is left as it is.
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";

const root = dirname(import.meta.dirname);
const check = process.argv.includes("--check");
const run = promisify(execFile);
const read = (file) => readFileSync(file, "utf8");

// ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a program prints; `before` where it needs a transport that is not there. */
async function output(program, before) {
  try {
    const { stdout } = await run(process.execPath, ["--import", "tsx", program], { cwd: root });
    return stdout;
  } catch (error) {
    const [firstLine = ""] = read(program).split("\n");
    if (!firstLine.includes("Needs the native transport.") || !error.stderr?.includes("ENOTSUP")) throw error;
    console.error(`${relative(root, program)} needs the native transport: its output is left as it is`);
    return before;
  }
}

function picture(file) {
  const [, text] = /\* ```text\n([\s\S]*?)\n \* ```/.exec(read(file)) ?? [];
  if (text === undefined) throw new Error(`There is no picture in ${file}`);
  return `${text.replace(/^ \* ?/gm, "")}\n`;
}

const BLOCK = /^<!-- (program|output|picture): (\S+) -->\n```(\w+)\n([\s\S]*?)^```$/gm;

async function render(page) {
  const text = read(page);
  let rendered = "";
  let end = 0;
  for (const match of text.matchAll(BLOCK)) {
    const [whole, kind, path, language, content] = match;
    const file = join(dirname(page), path);
    let fresh = content;
    if (kind === "program") fresh = read(file);
    if (kind === "picture") fresh = picture(file);
    if (kind === "output" && !check) fresh = await output(file, content);
    rendered += `${text.slice(end, match.index)}<!-- ${kind}: ${path} -->\n\`\`\`${language}\n${fresh}\`\`\``;
    end = match.index + whole.length;
  }
  return rendered + text.slice(end);
}

// ── reference ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** The public names of a module, each with the file that declares it. */
function publicNames(file) {
  const text = read(file);
  const source = (path) => join(dirname(file), path.replace(/\.js$/, ".ts"));
  const names = new Map();
  for (const [, name] of text.matchAll(
    /^export (?:abstract |async )*(?:class|function\*?|const|interface|type) (\w+)/gm,
  )) {
    names.set(name, file);
  }
  for (const [, list, path] of text.matchAll(/^export (?:type )?\{([^}]*)\} from "(.*)";/gm)) {
    for (const name of list.split(",").map((word) => word.trim())) if (name !== "") names.set(name, source(path));
  }
  for (const [, path] of text.matchAll(/^export \* from "(.*)";/gm)) {
    for (const [name, declaredIn] of publicNames(source(path))) names.set(name, declaredIn);
  }
  return names;
}

const KINDS = { class: "Classes", function: "Functions", const: "Constants", interface: "Types", type: "Types" };

/** What a name is, and the first sentence of the comment that stands directly before its declaration. */
function describe(name, file) {
  const text = read(file);
  const declaration = new RegExp(
    `^export (?:abstract |async )*(class|function|const|interface|type)\\*? ${name}\\b`,
    "m",
  );
  const match = declaration.exec(text);
  if (match === null) {
    // It may only hand the name on.
    const source = publicNames(file).get(name);
    if (source === undefined) throw new Error(`${relative(root, file)} does not declare ${name}`);
    return describe(name, source);
  }
  const before = text
    .slice(0, match.index)
    .trimEnd()
    .replace(/\n\/\/ biome-ignore .*$/, "");
  const comment = before.endsWith("*/") ? before.slice(before.lastIndexOf("/**") + 3, -2) : "";
  const [paragraph] = comment
    .replace(/^\s*\* ?/gm, "")
    .trim()
    .split(/\n\s*\n|\n?^@/m);
  const plain = paragraph.replace(/\s+/g, " ").replace(/\{@link ([\w.]+)\}/g, "`$1`");
  const [sentence] = /^.*?\.(?= [A-Z]|$)/.exec(plain) ?? [plain];
  return { name, kind: KINDS[match[1]], sentence };
}

const ENTRY_POINTS = [
  [
    "ts-socketserver",
    "src/index.ts",
    "Servers, mix-ins, handlers, errors and events, and the few names of `ts-socketserver/socket` that a server's program needs.",
  ],
  ["ts-socketserver/socket", "src/socket.ts", "Sockets, streams, errors, names and addresses, constants."],
  ["ts-socketserver/selectors", "src/selectors.ts", "Which of many sockets and servers are ready."],
  ["ts-socketserver/framing", "src/framing.ts", "What cuts a stream of bytes into messages."],
  [
    "ts-socketserver/transport",
    "src/transport.ts",
    "How bytes move. Experimental: these interfaces may change in any version.",
  ],
  ["ts-socketserver/servers", "src/servers/index.ts", "Servers that are ready to run."],
  ["ts-socketserver/clients", "src/clients/index.ts", "Clients and tools: what the command's own are made of."],
  ["ts-socketserver/testing", "src/testing/index.ts", "Helpers for tests."],
];

function reference() {
  const parts = [
    "# Reference\n",
    "Every public name, with the first sentence of its comment. The whole comment, with parameters, errors and an\nexample, is what an editor shows when you point at the name; it stands in `dist/*.d.ts` and in `src/`.\n",
    "Made by `node scripts/docs.mjs` from the sources.\n",
  ];
  for (const [entry, file, about] of ENTRY_POINTS) {
    const names = [...publicNames(join(root, file))];
    const described = names.map(([name, declaredIn]) => describe(name, declaredIn));
    described.sort((one, other) => (one.name < other.name ? -1 : 1));
    parts.push(`## ${entry}\n`, `${about}\n`);
    for (const kind of new Set(Object.values(KINDS))) {
      const rows = described.filter((item) => item.kind === kind);
      if (rows.length === 0) continue;
      parts.push(`### ${kind} of ${entry}\n`);
      parts.push(`${rows.map(({ name, sentence }) => `- \`${name}\`: ${sentence}`.trimEnd()).join("\n")}\n`);
    }
  }
  return `${parts.join("\n").trimEnd()}\n`;
}

// ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const docs = join(root, "docs");
const pages = readdirSync(docs).filter((name) => name.endsWith(".md") && name !== "reference.md");
const fresh = new Map([[join(docs, "reference.md"), reference()]]);
for (const page of [join(root, "README.md"), ...pages.map((name) => join(docs, name))]) {
  fresh.set(page, await render(page));
}
const stale = [...fresh].filter(([page, text]) => !existsSync(page) || read(page) !== text);
for (const [page, text] of stale) {
  if (check) console.error(`${relative(root, page)} is stale: run node scripts/docs.mjs`);
  else writeFileSync(page, text);
}
if (check && stale.length > 0) process.exitCode = 1;
