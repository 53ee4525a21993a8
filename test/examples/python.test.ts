/**
 * The courses' clients in CPython against the servers here, and the clients here against the courses' servers in CPython.
 *
 * The Python is written anew, in the manner of the courses. What test/servers/ has of it already (greet, respond, json, objects,
 * http, select-echo, chat --room) is not repeated here.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAddress } from "ts-socketserver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PYTHON, PythonServer, python, runPython } from "../clients/programs.js";
import { RunningCommand } from "../support/running-command.js";
import { temporaryPath } from "../support/temporary-path.js";
import { checkEnd, checkExample, exitOf, portOf, startExample, whyNot } from "./examples.js";

const twins = ["", "-blocking"];

const BEGIN = `
import json, pickle, socket, sys
host, port = sys.argv[1], int(sys.argv[2])
`;

/** A client in Python, and what it is to print. */
interface PythonClient {
  readonly what: string;
  readonly source: string;
  readonly prints: string;
}

const hello: PythonClient = {
  what: "send() and recv(1024)",
  source: `
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.connect((host, port))
s.send("Hello, world".encode("utf-8"))
reply = s.recv(1024)
s.close()
print("got", reply)
`,
  prints: "got b'Hello, world'\n",
};

const listens: PythonClient = {
  what: "recv(1024) alone, three times",
  source: `
for turn in range(3):
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.connect((host, port))
    print(client.recv(1024).decode("ascii"), end="")
    client.close()
`,
  prints: "0. Hi new friend!\n1. Hi new friend!\n2. Hi new friend!\n",
};

const asks: PythonClient = {
  what: "sendto() to gethostbyname('localhost'), and recvfrom(2048)",
  source: `
target = (socket.gethostbyname("localhost"), port)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(100)
s.sendto("Good morning from Python".encode("ascii"), target)
reply, sender = s.recvfrom(2048)
print(reply.decode("utf-8"), sender == target)
`,
  prints: "Response for 127.0.0.1 True\n",
};

const mixedCase: PythonClient = {
  what: "bind() to the port 0, sendto() and recvfrom(1024)",
  source: `
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
s.settimeout(100)
print("mine:", s.getsockname()[1] >= 1024)
s.sendto(b"sOmE lEtTeRs", (host, port))
reply, sender = s.recvfrom(1024)
print(reply, sender == (host, port))
s.close()
`,
  prints: "mine: True\nb'SOME LETTERS' True\n",
};

const dictionary: PythonClient = {
  what: "json.dumps() and json.loads()",
  source: `
sent = {"name": "Zoë", "female": True, "marks": [1, 2.5, None]}
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
try:
    s.connect((host, port))
except socket.gaierror as error:
    sys.exit(f"no such host: {error}")
s.sendall(bytes(json.dumps(sent), "UTF-8"))
print(json.loads(s.recv(1024).decode("UTF-8")) == sent)
s.close()
`,
  prints: "True\n",
};

const pickled: PythonClient = {
  what: "pickle.dumps() and pickle.loads()",
  source: `
class Person:
    def __init__(self, name, age):
        self.name = name
        self.age = age
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.connect((host, port))
s.sendall(pickle.dumps(Person("Grace", 85)))
copy = pickle.loads(s.recv(1024))
print(type(copy).__name__, copy.name, copy.age)
s.close()
`,
  prints: "Person Grace 85\n",
};

const fragments: PythonClient = {
  what: "recv(1024) in a loop to the end",
  source: `
message = "".join(f"fragment {number}, " for number in range(1000)).encode()
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.connect((host, port))
s.sendall(message)
s.shutdown(socket.SHUT_WR)
pieces = []
while True:
    piece = s.recv(1024)
    if not piece:
        break
    pieces.append(piece)
print(len(pieces) > 10, b"".join(pieces) == message)
`,
  prints: "True True\n",
};

