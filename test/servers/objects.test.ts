import { createConnection, MultiplexingTCPServer, MultiplexingUDPServer, type Socket } from "ts-socketserver";
import { prefixLength, unprefixLength } from "ts-socketserver/framing";
import {
  classNameOf,
  ObjectCodec,
  ObjectsDatagramHandler,
  ObjectsStreamHandler,
  UnknownObject,
} from "ts-socketserver/servers";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { python, runPython } from "../clients/programs.js";
import { hearErrors } from "../robustness/support.js";
import { flood, MEGABYTE, peakMemory, startServer, unmeasured } from "./flood.js";

/** The course's example. */
class Person {
  name: string;
  male: boolean;

  constructor(name: string, male: boolean) {
    this.name = name;
    this.male = male;
  }

  greet(): string {
    return `Hello, I am ${this.name}`;
  }
}

const serveObjects = () => serve(new MultiplexingTCPServer(["127.0.0.1", 0], ObjectsStreamHandler));

/** Sends a message that was written by hand, and reads the answer. */
async function answerTo(socket: Socket, text: string | Uint8Array): Promise<unknown> {
  await socket.sendall(prefixLength(Buffer.from(text)));
  return await new ObjectCodec().load(socket);
}

describe("ObjectsStreamHandler", () => {
  it("sends back a Person, which is one again at the client, though the server knows no such class", async () => {
    await using running = await serveObjects();
    await using socket = await createConnection(running.address);
    const codec = new ObjectCodec().register(Person);
    await codec.dump(new Person("Sarah", true), socket);
    const person = (await codec.load(socket)) as Person;
    expect(person).toBeInstanceOf(Person);
    expect(person.greet()).toBe("Hello, I am Sarah");
  });

  it("sends back what JSON cannot carry", async () => {
    await using running = await serveObjects();
    await using socket = await createConnection(running.address);
    const codec = new ObjectCodec();
    const value: Record<string, unknown> = {
      map: new Map<unknown, unknown>([[1n, new Set([undefined, Number.NaN, -0])]]),
      date: new Date(0),
      bytes: Buffer.from("bytes"),
      floats: Float64Array.of(0.1, 0.2),
    };
    value.itself = value;
    await codec.dump(value, socket);
    const answer = (await codec.load(socket)) as typeof value;
    expect(answer).toEqual(value);
    expect(answer.itself).toBe(answer);
  });

  it("takes messages apart that arrive as one, and puts one together that arrives in pieces", async () => {
    await using running = await serveObjects();
    await using client = await running.connect();
    const codec = new ObjectCodec();
    const [one, two] = ["one", "two"].map((word) => prefixLength(codec.dumps(word))) as [Buffer, Buffer];
    await client.write(Buffer.concat([one, two, one.subarray(0, 3)]));
    expect(await client.read(one.length + two.length)).toBe(`${one}${two}`);
    await client.write(one.subarray(3, 7));
    await client.write(one.subarray(7));
    expect(await client.read(one.length)).toBe(String(one));
  });

  it.each([
    { what: "what is no object", text: "hello", error: /Not a message of an ObjectCodec/ },
    { what: "no bytes at all", text: "", error: /Not a message of an ObjectCodec/ },
    { what: "invalid UTF-8", text: Buffer.from([0x22, 0xff, 0x22]), error: /it is not UTF-8/ },
    {
      what: "nesting 10,000 deep",
      text: JSON.stringify(Array.from({ length: 10_000 }, (_, place) => [place + 1])),
      error: /Nested more than 500 deep/,
    },
    { what: "a field that would replace a method", text: '[["class X",1],{"toString":2},1]', error: /field toString/ },
    { what: "the key __proto__", text: '[{"__proto__":1},{}]', error: /__proto__/ },
    { what: "a type that is none", text: '[["constructor",1],{}]', error: /which is not taken/ },
  ])("answers $what with an error, and the connection lives", async ({ text, error }) => {
    await using running = await serveObjects();
    using errors = hearErrors(running.server);
    await using socket = await createConnection(running.address);
    expect(await answerTo(socket, text)).toEqual({ error: expect.stringMatching(error) });
    expect(await answerTo(socket, '["next"]')).toBe("next");
    expect(errors.heard).toEqual([]);
  });

  it("answers what grows over the limit on its way back with an error: some letters take six bytes", async () => {
    await using running = await serveObjects();
    await using socket = await createConnection(running.address);
    const answer = await answerTo(socket, JSON.stringify(["<".repeat(500_000)]));
    expect(answer).toEqual({ error: expect.stringContaining("they may be 1048576") });
  });

  it("answers a length that lies with an error, ends the connection, and serves the next", async () => {
    await using running = await serveObjects();
    using errors = hearErrors(running.server);
    await using socket = await createConnection(running.address);
    await socket.sendall(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x5b]));
    const codec = new ObjectCodec();
    expect(await codec.load(socket)).toEqual({ error: "Longer than 1048576 bytes" });
    expect(await socket.recv(1)).toHaveLength(0);
    await using next = await createConnection(running.address);
    expect(await answerTo(next, "[1]")).toBe(1);
    expect(errors.heard).toEqual([]);
  });

  it("tells a client that ends within a message, ends as well, and serves the next", async () => {
    await using running = await serveObjects();
    using errors = hearErrors(running.server);
    await using client = await running.connect();
    await client.write(prefixLength(Buffer.from("[1]")).subarray(0, 6));
    client.end();
    expect((await client.readAll()).slice(4)).toBe('[{"error":1},"Cut short: 2 of 3 bytes"]');
    expect(errors.heard).toEqual([]);
    await using next = await createConnection(running.address);
    expect(await answerTo(next, "[1]")).toBe(1);
  });

  it("collects answers where wbufsize says so, and loses none when a message is cut short", async () => {
    class Collecting extends ObjectsStreamHandler {
      override wbufsize = -1;
    }
    await using running = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], Collecting));
    await using client = await running.connect();
    const whole = prefixLength(Buffer.from("[1]"));
    await client.write(Buffer.concat([whole, whole, whole.subarray(0, 6)]));
    client.end();
    const cutShort = prefixLength(Buffer.from('[{"error":1},"Cut short: 2 of 3 bytes"]'));
    expect(await client.readAll()).toBe(String(Buffer.concat([whole, whole, cutShort])));
  });

  it("is subclassed: classes of its own, and what to reply", async () => {
    class Greeter extends ObjectsStreamHandler {
      override codec = new ObjectCodec().register(Person);
      override reply(value: unknown): unknown {
        return value instanceof Person ? value.greet() : value;
      }
    }
    await using running = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], Greeter));
    await using socket = await createConnection(running.address);
    const codec = new ObjectCodec().register(Person);
    await codec.dump(new Person("Sarah", true), socket);
    expect(await codec.load(socket)).toBe("Hello, I am Sarah");
    expect(await answerTo(socket, '[["class Cat",1],{}]')).toEqual({ error: "The class Cat is not registered" });
  });

  it("lets a handler see an unknown class as data", async () => {
    const seen: unknown[] = [];
    class Watcher extends ObjectsStreamHandler {
      override reply(value: unknown): unknown {
        seen.push(value);
        return null;
      }
    }
    await using running = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], Watcher));
    await using socket = await createConnection(running.address);
    expect(await answerTo(socket, '[["class Cat",1],{"name":2},"Tom"]')).toBeNull();
    expect(seen).toEqual([Object.assign(new UnknownObject(), { name: "Tom" })]);
    expect(classNameOf(seen[0] as UnknownObject)).toBe("Cat");
  });

  it.skipIf(unmeasured)(`takes no memory for 100 MB that follow a lying length${unmeasured}`, async () => {
    const server = await startServer("objects");
    await using _command = server.command;
    expect(await flood(server, Buffer.alloc(MEGABYTE, "x"))).toContain("Longer than 1048576 bytes");
    await using socket = await createConnection(server.address);
    expect(await answerTo(socket, "[1]")).toBe(1);
  });
});

