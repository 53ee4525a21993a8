import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { MultiplexingTCPServer, MultiplexingUDPServer } from "ts-socketserver";
import { JsonDatagramHandler, JsonStreamHandler } from "ts-socketserver/servers";
import { type StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { netcat, python, run, runPython } from "../clients/programs.js";
import { flood, MEGABYTE, startServer, unmeasured } from "./flood.js";

const serveJson = () => serve(new MultiplexingTCPServer(["127.0.0.1", 0], JsonStreamHandler));
const serveDatagrams = () => serve(new MultiplexingUDPServer(["127.0.0.1", 0], JsonDatagramHandler));

/** Sends something, and expects a line back. */
async function expectAnswer(client: StreamTestClient, sent: string | Uint8Array, answer: string): Promise<void> {
  await client.write(sent);
  expect(await client.readLine()).toBe(`${answer}\n`);
}

describe("JsonStreamHandler", () => {
  it("answers each line with its value, written as it came", async () => {
    await using running = await serveJson();
    await using client = await running.connect();
    await expectAnswer(client, '{"a": 1.0}\n', '{"a": 1.0}');
    await expectAnswer(client, " 12345678901234567890 \r\n", "12345678901234567890");
    await client.write('"größe"\ntrue\n[]\n');
    for (const answer of ['"größe"', "true", "[]"]) expect(await client.readLine()).toBe(`${answer}\n`);
  });

  it("answers a value without a line's end as soon as it is whole", async () => {
    await using running = await serveJson();
    await using client = await running.connect();
    await client.write('{"name": "Jo');
    await expectAnswer(client, 'hanna", "list": [1, {}]}', '{"name": "Johanna", "list": [1, {}]}');
    await expectAnswer(client, '"next"', '"next"');
  });

  it("puts a letter together that comes in two pieces", async () => {
    await using running = await serveJson();
    await using client = await running.connect();
    const bytes = Buffer.from('"größe"');
    await client.write(bytes.subarray(0, 4));
    await expectAnswer(client, bytes.subarray(4), '"größe"');
  });

  it.each([
    { what: "what is no JSON", sent: "hello\n", error: 'Not JSON: a value cannot begin with "h"' },
    { what: "half a value in a line", sent: '{"a": [1,\n', error: "Not JSON: it ended within the value" },
    { what: "invalid UTF-8", sent: Buffer.from([0x22, 0xff, 0x22]), error: "Not JSON: it is not UTF-8" },
    { what: "nesting 10,000 deep", sent: `${"[".repeat(10_000)}\n`, error: "Nested more than 500 deep" },
  ])("answers $what with an error, and the connection lives", async ({ sent, error }) => {
    await using running = await serveJson();
    await using client = await running.connect();
    await expectAnswer(client, sent, JSON.stringify({ error }));
    await expectAnswer(client, "[1]", "[1]");
  });

  it("answers half a value before the end with an error, then ends as well", async () => {
    await using running = await serveJson();
    await using client = await running.connect();
    await client.write('[1] {"a": ');
    client.end();
    expect(await client.readAll()).toBe('[1]\n{"error":"Not JSON: it ended within the value"}\n');
  });

  it("collects answers where wbufsize says so, and loses none when a value is too long", async () => {
    class Collecting extends JsonStreamHandler {
      override wbufsize = -1;
      override maxSize = 20;
    }
    await using running = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], Collecting));
    await using client = await running.connect();
    await client.write(`[1] [2] "${"x".repeat(20)}"`);
    client.end();
    expect(await client.readAll()).toBe('[1]\n[2]\n{"error":"Longer than 20 bytes"}\n');
  });

  it("answers a number at the end", async () => {
    await using running = await serveJson();
    await using client = await running.connect();
    await client.write("42");
    client.end();
    expect(await client.readAll()).toBe("42\n");
  });

  it("takes no harm from a client that breaks off in the middle", async () => {
    await using running = await serveJson();
    await using client = await running.connect();
    await expectAnswer(client, '[1]{"a": ', "[1]");
    client.reset();
    await using next = await running.connect();
    await expectAnswer(next, "[2]", "[2]");
  });

  it("waits for a client that does not read: all answers come, in order", async () => {
    await using running = await serveJson();
    await using client = await running.connect();
    client.pause();
    const line = `${JSON.stringify("x".repeat(10_000))}\n`;
    const writing = client.write(line.repeat(1000));
    client.resume();
    expect(await client.read(line.length * 1000)).toBe(line.repeat(1000));
    await writing;
  });

  it("is subclassed: limits, and what to reply", async () => {
    class Doubler extends JsonStreamHandler {
      override maxSize = 10;
      override maxDepth = 1;
      override reply(value: unknown): string {
        return JSON.stringify(Number(value) * 2);
      }
    }
    await using running = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], Doubler));
    await using client = await running.connect();
    await expectAnswer(client, "21\n", "42");
    await expectAnswer(client, "[[1]]\n", '{"error":"Nested more than 1 deep"}');
    await expectAnswer(client, "12345678901", '{"error":"Longer than 10 bytes"}');
    client.end();
    expect(await client.readAll()).toBe("");
  });

  it.skipIf(unmeasured)(`ends a value of 100 MB with an error, and goes on in little memory${unmeasured}`, async () => {
    const server = await startServer("json");
    await using _command = server.command;
    for (const [first, piece] of [
      ['"', Buffer.alloc(MEGABYTE, "x")],
      ["", Buffer.alloc(MEGABYTE, "[ ")],
      ["", Buffer.alloc(MEGABYTE, "{")],
      ["", Buffer.alloc(MEGABYTE, "1")],
      ["", Buffer.alloc(MEGABYTE, "garbage ")],
    ] as const) {
      expect(await flood(server, piece, first)).toMatch(
        /^(\{"error":"[^"]*(\\"[^"]*)*"\}\n)*\{"error":"Longer than 1048576 bytes"\}\n$/,
      );
    }
    const socket = connect({ host: String(server.address[0]), port: Number(server.address[1]) });
    socket.end("[1]");
    expect(await text(socket)).toBe("[1]\n");
  });
});

