import {
  type Address,
  AF_INET,
  AF_UNIX,
  createConnection,
  isInetAddress,
  MultiplexingUDPServer,
  MultiplexingUnixDatagramServer,
  nativeTransport,
  SHUT_WR,
  SOCK_DGRAM,
  Socket,
  UDPServer,
  UnixDatagramServer,
} from "ts-socketserver";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { serveWith } from "../robustness/support.js";
import { receiveBytes } from "../socket/subjects.js";
import { DatagramEcho, Echo } from "../support/handlers.js";
import { streamSubjects } from "../support/subjects.js";
import { temporaryPath } from "../support/temporary-path.js";
import { PythonServer, python, runPython } from "./programs.js";

const connect = `
import socket, sys
if sys.argv[1].startswith("/"):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
else:
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
`;

function addressArguments(address: Address): (string | number)[] {
  return isInetAddress(address) ? [address[0], address[1]] : [address];
}

for (const subject of streamSubjects) {
  const named = `${subject.name} on the ${subject.transport} transport`;

  describe.skipIf(python.missing)(`CPython's socket and ${named}${python.reason}`, () => {
    it("exchanges lines by way of CPython's makefile()", async () => {
      await using running = await serve(new subject.ServerClass(subject.makeAddress(), Echo));
      const output = await runPython(
        `${connect}
with s, s.makefile("rw", encoding="utf-8", newline="\\n") as file:
    for word in ("hello", "wörld", ""):
        print(word, file=file, flush=True)
        print(repr(file.readline()))
    s.shutdown(socket.SHUT_WR)
    print(repr(file.read()))
`,
        ...addressArguments(running.address),
      );
      expect(output).toBe("'hello\\n'\n'wörld\\n'\n'\\n'\n''\n");
    });

    it("sends 8 MB with sendall() and half-closes, and gets them all back", async () => {
      await using running = await serve(new subject.ServerClass(subject.makeAddress(), Echo));
      const output = await runPython(
        `${connect}
import hashlib, threading
data = b"".join(b"%0127d\\n" % i for i in range(65_536))
def send():
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
sender = threading.Thread(target=send)
sender.start()
received = hashlib.sha256()
size = 0
while chunk := s.recv(65536):
    received.update(chunk)
    size += len(chunk)
sender.join()
print(size, received.digest() == hashlib.sha256(data).digest())
`,
        ...addressArguments(running.address),
      );
      expect(output).toBe("8388608 True\n");
    });

    it("breaks off in the middle of a line, and the next client is served", async () => {
      await using running = await serveWith(subject, Echo);
      const where = addressArguments(running.address);
      await runPython(`${connect}\ns.sendall(b"half a li")\ns.close()`, ...where);
      expect(await runPython(`${connect}\ns.sendall(b"x\\n")\nprint(s.recv(10))`, ...where)).toBe("b'x\\n'\n");
    });
  });
}

for (const ServerClass of [UDPServer, MultiplexingUDPServer]) {
  describe.skipIf(python.missing)(`CPython's socket and ${ServerClass.name}${python.reason}`, () => {
    it("gets each datagram back from the address that it was sent to", async () => {
      await using running = await serve(new ServerClass(["127.0.0.1", 0], DatagramEcho));
      const output = await runPython(
        `
import socket, sys
address = (sys.argv[1], int(sys.argv[2]))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for data in (b"one\\n", b"two\\n", b"x" * 8192):
    s.sendto(data, address)
    answer, sender = s.recvfrom(65535)
    print(answer == data, sender == address)
`,
        ...addressArguments(running.address),
      );
      expect(output).toBe("True True\n".repeat(3));
    });
  });
}

const pythonHandler = `
import socketserver, sys
class Upper(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())
`;

