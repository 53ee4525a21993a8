/** CPython's clients and our servers, and our clients and CPython's servers. */

import {
  type Address,
  AF_INET,
  AF_UNIX,
  type BaseServer,
  createConnection,
  MultiplexingUDPServer,
  MultiplexingUnixDatagramServer,
  Socket,
  UDPServer,
  UnixDatagramServer,
} from "ts-socketserver";
import { SHUT_WR, SOCK_DGRAM } from "ts-socketserver/socket";
import { type RunningServer, serve } from "ts-socketserver/testing";
import { nativeTransport } from "ts-socketserver/transport";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveWith } from "../robustness/support.js";
import { receiveBytes } from "../socket/subjects.js";
import { DatagramEcho, Echo } from "../support/handlers.js";
import { streamSubjects } from "../support/subjects.js";
import { temporaryPath } from "../support/temporary-path.js";
import { PYTHON, PythonServer, python, run } from "./programs.js";

/** What CPython's clients do with each server, one after the other in one process: what a test costs is the start of it. */
const CLIENTS = `
import hashlib, json, socket, sys, threading, traceback

def connect(address):
    if isinstance(address, str):
        s = socket.socket(socket.AF_UNIX)
        s.connect(address)
    else:
        s = socket.create_connection(tuple(address))
    s.settimeout(60)
    return s

def makefile(address):
    with connect(address) as s, s.makefile("rw", encoding="utf-8", newline="\\n") as file:
        answers = []
        for word in ("hello", "w\u00f6rld", ""):
            print(word, file=file, flush=True)
            answers.append(file.readline())
        s.shutdown(socket.SHUT_WR)
        return answers + [file.read()]

data = b"".join(b"%016383d\\n" % i for i in range(512))
digest = hashlib.sha256(data).digest()

def sendall(address):
    with connect(address) as s:
        def send():
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        received = hashlib.sha256()
        size = 0
        while chunk := s.recv(65536):
            received.update(chunk)
            size += len(chunk)
        sender.join()
        return [size, received.digest() == digest]

def break_off(address):
    with connect(address) as s:
        s.sendall(b"half a li")
    with connect(address) as s:
        s.sendall(b"x\\n")
        return s.recv(10).decode()

def datagrams(address):
    address = tuple(address)
    answers = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(60)
        for data in (b"one\\n", b"two\\n", b"x" * 8192):
            s.sendto(data, address)
            answer, sender = s.recvfrom(65535)
            answers.append([answer == data, sender == address])
    return answers

def unix_datagrams(address):
    path, own = address
    answers = []
    for name in (own, "\\0" + own, ""):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.settimeout(60)
            s.bind(name)
            for word in (b"one", b"x" * 8192):
                s.sendto(word, path)
                answers.append(s.recvfrom(10_000) == (word, path))
    return answers

def outcome(name, address):
    try:
        return globals()[name](address)
    except Exception:
        return traceback.format_exc()

print(json.dumps([outcome(*case) for case in json.load(sys.stdin)]))
`;

/** One thing that CPython does with a server. */
interface Case {
  readonly title: string;
  readonly client: "makefile" | "sendall" | "break_off" | "datagrams" | "unix_datagrams";
  readonly expected: unknown;
}

const STREAM_CASES: readonly Case[] = [
  {
    title: "exchanges lines by way of CPython's makefile()",
    client: "makefile",
    expected: ["hello\n", "wörld\n", "\n", ""],
  },
  {
    title: "sends 8 MB with sendall() and half-closes, and gets them all back",
    client: "sendall",
    expected: [8 * 1024 * 1024, true],
  },
  {
    title: "breaks off in the middle of a line, and the next client is served",
    client: "break_off",
    expected: "x\n",
  },
];

const DATAGRAM_CASES: readonly Case[] = [
  {
    title: "gets each datagram back from the address that it was sent to",
    client: "datagrams",
    expected: [
      [true, true],
      [true, true],
      [true, true],
    ],
  },
];

const UNIX_DATAGRAM_CASES: readonly Case[] = [
  {
    title: "reaches it bound to a path, an abstract name, and one that Linux gives",
    client: "unix_datagrams",
    expected: Array(6).fill(true),
  },
];

/** A server, and what CPython does with it. */
interface Served {
  readonly name: string;
  readonly cases: readonly Case[];
  serve(): Promise<RunningServer<BaseServer>>;
  /** What the client is given. */
  where(address: Address): unknown;
}

const served: readonly Served[] = [
  ...streamSubjects.map((subject) => ({
    name: `${subject.name} on the ${subject.transport} transport`,
    cases: STREAM_CASES,
    serve: () => serveWith(subject, Echo),
    where: (address: Address) => address,
  })),
  ...[UDPServer, MultiplexingUDPServer].map((ServerClass) => ({
    name: ServerClass.name,
    cases: DATAGRAM_CASES,
    serve: () => serve(new ServerClass(["127.0.0.1", 0], DatagramEcho)),
    where: (address: Address) => address,
  })),
  ...(nativeTransport === null ? [] : [UnixDatagramServer, MultiplexingUnixDatagramServer]).map((ServerClass) => ({
    name: ServerClass.name,
    cases: UNIX_DATAGRAM_CASES,
    serve: () => serve(new ServerClass(temporaryPath(), DatagramEcho)),
    where: (address: Address) => [address, temporaryPath()],
  })),
];

