import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { promisify } from "node:util";
import { pino } from "pino";
import {
  BaseRequestHandler,
  isInetAddress,
  MultiplexingTCPServer,
  MultiplexingUnixStreamServer,
  parseAddress,
  type ServerOptions,
  type Socket,
} from "ts-socketserver";
import { httpGet } from "ts-socketserver/clients";
import { type HttpLimits, HttpMixIn, HttpStreamHandler } from "ts-socketserver/servers";
import { type RunningServer, type StreamTestClient, serve } from "ts-socketserver/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { coursePage } from "../../dist/servers/http/course-page.js";
import { curl, python, runPython } from "../clients/programs.js";
import { Gate, hearCloses, hearErrors } from "../robustness/support.js";
import { RunningCommand } from "../support/running-command.js";
import { settle } from "../support/settle.js";
import { temporaryPath } from "../support/temporary-path.js";
import { transports } from "../support/transports.js";
import { within } from "../support/within.js";
import { flood, startServer, unmeasured } from "./flood.js";
import { whyNot } from "./models.js";
import { refusalOf } from "./refusal.js";

const outside = temporaryPath();
mkdirSync(outside);
writeFileSync(join(outside, "secret.txt"), "secret");
const root = temporaryPath();
mkdirSync(join(root, "site"), { recursive: true });
mkdirSync(join(root, "list"));
const big = randomBytes(4 * 1024 * 1024);
writeFileSync(join(root, "big.bin"), big);
// More than all buffers on the way hold.
const HUGE = 256 * 1024 * 1024;
writeFileSync(join(root, "huge.bin"), "");
truncateSync(join(root, "huge.bin"), HUGE);
writeFileSync(join(root, "hello.txt"), "hello, world");
writeFileSync(join(root, "page.html"), "<p>page</p>");
writeFileSync(join(root, "site", "index.html"), "<p>index</p>");
writeFileSync(join(root, "list", "<b>&'\".txt"), "bold");
writeFileSync(join(root, "list", ".hidden"), "hidden");
symlinkSync(outside, join(root, "list", "outside"));
symlinkSync(join(outside, "secret.txt"), join(root, "list", "secret.txt"));
symlinkSync("../site", join(root, "list", "inside"));

class WebServer extends HttpMixIn(MultiplexingTCPServer) {
  override root = root;
}

function serveFolder(
  Handler: typeof HttpStreamHandler = HttpStreamHandler,
  options: ServerOptions = {},
): Promise<RunningServer<WebServer>> {
  return serve(new WebServer(["127.0.0.1", 0], Handler, { logger: pino({ level: "silent" }), ...options }));
}

function raise(error: Error): never {
  throw error;
}

/** A handler with other limits. */
function limited(limits: Partial<HttpLimits>): typeof HttpStreamHandler {
  return class extends HttpStreamHandler {
    override readonly limits = limits;
  };
}

function urlOf(running: RunningServer<WebServer>, path = "/"): string {
  const { address } = running;
  if (!isInetAddress(address)) throw new Error("It is no TCP server");
  return `http://127.0.0.1:${address[1]}${path}`;
}

/** Sends bytes as they are, and gives all that comes back. */
async function exchange(client: StreamTestClient, bytes: string | Uint8Array): Promise<string> {
  await client.write(bytes);
  client.end();
  return client.readAll();
}

const COURSE = "/5062CEM.php?lecturer=Ian%20Cornelius";
const IAN =
  "<html>\n<head>\n\t<title>5062CEM - Networking Demo</title>\n</head>\n<body>\nHello Ian Cornelius, and welcome to 5062CEM!</body>\n";
const NOBODY =
  "<html>\n<head>\n\t<title>5062CEM - Networking Demo</title>\n</head>\n<body>\nHello, welcome to 5062CEM!</body>\n";