describe.skipIf(unmeasured)(`socketserver objects and bytes that are held many times${unmeasured}`, () => {
  it.each([
    {
      what: "Buffers",
      items: (place: number) => [
        ["Buffer", place + 1],
        ["Uint8Array", 1, 0, 299_999],
      ],
    },
    { what: "views", items: () => [["Uint8Array", 1, 0, 299_999]] },
  ])("takes no memory for $what that share theirs, which would come back as copies", async ({ items }) => {
    const list: unknown[] = [[], ["ArrayBuffer", Buffer.alloc(300_000).toString("base64")]];
    const places: number[] = [];
    for (let count = 0; count < 400; count += 1) {
      places.push(list.length);
      list.push(...items(list.length));
    }
    list[0] = places;
    const { command, address } = await startServer("objects");
    await using _command = command;
    await using socket = await createConnection(address);
    const before = peakMemory(command.pid);
    expect(await answerTo(socket, JSON.stringify(list))).toEqual({
      error: expect.stringContaining("they may be 1048576"),
    });
    expect(peakMemory(command.pid) - before).toBeLessThan(60 * MEGABYTE);
  });
});

describe("ObjectsDatagramHandler", () => {
  it("sends back the object of each datagram", async () => {
    await using running = await serve(new MultiplexingUDPServer(["127.0.0.1", 0], ObjectsDatagramHandler));
    await using client = await running.datagrams();
    const codec = new ObjectCodec().register(Person);
    await client.send(prefixLength(codec.dumps(new Person("Sarah", true))));
    const answer = unprefixLength(Buffer.from(await client.receive()));
    expect(codec.loads(answer)).toBeInstanceOf(Person);
  });

  it.each([
    { what: "one that is none", sent: prefixLength(Buffer.from("hello")), error: /Not a message/ },
    { what: "one that was cut", sent: prefixLength(Buffer.alloc(9000)), error: /Cut short: 8192 of 9004 bytes/ },
    { what: "an empty one", sent: Buffer.alloc(0), error: /Cut short: 0 of 4 bytes/ },
    { what: "one with a length that lies", sent: Buffer.from([0, 0, 0, 1, 1, 1]), error: /Longer than 5 bytes/ },
  ])("answers $what with an error", async ({ sent, error }) => {
    await using running = await serve(new MultiplexingUDPServer(["127.0.0.1", 0], ObjectsDatagramHandler));
    await using client = await running.datagrams();
    await client.send(sent);
    const answer = unprefixLength(Buffer.from(await client.receive()));
    expect(new ObjectCodec().loads(answer)).toEqual({ error: expect.stringMatching(error) });
  });
});

describe.skipIf(python.missing)(`The objects server and CPython${python.reason}`, () => {
  it("answers a client that packs the length with struct, and writes the message with json", async () => {
    await using running = await serveObjects();
    const [host, port] = running.address as [string, number];
    const output = await runPython(
      `
import json, socket, struct, sys
def send(value):
    data = json.dumps(value).encode()
    s.sendall(struct.pack("!I", len(data)) + data)
def receive():
    size, = struct.unpack("!I", s.recv(4, socket.MSG_WAITALL))
    return json.loads(s.recv(size, socket.MSG_WAITALL))
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s:
    send([["class Person", 1], {"name": 2, "male": 3}, "Sarah", True])
    print(receive())
    import pickle
    data = pickle.dumps(print)
    s.sendall(struct.pack("!I", len(data)) + data)
    print("error" in receive()[0])
`,
      host,
      port,
    );
    expect(output).toBe("[['class Person', 1], {'name': 2, 'male': 3}, 'Sarah', True]\nTrue\n");
  });
});
