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

const WEB = `
import http.server, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = sys.argv[1]
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
with http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: Handler(*args, directory=sys.argv[2])) as server:
    print(server.server_address[1])
    server.serve_forever()
`;

const folder = temporaryPath();
mkdirSync(folder);
const big = pattern(3 * 1024 * 1024);
writeFileSync(join(folder, "page.html"), "<p>hello</p>\n");
writeFileSync(join(folder, "big.bin"), big);

describe.skipIf(python.missing).each(["HTTP/1.0", "HTTP/1.1"])(
  `CPython's http.server, speaking %s${python.reason}`,
  (version) => {
    let server: PythonServer;
    let base = "";
    beforeAll(async () => {
      server = await PythonServer.start(WEB, version, folder);
      base = `http://127.0.0.1:${server.line}`;
    });
    afterAll(async () => {
      await server[Symbol.asyncDispose]();
    });

    /** What `socketserver fetch` prints, and how it ends. */
    async function fetched(...args: string[]) {
      await using command = RunningCommand.start("fetch", ...args);
      const { code } = await command.exit;
      return { code, stdout: command.stdout, stderr: command.stderr };
    }

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

    it("gives socketserver fetch a page, and with -i its head", async () => {
      expect(await fetched(`${base}/page.html`)).toEqual({ code: 0, stdout: "<p>hello</p>\n", stderr: "" });
      const { stdout } = await fetched("-i", `${base}/page.html`);
      expect(stdout).toMatch(
        new RegExp(`^${version} 200 OK\\r\\nServer: SimpleHTTP.*\\r\\n\\r\\n<p>hello</p>\\n$`, "s"),
      );
    });

    it("makes socketserver fetch end with 4 where there is no page, and with 1 where there is half a one", async () => {
      expect(await fetched(`${base}/nosuch`)).toMatchObject({ code: 4, stderr: "" });
      const broken = await fetched(`${base}/broken`);
      expect(broken).toMatchObject({ code: 1, stdout: "half" });
      expect(broken.stderr).toMatch(/^socketserver: .*96 of 100 bytes are missing.*\n$/);
    });
  },
);

const UPPER = `
import socketserver
class Upper(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())
class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
with Server(("127.0.0.1", 0), Upper) as server:
    print(server.server_address[1])
    server.serve_forever()
`;

const UPPER_DATAGRAMS = `
import socketserver
class Upper(socketserver.BaseRequestHandler):
    def handle(self):
        data, socket = self.request
        socket.sendto(data.upper(), self.client_address)
with socketserver.UDPServer(("127.0.0.1", 0), Upper) as server:
    print(server.server_address[1])
    server.serve_forever()
`;

describe.skipIf(python.missing)(`CPython's socketserver${python.reason}`, () => {
  it("answers converse() line by line, to the end", async () => {
    await using server = await PythonServer.start(UPPER);
    await using socket = await createConnection(["127.0.0.1", Number(server.line)]);
    let replies = "";
    const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}\n`).join("");
    const conversation = await converse(socket, [Buffer.from(lines)], (reply) => {
      replies += reply;
    });
    expect(conversation).toEqual({ sent: lines.length, received: lines.length });
    expect(replies).toBe(lines.toUpperCase());
  });

  it("answers socketserver connect tcp from a pipe", async () => {
    await using server = await PythonServer.start(UPPER);
    await using command = RunningCommand.start("connect", "tcp", `127.0.0.1:${server.line}`);
    command.type("one\ntwo\n");
    await command.output(/ONE\nTWO\n/);
    command.endInput();
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect([command.stdout, command.stderr]).toEqual(["ONE\nTWO\n", ""]);
  });

  it("answers converseInDatagrams() and socketserver connect udp", async () => {
    await using server = await PythonServer.start(UPPER_DATAGRAMS);
    const socket = new Socket(AF_INET, SOCK_DGRAM);
    await socket.connect(["127.0.0.1", Number(server.line)]);
    const replies: string[] = [];
    await converseInDatagrams(
      socket,
      [Buffer.from("one\ntwo\n")],
      (reply) => {
        replies.push(String(reply));
      },
      { silence: 0.2 },
    );
    expect(replies).toEqual(["ONE", "TWO"]);
    await using command = RunningCommand.start("connect", "udp", `127.0.0.1:${server.line}`, "--wait", "0.2");
    command.type("three\nfour");
    command.endInput();
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect(command.stdout).toBe("THREE\nFOUR\n");
  });
});