describe.skipIf(python.missing)(`CPython's socket${python.reason}`, () => {
  const running: RunningServer<BaseServer>[] = [];
  const outcomes = new Map<string, unknown>();

  beforeAll(async () => {
    const all: { key: string; run: unknown }[] = [];
    for (const { name, cases, serve, where } of served) {
      const server = await serve();
      running.push(server);
      for (const { client } of cases) all.push({ key: `${name} ${client}`, run: [client, where(server.address)] });
    }
    const output: unknown[] = JSON.parse(await run(PYTHON, ["-c", CLIENTS], JSON.stringify(all.map((one) => one.run))));
    for (const [index, { key }] of all.entries()) outcomes.set(key, output[index]);
  }, 120_000);
  afterAll(async () => {
    for (const server of running) await server.close();
  });

  describe.each(served)("and $name", ({ name, cases }) => {
    it.each(cases)("$title", ({ client, expected }) => {
      expect(outcomes.get(`${name} ${client}`)).toEqual(expected);
    });
  });
});

/** CPython's servers, each in a thread of one process. */
const SERVERS = `
import json, socketserver, sys, threading

class Upper(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)

class UpperDatagrams(socketserver.DatagramRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.read().upper())

socketserver.ThreadingMixIn.daemon_threads = True
here = ("127.0.0.1", 0)
paths = sys.argv[1:]
servers = {
    "upper": socketserver.ThreadingTCPServer(here, Upper),
    "echo": socketserver.ThreadingTCPServer(here, Echo),
    "datagrams": socketserver.UDPServer(here, UpperDatagrams),
    "unix": socketserver.ThreadingUnixStreamServer(paths[0], Upper),
    "unixDatagrams": socketserver.UnixDatagramServer(paths[1], UpperDatagrams),
}
threads = [threading.Thread(target=server.serve_forever) for server in servers.values()]
for thread in threads:
    thread.start()
print(json.dumps({name: server.server_address for name, server in servers.items()}))
`;

describe.skipIf(python.missing)(`Socket and CPython's socketserver${python.reason}`, () => {
  let process: PythonServer;
  let addresses: Record<"upper" | "echo" | "datagrams", readonly [string, number]> &
    Record<"unix" | "unixDatagrams", string>;
  beforeAll(async () => {
    process = await PythonServer.start(SERVERS, temporaryPath(), temporaryPath());
    addresses = JSON.parse(process.line);
  });
  afterAll(async () => {
    await process[Symbol.asyncDispose]();
  });

  it("talks with a ThreadingTCPServer, several connections at once", async () => {
    await using one = await createConnection(addresses.upper);
    await using other = await createConnection(addresses.upper);
    await other.sendall("second\n");
    expect(String(await other.recv(100))).toBe("SECOND\n");
    await one.sendall("first\nand more\n");
    await one.shutdown(SHUT_WR);
    expect(String(await receiveBytes(one, 100))).toBe("FIRST\nAND MORE\n");
  });

  it("reads and writes lines of a ThreadingUnixStreamServer by way of makefile()", async () => {
    await using socket = await createConnection(addresses.unix);
    await using file = socket.makefile("rw", { newline: "\n" });
    for (const [word, answer] of [
      ["hello\n", "HELLO\n"],
      // Python's bytes.upper() knows ASCII only.
      ["wörld\n", "WöRLD\n"],
    ] as const) {
      await file.write(word);
      await file.flush();
      expect(await file.readline()).toBe(answer);
    }
  });

  it("carries 8 MB to a ThreadingTCPServer and back", async () => {
    const sent = Buffer.from(Uint32Array.from({ length: 2 * 1024 * 1024 }, (_, index) => index).buffer);
    await using socket = await createConnection(addresses.echo);
    const [received] = await Promise.all([
      receiveBytes(socket, sent.length),
      socket.sendall(sent).then(() => socket.shutdown(SHUT_WR)),
    ]);
    expect(received.equals(sent)).toBe(true);
    expect(await socket.recv(1)).toHaveLength(0);
  });

  it("exchanges datagrams with a UDPServer", async () => {
    await using socket = new Socket(AF_INET, SOCK_DGRAM);
    for (const word of ["one", "two"]) {
      await socket.sendto(word, addresses.datagrams);
      const [data, sender] = await socket.recvfrom(100);
      expect([String(data), sender]).toEqual([word.toUpperCase(), addresses.datagrams]);
    }
  });

  const unless = nativeTransport === null ? " (skipped: Unix datagrams need the native transport)" : "";
  it.skipIf(unless !== "")(`exchanges datagrams with a UnixDatagramServer${unless}`, async () => {
    await using socket = new Socket(AF_UNIX, SOCK_DGRAM);
    await socket.bind("");
    for (const word of ["one", "two"]) {
      await socket.sendto(word, addresses.unixDatagrams);
      expect(await socket.recvfrom(100)).toEqual([Buffer.from(word.toUpperCase()), addresses.unixDatagrams, false]);
    }
  });
});
