// What is measured: servers that all do the same.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compileGo, compileSubject } from "./compile.mjs";
import { ServerProcess } from "./server-process.mjs";

/** The plain C servers: no server can be faster. */
export const LIMIT = "c-epoll";

const folder = join(import.meta.dirname, "subjects");
const script = (name) => join(folder, name);

/**
 * @typedef {object} Tools what subjects are run with
 * @property {string} directory for compiled programs
 * @property {string} node
 *
 * @typedef {object} Subject
 * @property {string} name
 * @property {string} title
 * @property {string[]} kinds of servers that it can be: echo, once, lines, udp, idle, shutdown, fairness, hash, wait
 * @property {string[]} [workloads] the only ones that it takes part in
 * @property {(tools: Tools) => Promise<string>} prepare
 *   gets it ready and tells its version. @throws Error saying why it cannot be measured here
 * @property {(kind: string, tools: Tools) => { command: string[], environment?: Record<string, string> }} server
 */

const CONNECTIONS = ["echo", "once", "lines", "idle"];

/** The first line of what a program prints. @throws Error when it is not there */
function firstLine(program, ...texts) {
  try {
    return execFileSync(program, texts, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .trim()
      .split("\n")[0];
  } catch {
    throw new Error("not installed here");
  }
}

/** Only "idle" is asked to collect its garbage. */
function nodeOptions(kind) {
  return kind === "idle" ? ["--expose-gc"] : [];
}

/** @returns {Subject} */
function project(name, title, transport, more = {}) {
  const { model = "multiplexing", options = {}, ...rest } = more;
  const server = (kind, { node }) => ({
    command: [node, ...nodeOptions(kind), script("ts-socketserver.mjs"), kind, model, JSON.stringify(options)],
    environment: { SOCKETSERVER_TRANSPORT: transport },
  });
  return {
    name,
    title: `ts-socketserver, ${title}`,
    kinds: [...CONNECTIONS, "udp", "shutdown", "fairness", "hash", "wait"],
    async prepare(tools) {
      // Whether it runs here is best told by running it.
      const running = await ServerProcess.start(name, server(model === "plain" ? "udp" : "echo", tools));
      await running.stop();
      const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "..", "package.json"), "utf8"));
      return `ts-socketserver ${version}`;
    },
    server,
    ...rest,
  };
}

/** @returns {Subject} */
function node(name, kinds) {
  return {
    name,
    title: name.replace("-", ":"),
    kinds,
    prepare: async (tools) => `Node.js ${firstLine(tools.node, "--version")}`,
    server: (kind, tools) => ({ command: [tools.node, ...nodeOptions(kind), script(`${name}.mjs`), kind] }),
  };
}

/** The least that a handler which waits can cost. @returns {Subject} */
function asyncHandler(name, title, below, following) {
  return {
    name,
    title,
    kinds: ["echo", "idle"],
    workloads: ["echo-50x64", "memory"],
    async prepare(tools) {
      const running = await ServerProcess.start(name, this.server("echo", tools));
      await running.stop();
      return `Node.js ${firstLine(tools.node, "--version")}`;
    },
    server: (kind, tools) => ({
      command: [tools.node, ...nodeOptions(kind), script("async-handler.mjs"), below, following, kind],
    }),
  };
}

/** @returns {Subject} */
function python(name, title, kinds, file, ...texts) {
  return {
    name,
    title,
    kinds,
    prepare: async () => firstLine("python3", "--version"),
    server: (kind) => ({ command: ["python3", script(file), ...texts, kind] }),
  };
}

/** Every subject, those beside each other whose ratio counts. @type {Subject[]} */
export const subjects = [
  {
    name: LIMIT,
    title: "C, epoll",
    kinds: [...CONNECTIONS, "udp"],
    async prepare({ directory }) {
      compileSubject(directory, "c-epoll");
      compileSubject(directory, "c-datagrams");
      return firstLine("cc", "--version");
    },
    server(kind, { directory }) {
      if (kind === "udp") return { command: [join(directory, "c-datagrams")] };
      return { command: [join(directory, "c-epoll"), kind === "idle" ? "echo" : kind] };
    },
  },
  project("native", "native", "native"),
  node("node-net", [...CONNECTIONS, "fairness"]),
  node("node-dgram", ["udp"]),
  project("node-transport", "Node", "node"),
  {
    name: "native-addon",
    title: "the addon alone",
    kinds: ["echo", "udp", "idle"],
    async prepare(tools) {
      const running = await ServerProcess.start("native-addon", this.server("echo", tools));
      await running.stop();
      return `Node.js ${firstLine(tools.node, "--version")}`;
    },
    server: (kind, tools) => ({ command: [tools.node, ...nodeOptions(kind), script("native-addon.mjs"), kind] }),
  },
  asyncHandler("handler-addon", "an async handle() on the addon", "addon", "followed"),
  asyncHandler("handler-addon-unfollowed", "the same, not followed", "addon", "unfollowed"),
  asyncHandler("handler-node-net", "an async handle() on node:net", "node-net", "followed"),
  // What following the requests costs: docs/servers.md tells of the option.
  project("native-awaited", 'native, unhandledErrors: "end-process"', "native", {
    options: { unhandledErrors: "end-process" },
    workloads: ["echo-50x64"],
  }),
  project("node-transport-awaited", 'Node, unhandledErrors: "end-process"', "node", {
    options: { unhandledErrors: "end-process" },
    workloads: ["echo-50x64"],
  }),
  project("native-in-turn", "native, UDPServer", "native", { kinds: ["udp"], model: "plain" }),
  project("node-transport-in-turn", "Node, UDPServer", "node", { kinds: ["udp"], model: "plain" }),
  project("threading", "native, one thread", "native", {
    model: "threading",
    options: { threads: 1 },
    workloads: ["echo-50x64", "connect", "connect-reset"],
  }),
  project("threading-2", "native, two threads", "native", {
    model: "threading",
    options: { threads: 2 },
    workloads: ["hash"],
  }),
  project("forking-2", "native, two processes", "native", {
    model: "forking",
    options: { children: 2 },
    workloads: ["hash"],
  }),
  project("blocking-1", "native, one thread that blocks", "native", {
    model: "blocking",
    options: { threads: 1 },
    workloads: ["echo-1x64"],
  }),
  project("blocking-50", "native, 50 threads that block", "native", {
    model: "blocking",
    options: { threads: 50 },
    workloads: ["echo-50x64"],
  }),
  python("python-threading", "Python, ThreadingTCPServer", [...CONNECTIONS, "shutdown"], "python-socketserver.py"),
  python("python-udp", "Python, UDPServer", ["udp"], "python-socketserver.py"),
  python("python-asyncio", "Python, asyncio streams", CONNECTIONS, "python-asyncio.py", "asyncio"),
  {
    ...python("python-uvloop", "Python, asyncio streams on uvloop", CONNECTIONS, "python-asyncio.py", "uvloop"),
    prepare: async () => `uvloop ${firstLine("python3", "-c", "import uvloop; print(uvloop.__version__)")}`,
  },
  {
    name: "go",
    title: "Go",
    kinds: [...CONNECTIONS, "udp"],
    async prepare({ directory }) {
      const version = firstLine("go", "version");
      compileGo(directory);
      return version;
    },
    server: (kind, { directory }) => ({ command: [join(directory, "go-echo"), kind] }),
  },
  {
    name: "bun",
    title: "Bun",
    kinds: [...CONNECTIONS, "udp"],
    prepare: async () => `Bun ${firstLine("bun", "--version")}`,
    server: (kind) => ({ command: ["bun", script("bun.mjs"), kind] }),
  },
];