const calls: PythonClient = {
  what: "connect_ex(), recv_into(), settimeout(), setdefaulttimeout() and makefile()",
  source: `
socket.setdefaulttimeout(10.0)
with socket.socket() as s:
    print(s.gettimeout(), s.connect_ex((host, port)))
    print(s.send("Grüße".encode("utf-8")))
    room = bytearray(64)
    count = s.recv_into(room)
    print(count, room[:count].decode("utf-8"))
    s.settimeout(0.05)
    try:
        s.recv(1024)
    except socket.timeout:
        print("nothing came")
    s.settimeout(10)
    with s.makefile("rw", encoding="utf-8", newline="\\n") as file:
        file.write("a line\\n")
        file.flush()
        print(file.readline(), end="")
`,
  prints: "10.0 0\n7\n7 Grüße\nnothing came\na line\n",
};

const intoRoom: PythonClient = {
  what: "recvfrom_into()",
  source: `
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(100)
    s.sendto(b"into room", (host, port))
    room = bytearray(64)
    count, sender = s.recvfrom_into(room)
    print(bytes(room[:count]), sender == (host, port))
`,
  prints: "b'INTO ROOM' True\n",
};

const threeAtOnce: PythonClient = {
  what: "three sockets at once, instead of telnet",
  source: `
sockets = [socket.create_connection((host, port), timeout=100) for _ in range(3)]
files = [s.makefile("rw", newline="\\n") for s in sockets]
for index, word in ((2, "Hello"), (0, "Good morning"), (1, "Salaam"), (2, "Bye")):
    print(word, file=files[index], flush=True)
    print(index, files[index].readline().strip())
`,
  prints: "2 Hello Ali\n0 Good morning Ali\n1 Salaam Ali\n2 Bye Ali\n",
};