describe("The course's page", () => {
  it("is what the course shows, byte for byte", () => {
    expect([coursePage(null), coursePage(""), coursePage("Ian Cornelius")]).toEqual([NOBODY, NOBODY, IAN]);
  });

  it("shows a name, and does not do what it says", async () => {
    await using running = await serveFolder();
    const name = `<script>alert('"&')</script>`;
    const page = await (await fetch(urlOf(running, `/5062CEM.php?lecturer=${encodeURIComponent(name)}`))).text();
    expect(page).toContain("Hello &lt;script&gt;alert(&#39;&quot;&amp;&#39;)&lt;/script&gt;, and welcome");
  });

  it.each([
    ["a plus for a space", "Ada+Lovelace", "Hello Ada Lovelace,"],
    ["letters beyond ASCII", "Gr%C3%BC%C3%9Fe", "Hello Grüße,"],
    ["bytes that are no UTF-8", "%ff", "Hello \ufffd,"],
    ["a NUL", "a%00b", "Hello a\0b,"],
  ])("takes %s", async (_what, written, greeting) => {
    await using running = await serveFolder();
    const response = await fetch(urlOf(running, `/5062CEM.php?lecturer=${written}`));
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await response.text()).toContain(greeting);
  });
});

describe.each(transports)("A request line without a version, over the $name transport", (transport) => {
  it.each([
    ["GET /5062CEM.php\r\n", NOBODY],
    [`GET ${COURSE} \r\n`, IAN],
    [`GET  ${COURSE}\n`, IAN],
    ["GET /hello.txt\r\n", "hello, world"],
    ["GET /nosuch\r\n", "404 Not Found\n"],
    ["GET /%zz\r\n", "400 Bad Request\n"],
    ["GET /\u00e9\r\n", "400 Bad Request\n"],
    ["GET /hello.txt\r\nand more that nobody asked for\r\n\r\n", "hello, world"],
  ])("%j gets the body alone", async (line, body) => {
    await using running = await serveFolder(HttpStreamHandler, { transport });
    await using client = await running.connect();
    await client.write(Buffer.from(line, "latin1"));
    expect(await client.readAll()).toBe(body);
  });

  it("may come byte by byte, and its answer may be large", async () => {
    await using running = await serveFolder(HttpStreamHandler, { transport });
    await using client = await running.connect();
    const received: Buffer[] = [];
    client.raw.on("data", (data) => received.push(data));
    for (const letter of "GET /big.bin\r\n") {
      await client.write(letter);
      await settle(2);
    }
    await client.ended();
    expect(Buffer.concat(received).equals(big)).toBe(true);
  });

  it("is over when the client has ended, too", async () => {
    await using running = await serveFolder(limited({ lingerTime: 60 }), { transport });
    using closes = hearCloses(running.server);
    await using client = await running.connect();
    expect(await exchange(client, "GET /hello.txt\r\nand more\r\n")).toBe("hello, world");
    await within(15, "the connection", closes.next());
  });

  it("gets a reset behind the half of an answer that was broken off", async () => {
    class Broken extends HttpStreamHandler {
      override async respond(_request: IncomingMessage, response: ServerResponse): Promise<void> {
        await new Promise((resolve) => response.write("half of it", resolve));
        await half.opened;
        throw new TypeError("a mistake");
      }
    }
    const half = new Gate();
    await using running = await serveFolder(Broken, { transport });
    using errors = hearErrors(running.server);
    await using client = await running.connect();
    await client.write("GET /hello.txt\r\n");
    expect(await client.read(10)).toBe("half of it");
    half.open();
    await within(15, "the connection", client.ended());
    expect(client.error).toMatchObject({ code: "ECONNRESET" });
    expect(await errors.next()).toMatchObject({ error: expect.objectContaining({ message: "a mistake" }) });
  });

  it("gets its answer as one piece, which one recv() takes", async () => {
    await using running = await serveFolder(HttpStreamHandler, { transport });
    await using client = await running.connect();
    const [first] = await Promise.all([once(client.raw, "data"), client.write("GET /5062CEM.php\r\n")]);
    expect(String(first[0])).toBe(NOBODY);
  });
});