describe("JsonDatagramHandler", () => {
  it.each([
    ['{"a": 1.0}', '{"a": 1.0}\n'],
    ["12\n", "12\n"],
    ["", '{"error":"Not JSON: there is nothing"}\n'],
    ["hello", '{"error":"Not JSON: a value cannot begin with \\"h\\""}\n'],
    ["1 2", '{"error":"Not JSON: there is more than one value"}\n'],
    ["[".repeat(8000), '{"error":"Nested more than 500 deep"}\n'],
  ])("answers the datagram %j", async (sent, answer) => {
    await using running = await serveDatagrams();
    await using client = await running.datagrams();
    await client.send(sent);
    expect(await client.receive()).toBe(answer);
  });

  it("answers one that was cut with an error", async () => {
    await using running = await serveDatagrams();
    await using client = await running.datagrams();
    await client.send(JSON.stringify("x".repeat(8192)));
    expect(await client.receive()).toBe('{"error":"The datagram is longer than 8192 bytes"}\n');
  });

  it("is subclassed", async () => {
    class Counter extends JsonDatagramHandler {
      override async reply(value: unknown): Promise<string> {
        return String(Object.keys(Object(value)).length);
      }
    }
    await using running = await serve(new MultiplexingUDPServer(["127.0.0.1", 0], Counter));
    await using client = await running.datagrams();
    await client.send('{"a": 1, "b": 2}');
    expect(await client.receive()).toBe("2\n");
  });
});

describe.skipIf(python.missing)(`The json server and CPython${python.reason}`, () => {
  it("answers a client that sends json.dumps() without a line's end, and reads once", async () => {
    await using running = await serveJson();
    const [host, port] = running.address as [string, number];
    const output = await runPython(
      `
import json, socket, sys
info = {"name": "Johanna", "female": True}
with socket.socket() as s:
    s.connect((sys.argv[1], int(sys.argv[2])))
    s.sendall(bytes(json.dumps(info), "UTF-8"))
    print(json.loads(s.recv(1024).decode("UTF-8")) == info)
    for value in ([1, 2.5, None], "größe", {"nested": [{}] * 3}):
        s.sendall(json.dumps(value).encode())
        print(json.loads(s.recv(1024)) == value)
    s.sendall(repr(info).encode())
    print("error" in json.loads(s.recv(1024)))
`,
      host,
      port,
    );
    expect(output).toBe("True\n".repeat(5));
  });
});

describe.skipIf(netcat.missing)(`The json server and nc${netcat.reason}`, () => {
  it("answers what is piped in", async () => {
    await using running = await serveJson();
    const [host, port] = running.address as [string, number];
    const output = await run("nc", ["-N", host, String(port)], '{"a":1}\nhello\n[2]');
    expect(output).toBe('{"a":1}\n{"error":"Not JSON: a value cannot begin with \\"h\\""}\n[2]\n');
  });
});