/** Runs clients in one Python, one after the other, and checks what each prints. */
async function checkClients(port: number, clients: readonly PythonClient[]): Promise<void> {
  const program = clients.flatMap(({ what, source }) => [`print(${JSON.stringify(`# ${what}`)})`, source]).join("\n");
  const prints = clients.map(({ what, prints }) => `# ${what}\n${prints}`).join("");
  expect(await runPython(BEGIN + program, "127.0.0.1", port)).toBe(prints);
}

function listed(clients: readonly PythonClient[]): string {
  return clients.map(({ what }) => what).join("; ");
}

describe.skipIf(python.missing).concurrent(`The courses' clients in CPython${python.reason}`, () => {
  for (const [name, clients, ...args] of [
    ["09-hello-server", [hello, fragments]],
    ["10-greet-server", [listens]],
    ["19-udp-server", [asks]],
    ["20-upper-udp-server", [mixedCase, intoRoom]],
    ["21-json-server", [dictionary, pickled]],
    ["34-name-server", [threeAtOnce], "Ali"],
  ] as const) {
    for (const twin of twins) {
      const server = `${name}${twin}`;
      const reason = whyNot(server);
      it.skipIf(reason !== "")(`are served by examples/${server}: ${listed(clients)}${reason}`, async () => {
        await using running = startExample(server, ...args, "127.0.0.1", 0);
        await checkClients(await portOf(running), clients);
        expect(running.stderr).toBe("");
      });
    }
  }

  for (const [command, clients] of [
    ["echo --tcp", [hello, fragments, pickled, calls]],
    ["upper --udp", [mixedCase, intoRoom]],
    ["name --name Ali --tcp", [threeAtOnce]],
  ] as const) {
    it(`are served by socketserver ${command.replace(/ --\w+$/, "")}: ${listed(clients)}`, async () => {
      await using running = RunningCommand.start(...command.split(" "), "127.0.0.1:0");
      const [, port] = parseAddress((await running.started()).serverAddress);
      await checkClients(port, clients);
    });
  }

  it("are served by socketserver http: GET, with a version and the host, and one recv(1024)", async () => {
    const folder = temporaryPath();
    mkdirSync(folder);
    writeFileSync(join(folder, "index.html"), "<h1>Welcome</h1>\n");
    await using running = RunningCommand.start("http", "--tcp", "127.0.0.1:0", "--root", folder);
    const [, port] = parseAddress((await running.started()).serverAddress);
    const output = await runPython(
      `${BEGIN}
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
try:
    s.connect((host, port))
    s.sendall("GET / HTTP/1.1\\r\\nHost: {}\\r\\n\\r\\n".format(host).encode("ascii"))
    reply = s.recv(1024).decode("ascii")
    print(reply.splitlines()[0])
    print(reply.split("\\r\\n\\r\\n")[1], end="")
except socket.error as error:
    sys.exit(f"connection error: {error}")
finally:
    s.close()
`,
      "127.0.0.1",
      port,
    );
    expect(output).toBe("HTTP/1.1 200 OK\n<h1>Welcome</h1>\n");
  });
});

/** All of the courses' servers in one Python, each in a thread: it prints their ports, in the order of its arguments. */
const SERVERS = `
import http.server, json, socket, sys, threading

def echo(s):
    while True:
        connection, address = s.accept()
        with connection:
            while True:
                data = connection.recv(1024)
                if not data:
                    break
                connection.sendall(data)

def greet(s):
    count = 0
    while True:
        connection, address = s.accept()
        connection.send("{}. Hi new friend!\\n".format(count).encode("ascii"))
        connection.close()
        count += 1

def name(s):
    def serve(connection):
        with connection, connection.makefile("rw", newline="\\n") as file:
            for line in file:
                print(line.strip(), "Ali", file=file, flush=True)
    while True:
        connection, address = s.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()

def respond(s):
    while True:
        data, address = s.recvfrom(2048)
        s.sendto("Response for {}".format(address[0]).encode("utf-8"), address)

def upper(s):
    while True:
        data, address = s.recvfrom(2048)
        s.sendto(data.upper(), address)

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = f"<p>{self.path}</p>\\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)
    def log_message(self, *args):
        pass

def start(kind):
    if kind == "web":
        server = http.server.HTTPServer(("127.0.0.1", 0), Page)
        target, args, port = server.serve_forever, (), server.server_address[1]
    else:
        datagrams = kind in ("respond", "upper")
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM)
        s.bind(("127.0.0.1", 0))
        if not datagrams:
            s.listen(5)
        target, args, port = globals()[kind], (s,), s.getsockname()[1]
    threading.Thread(target=target, args=args, daemon=True).start()
    return port

print(json.dumps([start(kind) for kind in sys.argv[1:]]))
threading.Event().wait()
`;

/** The clients that the servers serve: each client has a server to itself. */
const served = [
  { client: "09-hello-client", kind: "echo", what: "an echo of one client after the other" },
  { client: "10-greet-client", kind: "greet", what: "a greeting with a number" },
  { client: "19-udp-client", kind: "respond", what: "a response to a datagram" },
  { client: "20-upper-udp-client", kind: "upper", what: "a datagram in capitals" },
  { client: "21-json-client", kind: "echo", what: "an echo of JSON" },
  { client: "22-object-client", kind: "echo", what: "an echo of objects" },
  { client: "34-name-client", kind: "name", what: "a name, in threads" },
  { client: "23-web-client", kind: "web", what: "a page of http.server" },
].flatMap(({ client, kind, what }) => twins.map((twin) => ({ client: client + twin, kind, what })));

/** What the clients of the web print of that page. */
const ofThePage: Readonly<Record<string, readonly string[]>> = {
  "23-web-client": [
    "HTTP/1.0 200 OK",
    "Content-Type: text/html",
    "Content-Length: 15",
    "the page: <p>/a/page</p> ... 15 bytes",
    "the same with the library: 200 OK, 15 bytes",
  ],
  "23-web-client-blocking": ["HTTP/1.0 200 OK", "the page: <p>/a/page</p> ... 15 bytes"],
};

describe.skipIf(python.missing).concurrent(`The courses' servers in CPython${python.reason}`, () => {
  let servers: PythonServer;
  let ports: readonly number[] = [];
  beforeAll(async () => {
    servers = await PythonServer.start(SERVERS, ...served.map(({ kind }) => kind));
    ports = JSON.parse(servers.line);
  });
  afterAll(() => servers[Symbol.asyncDispose]());

  for (const [index, { client, kind, what }] of served.entries()) {
    const reason = whyNot(client);
    it.skipIf(reason !== "")(`serve examples/${client}: ${what}${reason}`, async () => {
      const port = Number(ports[index]);
      const page = ofThePage[client];
      if (page !== undefined) {
        await using running = startExample(client, "127.0.0.1", port, "/a/page");
        expect(await exitOf(running)).toEqual({ code: 0, signal: null });
        expect([running.stdout, running.stderr]).toEqual([`${page.join("\n")}\n`, ""]);
      } else if (kind === "name") {
        await using running = startExample(client, "127.0.0.1", port);
        running.type("Hello\nGood morning\n");
        running.endInput();
        await checkEnd(client, running);
      } else {
        await checkExample(client, "127.0.0.1", port);
      }
    });
  }
});

const CHAT = `
import socket, sys
def talk(connection, name, lines, begins):
    file = connection.makefile("rw", encoding="utf-8", newline="\\n")
    print(name, file=file, flush=True)
    other = file.readline().strip()
    mine = begins
    while True:
        if mine:
            if not lines:
                connection.shutdown(socket.SHUT_WR)
                return
            text = lines.pop(0)
            print(text, file=file, flush=True)
            print(f"{name}: {text}")
        else:
            text = file.readline()
            if not text:
                return
            print(f"{other}: {text.strip()}")
        mine = not mine
`;

describe.skipIf(python.missing).concurrent(`The chat in CPython${python.reason}`, () => {
  const said = "Ben: Good morning, Ana.\nAna: Good morning! How are you?\nBen: Fine. I have to go.\nAna: Goodbye.\n";

  for (const twin of twins) {
    const reason = whyNot(`35-chat${twin}`);

    it.skipIf(reason !== "")(`calls examples/35-chat${twin}${reason}`, async () => {
      await using ana = startExample(`35-chat${twin}`, "wait", "Ana", "127.0.0.1", 0);
      ana.type("Good morning! How are you?\nGoodbye.\n");
      const output = await runPython(
        `${CHAT}
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=100)
talk(connection, "Ben", ["Good morning, Ana.", "Fine. I have to go."], True)
`,
        "127.0.0.1",
        await portOf(ana),
      );
      expect(output).toBe(said);
      expect(await exitOf(ana)).toEqual({ code: 0, signal: null });
      expect(ana.stdout).toContain(`Ben is there\n${said}Ben has left\n`);
    });

    it.skipIf(reason !== "")(`is called by examples/35-chat${twin}${reason}`, async () => {
      const source = `${CHAT}
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])
connection, address = s.accept()
talk(connection, "Ana", ["Good morning! How are you?", "Goodbye."], False)
`;
      await using ana = RunningCommand.startProgram(PYTHON, "-u", "-c", source);
      const [, port = ""] = await ana.output(/^(\d+)$/m);
      await using ben = startExample(`35-chat${twin}`, "call", "Ben", "127.0.0.1", port);
      ben.type("Good morning, Ana.\nFine. I have to go.\n");
      ben.endInput();
      expect(await Promise.all([exitOf(ana), exitOf(ben)])).toEqual(Array(2).fill({ code: 0, signal: null }));
      expect([ana.stdout, ben.stdout]).toEqual([`${port}\n${said}`, `Ana is there\n${said}`]);
    });
  }

  it("calls socketserver chat", async () => {
    await using ana = RunningCommand.start("chat", "--name", "Ana", "--tcp", "127.0.0.1:0");
    ana.type("Good morning! How are you?\nGoodbye.\n");
    const [, port = ""] = await ana.output(/127\.0\.0\.1:(\d+)/);
    const output = await runPython(
      `${CHAT}
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=100)
talk(connection, "Ben", ["Good morning, Ana.", "Fine. I have to go."], True)
`,
      "127.0.0.1",
      port,
    );
    expect(output).toBe(said);
    expect(await exitOf(ana)).toEqual({ code: 0, signal: null });
    expect(ana.stdout).toContain(said);
  });
});