describe.each(transports)("A folder over the $name transport", (transport) => {
  let running: RunningServer<WebServer>;
  beforeAll(async () => {
    running = await serveFolder(HttpStreamHandler, { transport });
  });
  afterAll(async () => {
    await running.close();
  });

  it("gives its files, with type and length", async () => {
    const response = await fetch(urlOf(running, "/page.html"));
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-length": "11",
      "x-content-type-options": "nosniff",
      "last-modified": expect.any(String),
      etag: expect.any(String),
    });
    expect(await response.text()).toBe("<p>page</p>");
    const large = await fetch(urlOf(running, "/big.bin"));
    expect(Buffer.from(await large.arrayBuffer()).equals(big)).toBe(true);
  });

  it("gives the headers alone to HEAD", async () => {
    const response = await fetch(urlOf(running, "/big.bin"), { method: "HEAD" });
    expect([response.headers.get("content-length"), (await response.arrayBuffer()).byteLength]).toEqual([
      String(big.length),
      0,
    ]);
  });

  it("gives a part where a part is asked for", async () => {
    const response = await fetch(urlOf(running, "/hello.txt"), { headers: { range: "bytes=7-" } });
    expect([response.status, response.headers.get("content-range")]).toEqual([206, "bytes 7-11/12"]);
    expect(await response.text()).toBe("world");
    const beyond = await fetch(urlOf(running, "/hello.txt"), { headers: { range: "bytes=100-" } });
    expect(beyond.status).toBe(416);
    await beyond.text();
  });

  it("gives nothing to who has it already", async () => {
    const { etag, "last-modified": modified } = Object.fromEntries(
      (await fetch(urlOf(running, "/hello.txt"), { method: "HEAD" })).headers,
    );
    for (const headers of [{ "if-none-match": etag }, { "if-modified-since": modified }]) {
      const call = httpRequest(urlOf(running, "/hello.txt"), { headers, agent: false }).end();
      const [again] = (await once(call, "response")) as [IncomingMessage];
      expect([again.statusCode, await text(again)]).toEqual([304, ""]);
    }
  });

  it("gives the index.html of a folder, and asks for the slash first", async () => {
    const bare = await fetch(urlOf(running, "/site?a=b"), { redirect: "manual" });
    expect([bare.status, bare.headers.get("location")]).toEqual([301, "/site/?a=b"]);
    await bare.text();
    expect(await (await fetch(urlOf(running, "/site/"))).text()).toBe("<p>index</p>");
  });

  it("sends nobody to another host", async () => {
    await using client = await running.connect();
    expect(await exchange(client, "GET //evil.example/..//site HTTP/1.1\r\nHost: x\r\n\r\n")).toMatch(
      /^HTTP\/1.1 301 .*\r\nLocation: \/site\/\r\n/s,
    );
  });

  it("lists a folder without one: no hidden files, no links that lead out, and names that are shown as they are", async () => {
    const response = await fetch(urlOf(running, "/list/"));
    expect(response.headers.get("content-security-policy")).toBe("default-src 'none'");
    const page = await response.text();
    expect(page.match(/<li>.*<\/li>/g)).toEqual([
      '<li><a href="../">../</a></li>',
      `<li><a href="./%3Cb%3E%26'%22.txt">&lt;b&gt;&amp;&#39;&quot;.txt</a></li>`,
      '<li><a href="./inside/">inside/</a></li>',
    ]);
    const top = await (await fetch(urlOf(running, "/"))).text();
    expect(top).toContain('<li><a href="./site/">site/</a></li>');
    expect(top).not.toContain("../");
    expect(await (await fetch(urlOf(running, "/list/%3Cb%3E%26'%22.txt"))).text()).toBe("bold");
  });

  it.each([
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/list/outside/secret.txt",
    "/list/.hidden",
  ])("has nothing at %s", async (path) => {
    await using client = await running.connect();
    expect(await exchange(client, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(/^HTTP\/1.1 404 /);
  });

  it("answers several requests that come at once, one after the other, and who has ended its sending", async () => {
    await using client = await running.connect();
    const paths = ["/hello.txt", "/nosuch", COURSE, "/page.html"];
    const answers = await exchange(client, paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(""));
    const bodies = answers.split(/HTTP\/1\.1 .*?\r\n\r\n/s).slice(1);
    expect(bodies).toEqual(["hello, world", "404 Not Found\n", IAN, "<p>page</p>"]);
  });

  it("serves a client that sends its request byte by byte", async () => {
    await using client = await running.connect();
    for (const letter of "GET /hello.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") {
      await client.write(letter);
      await settle(1);
    }
    expect(await client.readAll()).toMatch(/hello, world$/);
  });

  it("keeps a connection for the next request", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (let count = 0; count < 3; count += 1) {
      const call = httpRequest(urlOf(running, "/hello.txt"), { agent }).end();
      const [response] = (await once(call, "response")) as [IncomingMessage];
      ports.add(response.socket.localPort);
      expect(await text(response)).toBe("hello, world");
      await settle();
    }
    agent.destroy();
    expect(ports.size).toBe(1);
  });

  it("takes the whole URL, as a proxy writes it", async () => {
    await using client = await running.connect();
    expect(await exchange(client, "GET http://x/hello.txt HTTP/1.1\r\nHost: x\r\n\r\n")).toMatch(/hello, world$/);
  });

  it("goes on when a client leaves in the middle of an answer", async () => {
    using errors = hearErrors(running.server);
    using closes = hearCloses(running.server);
    const client = await running.connect();
    client.pause();
    await client.write("GET /huge.bin HTTP/1.1\r\nHost: x\r\n\r\n");
    await settle();
    client.reset();
    await closes.next();
    expect(errors.heard).toEqual([]);
    expect(await (await fetch(urlOf(running, "/hello.txt"))).text()).toBe("hello, world");
  });
});

