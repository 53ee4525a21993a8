import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createConnection } from "ts-socketserver";
import { converse, converseInDatagrams, httpGet } from "ts-socketserver/clients";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AF_INET, SOCK_DGRAM, Socket } from "../../dist/socket.js";
import { pattern } from "../socket/subjects.js";
import { RunningCommand } from "../support/running-command.js";
import { temporaryPath } from "../support/temporary-path.js";
import { PythonServer, python } from "./programs.js";

/** CPython's servers, each in a thread of one process. */
const SERVERS = `
import http.server, json, socketserver, sys, threading

class Web(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args):
        super().__init__(*args, directory=sys.argv[1])
    def do_GET(self):
        if self.path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for word in (b"one, ", b"two, ", b"three"):
                self.wfile.write(b"%x\\r\\n%s\\r\\n" % (len(word), word))
            self.wfile.write(b"0\\r\\n\\r\\n")
        elif self.path == "/broken":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
        else:
            super().do_GET()
    def log_message(self, *args):
        pass

class Web11(Web):
    protocol_version = "HTTP/1.1"

class Upper(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())

class UpperDatagrams(socketserver.BaseRequestHandler):
    def handle(self):
        data, socket = self.request
        socket.sendto(data.upper(), self.client_address)

socketserver.ThreadingMixIn.daemon_threads = True
here = ("127.0.0.1", 0)
servers = {
    "HTTP/1.0": http.server.ThreadingHTTPServer(here, Web),
    "HTTP/1.1": http.server.ThreadingHTTPServer(here, Web11),
    "upper": socketserver.ThreadingTCPServer(here, Upper),
    "datagrams": socketserver.UDPServer(here, UpperDatagrams),
}
for server in servers.values():
    threading.Thread(target=server.serve_forever).start()
print(json.dumps({name: server.server_address[1] for name, server in servers.items()}))
`;

const folder = temporaryPath();
mkdirSync(folder);
const big = pattern(3 * 1024 * 1024);
writeFileSync(join(folder, "page.html"), "<p>hello</p>\n");
writeFileSync(join(folder, "big.bin"), big);

let servers: PythonServer;
let ports: Record<"HTTP/1.0" | "HTTP/1.1" | "upper" | "datagrams", number>;
beforeAll(async () => {
  if (python.missing) return;
  servers = await PythonServer.start(SERVERS, folder);
  ports = JSON.parse(servers.line);
});
afterAll(async () => {
  if (!python.missing) await servers[Symbol.asyncDispose]();
});

describe.skipIf(python.missing).each(["HTTP/1.0", "HTTP/1.1"] as const)(
  `CPython's http.server, speaking %s${python.reason}`,
  (version) => {
    let base = "";
    beforeAll(() => {
      base = `http://127.0.0.1:${ports[version]}`;
    });

    it("gives httpGet() a page, with its headers", async () => {
      await using response = await httpGet(`${base}/page.html`);
      expect([response.version, response.status, response.reason]).toEqual([version.slice(5), 200, "OK"]);
      expect(response.header("content-type")).toBe("text/html");
      expect(String(await response.read())).toBe("<p>hello</p>\n");
    });

    it("gives httpGet() 3 MB, and the headers alone to HEAD", async () => {
      await using response = await httpGet(`${base}/big.bin`);
      expect((await response.read()).equals(big)).toBe(true);
      await using head = await httpGet(`${base}/big.bin`, { method: "HEAD" });
      expect([head.header("content-length"), (await head.read()).length]).toEqual([String(big.length), 0]);
    });

    it("gives httpGet() what it sends in chunks", async () => {
      await using response = await httpGet(`${base}/chunked`);
      // Before 1.1 there were none, but the header says what it says.
      expect(String(await response.read())).toBe("one, two, three");
    });
  },
);

/** What `socketserver fetch` prints, and how it ends. */
async function fetched(...args: string[]) {
  await using command = RunningCommand.start("fetch", ...args);
  const { code } = await command.exit;
  return { code, stdout: command.stdout, stderr: command.stderr };
}

describe.skipIf(python.missing)(`socketserver fetch and CPython's http.server${python.reason}`, () => {
  it("prints a page, and with -i its head", async () => {
    const page = await fetched(`http://127.0.0.1:${ports["HTTP/1.1"]}/page.html`);
    expect(page).toEqual({ code: 0, stdout: "<p>hello</p>\n", stderr: "" });
    const { stdout } = await fetched("-i", `http://127.0.0.1:${ports["HTTP/1.0"]}/page.html`);
    expect(stdout).toMatch(/^HTTP\/1\.0 200 OK\r\nServer: SimpleHTTP.*\r\n\r\n<p>hello<\/p>\n$/s);
  });

  it("ends with 4 where there is no page, and with 1 where there is half a one", async () => {
    const base = `http://127.0.0.1:${ports["HTTP/1.0"]}`;
    expect(await fetched(`${base}/nosuch`)).toMatchObject({ code: 4, stderr: "" });
    const broken = await fetched(`${base}/broken`);
    expect(broken).toMatchObject({ code: 1, stdout: "half" });
    expect(broken.stderr).toMatch(/^socketserver: .*96 of 100 bytes are missing.*\n$/);
  });
});

describe.skipIf(python.missing)(`CPython's socketserver${python.reason}`, () => {
  it("answers converse() line by line, to the end", async () => {
    await using socket = await createConnection(["127.0.0.1", ports.upper]);
    let replies = "";
    const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}\n`).join("");
    const conversation = await converse(socket, [Buffer.from(lines)], (reply) => {
      replies += reply;
    });
    expect(conversation).toEqual({ sent: lines.length, received: lines.length });
    expect(replies).toBe(lines.toUpperCase());
  });

  it("answers socketserver connect tcp from a pipe", async () => {
    await using command = RunningCommand.start("connect", "tcp", `127.0.0.1:${ports.upper}`);
    command.type("one\ntwo\n");
    await command.output(/ONE\nTWO\n/);
    command.endInput();
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect([command.stdout, command.stderr]).toEqual(["ONE\nTWO\n", ""]);
  });

  it("answers converseInDatagrams() and socketserver connect udp", async () => {
    const socket = new Socket(AF_INET, SOCK_DGRAM);
    await socket.connect(["127.0.0.1", ports.datagrams]);
    const replies: string[] = [];
    await converseInDatagrams(
      socket,
      [Buffer.from("one\ntwo\n")],
      (reply) => {
        replies.push(String(reply));
      },
      { silence: 2 },
    );
    expect(replies).toEqual(["ONE", "TWO"]);
    await using command = RunningCommand.start("connect", "udp", `127.0.0.1:${ports.datagrams}`, "--wait", "2");
    command.type("three\nfour");
    command.endInput();
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect(command.stdout).toBe("THREE\nFOUR\n");
  });
});
