// How the subjects of one origin are run.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compiledExample } from "./compile.mjs";
import { firstLine, freePort, pythonWith } from "./programs.mjs";
import { ServerProcess } from "./server-process.mjs";

const folder = join(import.meta.dirname, "subjects");
export const script = (name) => join(folder, name);

/** What every server of connections can be. */
export const CONNECTIONS = ["echo", "once", "echo-lines", "lines", "idle"];

/** The program of examples/ that speaks Redis's protocol. */
export const REDIS_EXAMPLE = "36-redis";

/** Only "idle" is asked to collect its garbage. */
export function nodeOptions(kind) {
  return kind === "idle" ? ["--expose-gc"] : [];
}

/** Starts a subject and stops it: whether it runs here is best found out so. */
export async function tryOut(name, start) {
  const running = await ServerProcess.start(name, start);
  await running.stop();
}

const PROJECT_KINDS = [...CONNECTIONS, "udp", "redis", "shutdown", "fairness", "fairness-lines", "hash", "wait"];

/** The example, which prints where it listens. @returns {import("./server-process.mjs").Start} */
function redisExample(node, environment) {
  return {
    command: [node, compiledExample(REDIS_EXAMPLE), "127.0.0.1", "0"],
    environment,
    portIn(line) {
      const [, port] = /^Listening at 127\.0\.0\.1:(\d+)$/.exec(line) ?? [];
      return port === undefined ? undefined : Number(port);
    },
  };
}

/**
 * This project.
 *
 * @param {string} name
 * @param {string} title
 * @param {string} transport
 * @param {object} [more] further members of the subject, and:
 * @param {string} [more.model] how it serves
 * @param {object} [more.options] of the server
 * @param {Record<string, string>} [more.handlers] for kinds that it serves by another handler: that of this kind
 * @returns {import("./subjects.mjs").Subject}
 */
export function project(name, title, transport, more = {}) {
  const { model = "multiplexing", options = {}, handlers = {}, ...rest } = more;
  const environment = { SOCKETSERVER_TRANSPORT: transport };
  const server = (kind, { node }) => {
    if (kind === "redis") return redisExample(node, environment);
    const texts = [handlers[kind] ?? kind, model, JSON.stringify(options)];
    return { command: [node, ...nodeOptions(kind), script("ts-socketserver.mjs"), ...texts], environment };
  };
  return {
    name,
    title: `ts-socketserver, ${title}`,
    kinds: more.handlers === undefined ? PROJECT_KINDS : Object.keys(handlers),
    async prepare(tools) {
      await tryOut(name, server(model === "plain" ? "udp" : "echo", tools));
      const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "..", "package.json"), "utf8"));
      return `ts-socketserver ${version}`;
    },
    server,
    ...rest,
  };
}

/** Node's own modules. @returns {import("./subjects.mjs").Subject} */
export function node(name, kinds) {
  return {
    name,
    title: name.replace("-", ":"),
    kinds,
    prepare: async (tools) => `Node.js ${firstLine(tools.node, "--version")}`,
    server: (kind, tools) => {
      if (kind === "redis") return { command: [tools.node, script("redis-node-net.mjs")] };
      return { command: [tools.node, ...nodeOptions(kind), script(`${name}.mjs`), kind] };
    },
  };
}

/** The least that a handler which waits can cost. @returns {import("./subjects.mjs").Subject} */
export function asyncHandler(name, title, below, following) {
  return {
    name,
    title,
    floor: true,
    kinds: ["echo", "idle"],
    workloads: ["echo-50x64", "memory"],
    async prepare(tools) {
      await tryOut(name, this.server("echo", tools));
      return `Node.js ${firstLine(tools.node, "--version")}`;
    },
    server: (kind, tools) => ({
      command: [tools.node, ...nodeOptions(kind), script("async-handler.mjs"), below, following, kind],
    }),
  };
}

/** CPython's own servers. @returns {import("./subjects.mjs").Subject} */
export function python(name, title, kinds, file, ...texts) {
  return {
    name,
    title,
    kinds,
    prepare: async () => firstLine("python3", "--version"),
    server: (kind) => ({ command: ["python3", script(file), ...texts, kind] }),
  };
}

/** The streams of asyncio on uvloop, which is a package of its own. @returns {import("./subjects.mjs").Subject} */
export function uvloop(name, title, kinds) {
  let command = ["python3"];
  return {
    name,
    title,
    kinds,
    async prepare() {
      const { python: found, version } = pythonWith("uvloop");
      command = [found, script("python-asyncio.py"), "uvloop"];
      return version;
    },
    server: (kind) => ({ command: [...command, kind] }),
  };
}

/** The server whose protocol the example speaks. It is given a port, and keeps nothing on the disk. @returns {import("./subjects.mjs").Subject} */
export function redisServer(name, title) {
  let port = 0;
  return {
    name,
    title,
    kinds: ["redis"],
    async prepare() {
      const version = firstLine("redis-server", "--version");
      port = await freePort();
      return version;
    },
    server: () => ({
      command: ["redis-server", "--bind", "127.0.0.1", "--port", String(port), "--save", "", "--appendonly", "no"],
      portIn: (line) => (line.includes("Ready to accept connections") ? port : undefined),
    }),
  };
}
