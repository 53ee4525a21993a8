import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket as NodeSocket } from "node:net";
import {
  type BaseRequestHandler,
  formatAddress,
  MultiplexingTCPServer,
  MultiplexingUDPServer,
  MultiplexingUnixStreamServer,
} from "ts-socketserver";
import { findPorts, portRanges } from "ts-socketserver/clients";
import {
  DiscardDatagramHandler,
  EchoDatagramHandler,
  EchoStreamHandler,
  GreetMixIn,
  GreetStreamHandler,
  UpperStreamHandler,
} from "ts-socketserver/servers";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { script } from "../clients/programs.js";
import { runInProcess as run } from "../support/command-in-process.js";
import { COMMAND } from "../support/paths.js";
import { RunningCommand } from "../support/running-command.js";
import { temporaryPath } from "../support/temporary-path.js";

const LOOPBACK = ["127.0.0.1", 0] as const;

/** Runs the command to its end as a process, which shows that nothing keeps it. @param input as for {@link run} */
async function runProcess(args: readonly string[], input: string | null = "") {
  await using command = RunningCommand.start(...args);
  if (input !== null) {
    command.type(input);
    command.endInput();
  }
  const { code } = await command.exit;
  return { code, stdout: command.stdout, stderr: command.stderr };
}

function serveLines(Handler: new (...args: never[]) => BaseRequestHandler = UpperStreamHandler) {
  return serve(new MultiplexingTCPServer(LOOPBACK, Handler));
}

/** An address at which nobody listens any more. */
async function deadAddress(): Promise<string> {
  await using running = await serveLines();
  return formatAddress(running.address);
}

