// What is measured: servers that all do the same.

import { join } from "node:path";
import { compileGo, compileSubject } from "./compile.mjs";
import { firstLine } from "./programs.mjs";
import {
  asyncHandler,
  CONNECTIONS,
  node,
  nodeOptions,
  project,
  python,
  redisServer,
  script,
  tryOut,
  uvloop,
} from "./subject-makers.mjs";

/** The plain C servers: no server can be faster that makes the same system calls. */
export const LIMIT = "c-epoll";

/**
 * @typedef {object} Tools what subjects are run with
 * @property {string} directory for compiled programs
 * @property {string} node
 *
 * @typedef {object} Subject
 * @property {string} name
 * @property {string} title
 * @property {string[]} kinds
 *   of servers that it can be: echo, once, echo-lines, lines, idle, udp, redis, shutdown, fairness, fairness-lines, hash, wait
 * @property {string[]} [workloads] the only ones that it takes part in
 * @property {boolean} [floor] whether it shows what is possible at all, and is no server that one would write
 * @property {(tools: Tools) => Promise<string>} prepare
 *   gets it ready and returns its version. @throws Error saying why it cannot be measured here
 * @property {(kind: string, tools: Tools) => import("./server-process.mjs").Start} server
 */

/** Every subject, those beside each other whose ratio counts. @type {Subject[]} */
export const subjects = [
  {
    name: LIMIT,
    title: "C, epoll",
    floor: true,
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
  {
    name: "c-joined",
    title: "C, epoll, answers joined",
    floor: true,
    kinds: ["lines"],
    workloads: ["lines"],
    async prepare({ directory }) {
      compileSubject(directory, "c-epoll");
      return firstLine("cc", "--version");
    },
    server: (_kind, { directory }) => ({ command: [join(directory, "c-epoll"), "joined"] }),
  },
  project("native", "native", "native"),
  project("native-recv", "native, recv() and sendall()", "native", { handlers: { "echo-lines": "echo" } }),
  node("node-net", [...CONNECTIONS, "redis", "fairness", "fairness-lines"]),
  node("node-dgram", ["udp"]),
  project("node-transport", "Node", "node"),
  {
    name: "native-addon",
    title: "the addon alone",
    floor: true,
    kinds: ["echo", "udp", "idle"],
    async prepare(tools) {
      await tryOut("native-addon", this.server("echo", tools));
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
  project("native-timeout", "native, timeout = 5", "native", {
    handlers: { echo: "echo-timeout" },
    workloads: ["echo-50x64"],
  }),
  project("node-transport-timeout", "Node, timeout = 5", "node", {
    handlers: { echo: "echo-timeout" },
    workloads: ["echo-50x64"],
  }),
  project("native-into", "native, recvInto()", "native", {
    handlers: { echo: "echo-into" },
    workloads: ["echo-50x16k"],
  }),
  project("native-datagram-handler", "native, DatagramRequestHandler", "native", {
    handlers: { udp: "udp-file" },
    workloads: ["udp-64"],
  }),
  project("node-transport-datagram-handler", "Node, DatagramRequestHandler", "node", {
    handlers: { udp: "udp-file" },
    workloads: ["udp-64"],
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
  uvloop("python-uvloop", "Python, asyncio streams on uvloop", CONNECTIONS),
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
  redisServer("redis-server", "redis-server"),
];