describe("What is no request that can be answered", () => {
  it.each([
    [
      "POST",
      "POST /hello.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
      /^HTTP\/1.1 405 .*\r\nAllow: GET, HEAD\r\n/s,
    ],
    ["what is no HTTP", "hello\r\n", /^HTTP\/1.1 400 Bad Request\r\n.*\r\n\r\n400 Bad Request\n$/s],
    ["HTTP/1.1 without a host", "GET / HTTP/1.1\r\n\r\n", /^HTTP\/1.1 400 /],
    ["a target that is none", "GET hello HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1.1 400 /],
    ["a header that is none", "GET / HTTP/1.1\r\nHost x\r\n\r\n", /^HTTP\/1.1 400 /],
    ["a NUL in the line", "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1.1 400 /],
    ["bytes that are no UTF-8", "GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1.1 400 /],
    [
      "a lying length",
      "GET /hello.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
      /^HTTP\/1.1 400 /,
    ],
    ["headers of 20 KB", `GET / HTTP/1.1\r\nHost: x\r\nA: ${"x".repeat(20_000)}\r\n\r\n`, /^HTTP\/1.1 431 /],
    ["a request line of 1 MB", `GET /${"x".repeat(1024 * 1024)} HTTP/1.1\r\nHost: x\r\n\r\n`, /^HTTP\/1.1 431 /],
    ["a line of 1 MB without a version", `GET /${"x".repeat(1024 * 1024)}\r\n`, /^HTTP\/1.1 431 /],
  ])("%s gets the status that says so, and the server goes on", async (_what, bytes, answer) => {
    await using running = await serveFolder();
    using errors = hearErrors(running.server);
    await using client = await running.connect();
    await client.write(Buffer.from(bytes, "latin1"));
    client.end();
    expect(await client.readAll()).toMatch(answer);
    expect(await (await fetch(urlOf(running, "/hello.txt"))).text()).toBe("hello, world");
    expect(errors.heard).toEqual([]);
  });

  it("gets its status behind the answer to a request before it", async () => {
    await using running = await serveFolder();
    await using client = await running.connect();
    await client.write("GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\nrubbish\r\n\r\n");
    expect(await client.readAll()).toMatch(/hello, worldHTTP\/1.1 400 Bad Request\r\n.*\r\n\r\n400 Bad Request\n$/s);
  });

  it("gets none behind an answer that says itself that it is the last", async () => {
    await using running = await serveFolder();
    await using client = await running.connect();
    await client.write("GET /hello.txt HTTP/1.0\r\n\r\nrubbish\r\n\r\n");
    expect(await client.readAll()).toMatch(/hello, world$/);
  });

  it.each(["GET /hel", "GET /hello.txt HTTP/1.1\r\nHost", "", "\r\n"])("%j and the end gets no file", async (half) => {
    await using running = await serveFolder();
    await using client = await running.connect();
    expect(await exchange(client, half)).not.toContain("hello, world");
    expect(await (await fetch(urlOf(running, "/hello.txt"))).text()).toBe("hello, world");
  });

  it.skipIf(unmeasured !== "")(`takes no memory: 100 MB without a line end${unmeasured}`, async () => {
    const server = await startServer("http");
    await using command = server.command;
    expect(await flood(server, Buffer.alloc(1024 * 1024, "x"), "GET /")).toMatch(/^(HTTP\/1.1 431 |$)/);
    await using response = await httpGet(`http://127.0.0.1:${server.address[1]}${COURSE}`);
    expect(String(await response.read())).toBe(IAN);
    command.signal("SIGTERM");
  });

  it.skipIf(unmeasured !== "")(
    `takes no memory: requests without end, all at once, and no answer is read${unmeasured}`,
    async () => {
      const server = await startServer("http");
      await using _command = server.command;
      const requests = Buffer.from("GET /5062CEM.php HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20_000));
      await flood(server, requests);
    },
  );
});

describe("A client that is slow", () => {
  it.each([
    ["says nothing", ""],
    ["stops within the first line", "GET /hel"],
    ["stops within the headers", "GET / HTTP/1.1\r\nHost"],
  ])("is cut off when it %s", async (_what, start) => {
    await using running = await serveFolder(limited({ headTime: 0.1 }));
    await using client = await running.connect();
    await client.write(start);
    expect(await within(15, "the connection", client.readAll())).toBe("");
  });

  it("is cut off when it sends its headers a byte at a time", async () => {
    await using running = await serveFolder(limited({ headTime: 0.3 }));
    await using client = await running.connect();
    await client.write("GET / HTTP/1.1\r\nA: ");
    while (client.error === null && !client.raw.readableEnded && !client.raw.destroyed) {
      await client.write("x");
      await settle(2);
    }
    await client.ended();
  });

  it("is cut off between two requests after a while, in good order", async () => {
    await using running = await serveFolder(limited({ keepAliveTime: 0.1, headTime: 1.5 }));
    await using client = await running.connect();
    await client.write("GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(await within(15, "the connection", client.readAll())).toMatch(/hello, world$/);
    expect(client.error).toBeNull();
  });

  it.each(
    transports.flatMap((transport) =>
      ["GET /huge.bin HTTP/1.1\r\nHost: x\r\n\r\n", "GET /huge.bin\r\n"].map((request) => ({ transport, request })),
    ),
  )("is cut off when it takes nothing of its answer to $request, over the $transport.name transport", async ({
    transport,
    request,
  }) => {
    await using running = await serveFolder(limited({ idleTime: 0.2 }), { transport });
    using closes = hearCloses(running.server);
    await using client = await running.connect();
    client.pause();
    await client.write(request);
    await within(15, "the connection", closes.next());
  });

  it("may ask a hundred times on one connection", async () => {
    await using running = await serveFolder(limited({ maxRequests: 3 }));
    await using client = await running.connect();
    const answers = await exchange(client, "GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n".repeat(3));
    expect(answers.match(/hello, world/g)).toHaveLength(3);
    expect(answers.match(/Connection: close/g)).toHaveLength(1);
  });
});

describe("Requests that come faster than their answers", () => {
  it("are followed by more when they were answered", async () => {
    await using running = await serveFolder();
    await using client = await running.connect();
    const request = "GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n";
    await client.write(request.repeat(20));
    let answers = "";
    while (answers.split("hello, world").length <= 20) answers += await client.read(Math.max(1, client.available));
    await settle(50);
    expect(await exchange(client, request.repeat(20))).toMatch(/(hello, world.*){20}$/s);
  });

  it("wait unread, and are answered in their order", async () => {
    const gate = new Gate();
    const asked: string[] = [];
    class Slow extends HttpStreamHandler {
      override async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
        asked.push(request.url ?? "");
        await gate.opened;
        response.end(request.url);
      }
    }
    await using running = await serveFolder(Slow);
    await using client = await running.connect();
    const header = `A: ${"x".repeat(2000)}`;
    const requests = Array.from(
      { length: 20_000 },
      (_, index) => `GET /${index} HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`,
    ).join("");
    client.raw.write(requests);
    await settle(500);
    expect(asked).toEqual(["/0"]);
    // What is on the way is in the system's buffers; the rest is still at the client.
    expect(client.raw.writableLength).toBeGreaterThan(0);
    gate.open();
    const bodies = (await client.readAll()).split(/HTTP\/1\.1 .*?\r\n\r\n/s).slice(1);
    expect(bodies).toEqual(Array.from({ length: 100 }, (_, index) => `/${index}`));
  });
});

describe.each(transports)("A server that closes, over the $name transport", (transport) => {
  it("lets go of clients that ask for nothing, at once", async () => {
    const running = await serveFolder(HttpStreamHandler, { transport, shutdownTimeout: 60 });
    await using silent = await running.connect();
    await using idle = await running.connect();
    await idle.write("GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(await idle.read(12)).toContain("HTTP/1.1 200");
    await settle();
    for (const client of [silent, idle]) client.raw.on("end", () => client.end());
    await within(15, "the server", running.close());
    expect(await silent.readAll()).toBe("");
    expect(await idle.readAll()).toMatch(/hello, world$/);
  });

  it("sends an answer that has begun to its end, and then ends the connection", async () => {
    const running = await serveFolder(HttpStreamHandler, { transport, shutdownTimeout: 60 });
    const call = httpRequest(urlOf(running, "/big.bin"), { agent: false }).end();
    const [response] = (await once(call, "response")) as [IncomingMessage];
    const closing = running.close();
    await settle();
    expect((await buffer(response)).equals(big)).toBe(true);
    await within(15, "the server", closing);
  });

  it("cuts off who does not take its answer in the time that it has", async () => {
    const running = await serveFolder(HttpStreamHandler, { transport, shutdownTimeout: 0.2 });
    using closes = hearCloses(running.server);
    await using client = await running.connect();
    client.pause();
    await client.write("GET /huge.bin HTTP/1.1\r\nHost: x\r\n\r\n");
    await settle();
    await within(15, "the server", running.close());
    const { counters } = await closes.next();
    expect(counters.bytesWritten).toBeLessThan(HUGE);
    client.resume();
    await client.ended();
  });
});

describe("The signal that a server closes", () => {
  class Waiting extends BaseRequestHandler<Socket, WebServer> {
    override async handle(): Promise<void> {
      const closing = once(this.server.closing, "abort");
      await this.request.sendall("HTTP/1.1");
      await closing;
    }
  }

  it.each([
    { whose: "HTTP connections", Handler: HttpStreamHandler },
    { whose: "handlers of one's own", Handler: Waiting },
  ])("may be listened to by many $whose at once", async ({ Handler }) => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", onWarning);
    try {
      await using running = await serve(new WebServer(["127.0.0.1", 0], Handler, { shutdownTimeout: 1 }));
      const clients = await Promise.all(Array.from({ length: 12 }, () => running.connect()));
      for (const client of clients) {
        await client.write("GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n");
        expect(await client.read(8)).toBe("HTTP/1.1");
        client.raw.on("end", () => client.end());
      }
      await within(15, "the server", running.close());
      await settle();
    } finally {
      process.off("warning", onWarning);
    }
    expect(warnings).toEqual([]);
  });
});

describe("HttpStreamHandler", () => {
  it("is subclassed by overriding respond()", async () => {
    class Api extends HttpStreamHandler {
      override async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
        if (request.url === "/api") response.end(JSON.stringify({ you: await text(request) }));
        else await super.respond(request, response);
      }
    }
    await using running = await serveFolder(Api);
    expect(await (await fetch(urlOf(running, "/api"), { method: "POST", body: "hi" })).json()).toEqual({ you: "hi" });
    expect(await (await fetch(urlOf(running, "/hello.txt"))).text()).toBe("hello, world");
  });

  it("leaves no timer behind for a client that has gone while respond() was at work", async () => {
    const [asked, go] = [new Gate(), new Gate()];
    class Slow extends HttpStreamHandler {
      override async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
        asked.open();
        await go.opened;
        await super.respond(request, response);
      }
    }
    await using running = await serveFolder(Slow);
    using closes = hearCloses(running.server);
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = timers();
    const client = await running.connect();
    await client.write("GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n");
    await asked.opened;
    client.reset();
    await settle();
    go.open();
    await closes.next();
    await settle();
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it("answers 500 when respond() fails, and gives the error to the server", async () => {
    class Broken extends HttpStreamHandler {
      override async respond(): Promise<void> {
        throw new TypeError("a mistake");
      }
    }
    await using running = await serveFolder(Broken);
    using errors = hearErrors(running.server);
    const response = await fetch(urlOf(running));
    expect([response.status, await response.text()]).toEqual([500, "500 Internal Server Error\n"]);
    expect(await errors.next()).toMatchObject({ error: expect.objectContaining({ message: "a mistake" }) });
  });

  it.each([
    { how: "throws", fail: (error: Error): Promise<void> => raise(error) },
    { how: "rejects", fail: (error: Error): Promise<void> => Promise.reject(error) },
  ])("answers on when what tells of an answer $how", async ({ fail }) => {
    class Untold extends WebServer {
      override reportAnswer(): Promise<void> {
        return fail(new Error("the disk is full"));
      }
    }
    const logger = pino({ level: "silent" });
    await using running = await serve(new Untold(["127.0.0.1", 0], HttpStreamHandler, { logger }));
    using errors = hearErrors(running.server);
    await using client = await running.connect();
    const answers = await exchange(client, "GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2));
    expect(answers.match(/hello, world/g)).toHaveLength(2);
    expect(errors.heard).toEqual([]);
  });

  it("tells the log what was asked and answered, and the bytes of the connection", async () => {
    const lines: Record<string, unknown>[] = [];
    const logger = pino({ level: "info" }, { write: (line: string) => lines.push(JSON.parse(line)) });
    await using running = await serveFolder(HttpStreamHandler, { logger });
    await using client = await running.connect();
    const request = "HEAD /nosuch HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const answer = await exchange(client, request);
    await running.close();
    expect(lines.find(({ msg }) => msg === "request answered")).toMatchObject({
      clientAddress: `127.0.0.1:${client.address[1]}`,
      method: "HEAD",
      target: "/nosuch",
      status: 404,
    });
    expect(lines.find(({ msg }) => msg === "connection closed")).toMatchObject({
      bytesRead: request.length,
      bytesWritten: answer.length,
    });
  });

  it.skipIf(process.platform !== "linux")("leaves no descriptor open (skipped where there is no /proc)", async () => {
    await using running = await serveFolder();
    const count = (): number => readdirSync("/proc/self/fd").length;
    const ask = async (bytes: string): Promise<void> => {
      using closes = hearCloses(running.server);
      const client = await running.connect();
      if (bytes.includes("huge")) client.pause();
      await client.write(bytes);
      if (bytes.includes("huge")) client.reset();
      else client.end();
      await closes.next();
      await client.close();
    };
    const all = [
      "GET /hello.txt\r\n",
      "GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n",
      "rubbish\r\n",
      "GET /list/ HTTP/1.0\r\n\r\n",
    ];
    for (const bytes of all) await ask(bytes);
    await settle();
    const before = count();
    for (let round = 0; round < 4; round += 1) for (const bytes of all) await ask(bytes);
    await settle();
    expect(count()).toBeLessThanOrEqual(before + 2);
  });
});

const FEW: Readonly<Record<string, string[]>> = { threading: ["--threads", "1"], forking: ["--children", "1"] };

describe.skipIf(python.missing)(`socketserver http and CPython${python.reason}`, () => {
  const models = (["plain", "multiplexing", "threading", "forking"] as const).filter((model) => whyNot(model) === "");
  const without = whyNot("threading").replace("skipped", "threading is skipped");
  const commands = new Map<string, RunningCommand>();
  const portOf = async (model: string): Promise<number> =>
    parseAddress((await commandOf(model).started()).serverAddress)[1] as number;
  /** What the one client has printed of each server. */
  let printed: string[] = [];

  function commandOf(model: string): RunningCommand {
    const command = commands.get(model);
    if (command === undefined) throw new Error(`There is no command for ${model}.`);
    return command;
  }

  beforeAll(async () => {
    for (const model of models) {
      const args = ["--root", root, "--tcp", "127.0.0.1:0", "--model", model, ...(FEW[model] ?? [])];
      commands.set(model, RunningCommand.start("http", ...args));
    }
    const output = await runPython(
      `
import http.client, socket, sys, urllib.error, urllib.request
def ask(message, size):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        s.connect(("127.0.0.1", port))
        s.sendall(message.encode())
        print(s.recv(size))
for port in map(int, sys.argv[1:]):
    ask("GET /5062CEM.php\\r\\n", 1024)
    ask("GET /5062CEM.php\\r\\n", 10)
    ask("GET /5062CEM.php?lecturer=Ian%20Cornelius \\r\\n", 136)
    ask("GET /5062CEM.php?lecturer=Terry%20Richards \\r\\n", 136)
    base = f"http://127.0.0.1:{port}"
    print(urllib.request.urlopen(base + "/hello.txt").read())
    print(len(urllib.request.urlopen(base + "/big.bin").read()))
    try:
        urllib.request.urlopen(base + "/../../etc/passwd")
    except urllib.error.HTTPError as error:
        print(error.code, error.reason)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for path in ("/hello.txt", "/nosuch", "/site/"):
        connection.request("GET", path)
        response = connection.getresponse()
        print(response.status, response.read(), response.will_close)
    connection.close()
    print("---")
`,
      ...(await Promise.all(models.map(portOf))),
    );
    printed = output.split("---\n");
  }, 120_000);
  afterAll(async () => {
    for (const command of commands.values()) await command[Symbol.asyncDispose]();
  });

  it.each(
    models,
  )(`gives the course's own client its answers, and serves urllib and http.client (%s)${without}`, (model) => {
    const shown = (page: string): string => `b'${page.replaceAll("\n", "\\n").replaceAll("\t", "\\t")}'`;
    expect(printed[models.indexOf(model)]?.split("\n")).toEqual([
      ...[NOBODY, "<html>\n<he", IAN, IAN.replace("Ian Cornelius", "Terry Richards")].map(shown),
      "b'hello, world'",
      String(big.length),
      "404 Not Found",
      "200 b'hello, world' False",
      "404 b'404 Not Found\\n' False",
      "200 b'<p>index</p>' False",
      "",
    ]);
  });

  it.each(
    models,
  )(`ends on Ctrl-C when an answer that has begun is sent, and not before (%s)${without}`, async (model) => {
    const command = commandOf(model);
    const call = httpRequest(`http://127.0.0.1:${await portOf(model)}/big.bin`, { agent: false }).end();
    const [response] = (await once(call, "response")) as [IncomingMessage];
    command.signal("SIGINT");
    await command.output(/"msg":"stopping"/);
    expect((await buffer(response)).equals(big)).toBe(true);
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect(command.stdout).not.toContain("cut off");
    expect(command.stderr).toBe("");
  });
});

describe("The http server and curl", () => {
  it.skipIf(curl.missing)(`serves curl: a part, a page that it has, and no way out${curl.reason}`, async () => {
    await using running = await serveFolder();
    const run = async (...args: string[]): Promise<string> =>
      (await promisify(execFile)("curl", ["-s", "-m", "10", ...args])).stdout;
    const base = urlOf(running, "");
    const file = temporaryPath();
    expect(await run("-r", "0-4", `${base}/hello.txt`)).toBe("hello");
    expect(await run("-o", file, "-w", "%{http_code}", `${base}/hello.txt`)).toBe("200");
    expect(await run("-z", file, "-w", "%{http_code}", `${base}/hello.txt`)).toBe("304");
    for (const path of ["../secret.txt", "%2e%2e/secret.txt", "..%2f..%2fetc/passwd", "list/outside/secret.txt"]) {
      expect(await run("--path-as-is", "-w", "%{http_code}", `${base}/${path}`)).toBe("404 Not Found\n404");
    }
    expect(await run(`${base}${COURSE}`)).toBe(IAN);
    expect(await run("--http0.9", "-o", file, "-w", "%{size_download}", `${base}/big.bin`)).toBe(String(big.length));
    expect(readFileSync(file).equals(big)).toBe(true);
  });
});

describe("socketserver http", () => {
  it("refuses a folder that there is not", async () => {
    expect(await refusalOf("http", "--root", "/no/such/folder")).toEqual({
      exitCode: 1,
      text: 'socketserver: --root: Cannot serve "/no/such/folder": there is no such folder.\n',
    });
  });
});

describe("HttpMixIn", () => {
  it("serves a Unix socket", async () => {
    class UnixWebServer extends HttpMixIn(MultiplexingUnixStreamServer) {
      override root = root;
    }
    const path = temporaryPath();
    await using _running = await serve(new UnixWebServer(path, HttpStreamHandler));
    const call = httpRequest({ socketPath: path, path: "/hello.txt", agent: false }).end();
    const [response] = (await once(call, "response")) as [IncomingMessage];
    expect(await text(response)).toBe("hello, world");
  });
});