/** A server that answers whatever comes with these bytes. */
async function answering(
  bytes: string | Buffer,
  then: (connection: NodeSocket) => void = (connection) => connection.end(),
) {
  const server = createServer((connection) => {
    connection.once("data", () => connection.write(bytes, () => then(connection)));
    connection.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `127.0.0.1:${Object(server.address()).port}`;
  return { address, url: `http://${address}/`, [Symbol.dispose]: () => void server.close() };
}

const COMMANDS = ["connect", "fetch", "resolve", "ports", "select-echo"];

describe.each(COMMANDS)("socketserver %s --help", (name) => {
  it("says what it does, with an example, in 80 columns", async () => {
    const { code, stdout, stderr } = await run([name, "--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(new RegExp(`^Usage: socketserver ${name} `));
    expect(stdout).toMatch(new RegExp(`\\n  socketserver ${name} .*`));
    expect(stdout).toMatch(/What comes back.*:\n {2}\S/);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe("socketserver --help", () => {
  it.each(COMMANDS)("lists %s", async (name) => {
    expect((await run(["--help"])).stdout).toMatch(new RegExp(`^  ${name} +[a-z]`, "m"));
  });

  it.each([
    ["conect", "connect"],
    ["fech", "fetch"],
    ["reslove", "resolve"],
    ["port", "ports"],
    ["selectecho", "select-echo"],
  ])("suggests for %s that %s was meant", async (typed, meant) => {
    expect(await run([typed])).toEqual({
      code: 1,
      stdout: "",
      stderr: `socketserver: Unknown command '${typed}'. Did you mean ${meant}? --help shows what there is.\n`,
    });
  });
});

describe("socketserver connect", () => {
  it("sends what comes from a pipe, ends its sending, and prints the replies to their end", async () => {
    await using running = await serveLines();
    const lines = Array.from({ length: 20_000 }, (_, index) => `line number ${index}\n`).join("");
    const result = await runProcess(["connect", "tcp", formatAddress(running.address)], lines);
    expect(result).toEqual({ code: 0, stdout: lines.toUpperCase(), stderr: "" });
  });

  it("leaves every byte of a pipe as it is", async () => {
    await using running = await serveLines(EchoStreamHandler);
    const bytes = "\u001b[2J\0\r\n\u009b";
    expect((await run(["connect", "tcp", formatAddress(running.address)], bytes)).stdout).toBe(bytes);
  });

  it("ends when the server has ended, though there may be more to say", async () => {
    class GreetServer extends GreetMixIn(MultiplexingTCPServer) {}
    await using running = await serve(new GreetServer(LOOPBACK, GreetStreamHandler));
    const result = await runProcess(["connect", "tcp", formatAddress(running.address)], null);
    expect(result).toEqual({ code: 0, stdout: "0. Hi new friend!\n", stderr: "" });
  });

  it("connects to a Unix socket, and by a host's name", async () => {
    await using unix = await serve(new MultiplexingUnixStreamServer(temporaryPath(), UpperStreamHandler));
    expect(await run(["connect", "unix", String(unix.address)], "hello")).toMatchObject({ code: 0, stdout: "HELLO" });
    await using tcp = await serveLines();
    const [, port] = tcp.address as [string, number];
    expect(await run(["connect", "tcp", `localhost:${port}`], "hello")).toMatchObject({ code: 0, stdout: "HELLO" });
    expect(await run(["connect", "tcp", `:${port}`], "hello")).toMatchObject({ code: 0, stdout: "HELLO" });
  });

  it("sends each line as a datagram over UDP, and prints each reply as a line", async () => {
    await using running = await serve(new MultiplexingUDPServer(LOOPBACK, EchoDatagramHandler));
    const result = await run(["connect", "udp", formatAddress(running.address), "--wait", "1"], "one\ntwo\r\nthree");
    expect(result).toEqual({ code: 0, stdout: "one\ntwo\nthree\n", stderr: "" });
  });

  it("says that no reply came over UDP, and ends with 1; unless none was wanted", async () => {
    await using running = await serve(new MultiplexingUDPServer(LOOPBACK, DiscardDatagramHandler));
    const address = formatAddress(running.address);
    expect(await run(["connect", "udp", address, "--wait", "0.1"], "hello\n")).toEqual({
      code: 1,
      stdout: "",
      stderr: `socketserver: No reply came from udp ${address} within 0.1 s. Is the server running? Datagrams may get lost, too.\n`,
    });
    expect(await run(["connect", "udp", address, "--wait", "0"], "hello\n")).toMatchObject({ code: 0, stderr: "" });
    expect(await run(["connect", "udp", address, "--wait", "0.1"], "")).toMatchObject({ code: 0, stderr: "" });
  });

  it("tells when nobody listens there", async () => {
    const address = await deadAddress();
    const told = `connection refused (ECONNREFUSED). Nobody listens there: is the server running, and at that address?\n`;
    expect(await run(["connect", "tcp", address])).toEqual({
      code: 1,
      stdout: "",
      stderr: `socketserver: Cannot connect to tcp ${address}: ${told}`,
    });
    const udp = createSocket("udp4").bind(0, "127.0.0.1");
    await once(udp, "listening");
    const { port } = udp.address();
    udp.close();
    await once(udp, "close");
    const { code, stderr } = await run(["connect", "udp", `127.0.0.1:${port}`], "one\n");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^socketserver: .* 127\.0\.0\.1:\d+.*connection refused \(ECONNREFUSED\)\. Nobody listens/);
    const path = temporaryPath();
    expect((await run(["connect", "unix", path])).stderr).toBe(
      `socketserver: Cannot connect to unix ${path}: no such file or directory (ENOENT). There is no such socket: is the server running, and at that path?\n`,
    );
  });

  it("ends with 1 when the server breaks off", async () => {
    using server = await answering("half", (connection) => connection.resetAndDestroy());
    const { code, stderr } = await run(["connect", "tcp", server.address], "hello\n");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^socketserver: Cannot receive from .*\(ECONNRESET\)\. The other side has broken .*\n$/);
  });

  it("ends in silence when nobody reads its output any more", async () => {
    await using running = await serveLines();
    await using command = RunningCommand.start("connect", "tcp", formatAddress(running.address));
    command.type("one\n");
    await command.output(/ONE/);
    command.closeStdout();
    for (let round = 0; round < 2; round += 1) command.type("two\n".repeat(10_000));
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect(command.stderr).toBe("");
  });

  it.each([
    [
      ["tpc", "127.0.0.1:1"],
      "Command-argument value 'tpc' is invalid for argument 'protocol'. Allowed choices are tcp, udp, unix. --help shows what there is.",
    ],
    [["tcp"], "Missing required argument 'address'. --help shows what there is."],
    [["tcp", "localhost"], 'Cannot read the address "localhost": write host:port, such as 127.0.0.1:9999.'],
    [
      ["tcp", "127.0.0.1:99999"],
      'Cannot use the port 99999 in "127.0.0.1:99999": a port is a whole number from 0 to 65535.',
    ],
    [
      ["tcp", "127.0.0.1:1", "--timeout", "soon"],
      'Cannot use "soon" as --timeout: it takes seconds above 0 and up to 2147483.',
    ],
    [
      ["tcp", "127.0.0.1:1", "--timeout", "0"],
      'Cannot use "0" as --timeout: it takes seconds above 0 and up to 2147483.',
    ],
    [["udp", "127.0.0.1:1", "--wait", "soon"], 'Cannot use "soon" as --wait: it takes seconds from 0 to 2147483.'],
  ])("refuses %j", async (args, line) => {
    expect(await run(["connect", ...args])).toEqual({ code: 1, stdout: "", stderr: `socketserver: ${line}\n` });
  });

  it.skipIf(script.missing)(
    `is told how it stands on a terminal, which replies cannot steer${script.reason}`,
    async () => {
      class Rude extends UpperStreamHandler {
        override async handle(): Promise<void> {
          await this.wfile.write("\u001b[2Jwelcome\r\n");
          await this.rfile.readline();
          await this.wfile.write("bye\u0007\n");
        }
      }
      await using running = await serveLines(Rude);
      const address = formatAddress(running.address);
      const line = `exec ${process.execPath} ${COMMAND} connect tcp ${address}`;
      await using terminal = RunningCommand.startProgram("script", "-qec", line, "/dev/null");
      await terminal.output(new RegExp(`Connected to tcp ${address}\\. Ctrl-D ends your side, Ctrl-C leaves\\.\\r\\n`));
      await terminal.output(/\\x1b\[2Jwelcome\r\n/);
      terminal.type("hello\n");
      await terminal.output(/bye\\x07\r\nThe other side has ended the connection\.\r\n/);
      expect(await terminal.exit).toEqual({ code: 0, signal: null });
      expect(terminal.stdout).not.toContain("\u001b");
    },
  );
});

describe("socketserver fetch", () => {
  it.each([
    ["200 OK", 0],
    ["404 Not Found", 4],
    ["503 Service Unavailable", 5],
  ])("prints the body of a %s, and ends with %i", async (status, code) => {
    using server = await answering(`HTTP/1.1 ${status}\r\nContent-Length: 6\r\n\r\nhello\n`);
    const runFetch = code === 4 ? runProcess : run;
    expect(await runFetch(["fetch", server.url])).toEqual({ code, stdout: "hello\n", stderr: "" });
  });

  it("prints the head as it came with -i, and the head alone with -I", async () => {
    const head = "HTTP/1.1 200 OK\r\nX-Name: \u00fc\r\nContent-Length: 6\r\n\r\n";
    using server = await answering(Buffer.from(`${head}hello\n`, "latin1"));
    expect((await run(["fetch", "--include", server.url])).stdout).toBe(`${head.replace("\u00fc", "\ufffd")}hello\n`);
    expect((await run(["fetch", "-I", server.url])).stdout).toBe(head.replace("\u00fc", "\ufffd"));
  });

  it("says where a page is that is elsewhere, and ends with 3", async () => {
    using server = await answering(
      "HTTP/1.1 301 Moved\r\nLocation: https://example.org/\u001b[2J\r\nContent-Length: 0\r\n\r\n",
    );
    expect(await run(["fetch", server.url])).toEqual({
      code: 3,
      stdout: "",
      stderr: "socketserver: The page is at https://example.org/\\x1b[2J: redirects are not followed.\n",
    });
  });

  it("sends what the URL says, and asks for the end of the connection", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const host = `127.0.0.1:${Object(server.address()).port}`;
    const fetching = run(["fetch", `http://${host}/a b?c=d#e`]);
    const [connection] = (await once(server, "connection")) as [NodeSocket];
    const [data] = await once(connection, "data");
    connection.end("HTTP/1.1 204 No Content\r\n\r\n");
    await fetching;
    server.close();
    expect(String(data)).toBe(
      `GET /a%20b?c=d HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ts-socketserver\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
    );
  });

  it.each([
    ["no HTTP", "SSH-2.0-x\r\n", /begins with "SSH-2\.0-x".*\(EPROTO\)/],
    ["nothing", "", /The connection ended within the head/],
    ["half a body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", /5 of 9 bytes are missing/],
  ])("ends with 1 when %s comes back", async (_what, bytes, message) => {
    using server = await answering(bytes);
    const { code, stderr } = await run(["fetch", server.url]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^socketserver: .*\n$/);
  });

  it("waits no longer than it is told to", async () => {
    using server = await answering("HTTP/1.1 200 OK\r\n", () => {});
    const { code, stderr } = await run(["fetch", server.url, "--timeout", "0.2"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/\(ETIMEDOUT\)\. Nobody has answered in time/);
  });

  it("ends in silence when nobody reads its output any more", async () => {
    using server = await answering(`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(4_000_000)}`);
    await using command = RunningCommand.start("fetch", server.url);
    command.closeStdout();
    const { code } = await command.exit;
    expect([code, command.stderr]).toEqual([0, ""]);
  });

  it.each([
    [
      "https://127.0.0.1/",
      'Cannot fetch "https://127.0.0.1/": https is HTTP within TLS, and this client shows HTTP on a bare socket. Try http://, or use curl.',
    ],
    ["127.0.0.1:8000", 'Cannot fetch "127.0.0.1:8000": write http://host[:port]/path, such as http://127.0.0.1:8000/.'],
    ["localhost:8000", 'Cannot fetch "localhost:8000": write http:// before it, such as http://127.0.0.1:8000/.'],
    ["ftp://127.0.0.1/", 'Cannot fetch "ftp://127.0.0.1/": write http:// before it, such as http://127.0.0.1:8000/.'],
    [
      "http://ada:pw@127.0.0.1/",
      'Cannot fetch "http://ada:pw@127.0.0.1/": it has a name or password, which this client does not send. Leave them out.',
    ],
  ])("refuses %s, and says why", async (url, line) => {
    expect(await run(["fetch", url])).toEqual({ code: 1, stdout: "", stderr: `socketserver: ${line}\n` });
  });

  it("refuses to take no time", async () => {
    const line = 'Cannot use "0" as --timeout: it takes seconds above 0 and up to 2147483.';
    const outcome = await run(["fetch", "http://127.0.0.1:1/", "--timeout", "0"]);
    expect(outcome).toEqual({ code: 1, stdout: "", stderr: `socketserver: ${line}\n` });
  });

  it("tells when nobody listens there", async () => {
    const { code, stderr } = await run(["fetch", `http://${await deadAddress()}/`]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/connection refused \(ECONNREFUSED\)\. Nobody listens/)]);
  });
});

describe("socketserver resolve", () => {
  it("tells the addresses of a name, with the name of each", async () => {
    const { code, stdout } = await runProcess(["resolve", "localhost"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^IPv4 {2}127\.0\.0\.1 {2,}localhost$/m);
  });

  it("tells the same as JSON", async () => {
    const { name, addresses } = JSON.parse((await run(["resolve", "localhost", "--json"])).stdout);
    expect(name).toBe("localhost");
    expect(addresses).toContainEqual({ family: "IPv4", address: "127.0.0.1", name: "localhost" });
  });

  it("tells the name of an address, of IPv6 too, and where there is none", async () => {
    expect((await run(["resolve", "127.0.0.1"])).stdout).toBe("IPv4  127.0.0.1  localhost\n");
    const nowhere = "fe80::1234:5678%4294967295";
    expect((await run(["resolve", nowhere])).stdout).toBe(`IPv6  ${nowhere}  (no name)\n`);
  });

  it("ends with 1 for a name that nobody has", async () => {
    const { code, stdout, stderr } = await run(["resolve", "no-such-host.invalid"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^socketserver: Cannot resolve "no-such-host.invalid": .* Is the name right\? .*\n$/);
  });
});

describe("socketserver ports", () => {
  it("lists the ranges, and every service with its port", async () => {
    const { code, stdout } = await runProcess(["ports"]);
    expect(code).toBe(0);
    for (const { name, first, last } of portRanges)
      expect(stdout).toMatch(new RegExp(`^${name} +${first}-${last} `, "m"));
    for (const { port, name } of findPorts()) expect(stdout).toMatch(new RegExp(`^${port} +${name} `, "m"));
  });

  it.each([
    ["http", "80  http  tcp  well-known\n"],
    ["53", "53  domain  tcp, udp  well-known\n"],
    ["514", "514  shell   tcp  well-known\n514  syslog  udp  well-known\n"],
    ["9999", "9999  (no well-known service)  registered\n"],
    ["60000", "60000  (no well-known service)  dynamic\n"],
  ])("tells about %s", async (query, told) => {
    expect(await run(["ports", query])).toEqual({ code: 0, stdout: told, stderr: "" });
  });

  it("tells the same as JSON", async () => {
    expect(JSON.parse((await run(["ports", "http", "--json"])).stdout)).toEqual({
      ranges: portRanges,
      ports: findPorts("http"),
    });
  });

  it.each([
    [
      "htp",
      'Cannot find the service "htp": service/proto not found (EAI_SERVICE). socketserver ports lists what there is.',
    ],
    ["65536", "Cannot use the port 65536: a port is a whole number from 0 to 65535."],
  ])("refuses %s", async (query, line) => {
    expect(await run(["ports", query])).toEqual({ code: 1, stdout: "", stderr: `socketserver: ${line}\n` });
  });
});