describe.skipIf(python.missing)(`Socket and CPython's socketserver${python.reason}`, () => {
  it("talks with a ThreadingTCPServer, several connections at once", async () => {
    await using server = await PythonServer.start(`${pythonHandler}
class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
with Server(("127.0.0.1", 0), Upper) as server:
    print(server.server_address[1])
    server.serve_forever()
`);
    const address: Address = ["127.0.0.1", Number(server.line)];
    await using one = await createConnection(address);
    await using other = await createConnection(address);
    await other.sendall("second\n");
    expect(String(await other.recv(100))).toBe("SECOND\n");
    await one.sendall("first\nand more\n");
    await one.shutdown(SHUT_WR);
    expect(String(await receiveBytes(one, 100))).toBe("FIRST\nAND MORE\n");
  });

  it("reads and writes lines of a ThreadingUnixStreamServer by way of makefile()", async () => {
    const path = `${streamSubjects.find(({ name }) => name === "UnixStreamServer")?.makeAddress()}`;
    await using _server = await PythonServer.start(
      `${pythonHandler}
class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
with Server(sys.argv[1], Upper) as server:
    print("serving")
    server.serve_forever()
`,
      path,
    );
    await using socket = await createConnection(path);
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
    await using server = await PythonServer.start(`
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)
class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
with Server(("127.0.0.1", 0), Echo) as server:
    print(server.server_address[1])
    server.serve_forever()
`);
    const sent = Buffer.from(Uint32Array.from({ length: 2 * 1024 * 1024 }, (_, index) => index).buffer);
    await using socket = await createConnection(["127.0.0.1", Number(server.line)]);
    const [received] = await Promise.all([
      receiveBytes(socket, sent.length),
      socket.sendall(sent).then(() => socket.shutdown(SHUT_WR)),
    ]);
    expect(received.equals(sent)).toBe(true);
    expect(await socket.recv(1)).toHaveLength(0);
  });

  it("exchanges datagrams with a UDPServer", async () => {
    await using server = await PythonServer.start(`
import socketserver
class Upper(socketserver.DatagramRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.read().upper())
with socketserver.UDPServer(("127.0.0.1", 0), Upper) as server:
    print(server.server_address[1])
    server.serve_forever()
`);
    const address: Address = ["127.0.0.1", Number(server.line)];
    await using socket = new Socket(AF_INET, SOCK_DGRAM);
    for (const word of ["one", "two"]) {
      await socket.sendto(word, address);
      const [data, sender] = await socket.recvfrom(100);
      expect([String(data), sender]).toEqual([word.toUpperCase(), address]);
    }
  });
});

const noUnixDatagrams =
  nativeTransport === null ? " (skipped: Unix datagrams need the native transport)" : python.reason;

describe.skipIf(nativeTransport === null || python.missing)(`Unix datagrams and CPython${noUnixDatagrams}`, () => {
  for (const ServerClass of [UnixDatagramServer, MultiplexingUnixDatagramServer]) {
    it(`reach a ${ServerClass.name} from CPython's socket, bound to a path, an abstract name, and one that Linux gives`, async () => {
      await using running = await serve(new ServerClass(temporaryPath(), DatagramEcho));
      const output = await runPython(
        `
import socket, sys
for name in (sys.argv[2], "\\0" + sys.argv[2], ""):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(name)
        for word in (b"one", b"x" * 8192):
            s.sendto(word, sys.argv[1])
            print(s.recvfrom(10_000) == (word, sys.argv[1]))
`,
        String(running.address),
        temporaryPath(),
      );
      expect(output).toBe("True\n".repeat(6));
    });
  }

  it("reach CPython's UnixDatagramServer, and its answers come back", async () => {
    const path = temporaryPath();
    await using _server = await PythonServer.start(
      `
import socketserver, sys
class Upper(socketserver.DatagramRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.read().upper())
with socketserver.UnixDatagramServer(sys.argv[1], Upper) as server:
    print("serving")
    server.serve_forever()
`,
      path,
    );
    await using socket = new Socket(AF_UNIX, SOCK_DGRAM);
    await socket.bind("");
    for (const word of ["one", "two"]) {
      await socket.sendto(word, path);
      expect(await socket.recvfrom(100)).toEqual([Buffer.from(word.toUpperCase()), path, false]);
    }
  });
});
