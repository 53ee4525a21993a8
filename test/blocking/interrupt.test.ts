/** What wakes a thread that blocks, from within one thread: what would wake it has been said before it blocks. */
import { AF_UNIX, BlockingSocket, ClosedResourceError } from "ts-socketserver";
import { beforeEach, describe, expect, it } from "vitest";
import { Interrupt, WAKE_FOR_MESSAGE, wakeToken } from "../../dist/core/blocking/wait.js";
import { temporaryPath } from "../support/temporary-path.js";
import { available, connected, listening, pair, unless } from "./peers.js";

describe.skipIf(!available)(`An interrupt${unless}`, () => {
  let other: BlockingSocket;
  let interrupt: Interrupt;
  let aborted: number[];
  const say = (word: number): void => other.sendall(wakeToken(word));

  // Each one takes the place of the one before.
  beforeEach(async () => {
    const [own, theirs] = await pair();
    other = theirs;
    aborted = [];
    interrupt = new Interrupt(own.fileno(), (request) => aborted.push(request));
    interrupt.begin(0);
  });

  it("fails the call that waits, and every later one, until the next request begins", () => {
    interrupt.begin(7);
    const [client, server] = connected();
    using _client = client;
    using _server = server;
    say(7);
    const message =
      /^Cannot receive from tcp 127\.0\.0\.1:\d+: the server has broken off the request that it is done for/;
    expect(() => client.recv(10)).toThrow(message);
    expect(() => client.recv(10)).toThrow(ClosedResourceError);
    expect(() => client.recvInto(new Uint8Array(1))).toThrow(message);
    expect(() => client.sendall("x")).toThrow(ClosedResourceError);
    expect(() => client.send("x")).toThrow(ClosedResourceError);
    expect(() => new BlockingSocket().connect(["127.0.0.1", 1])).toThrow(
      "Cannot connect to tcp 127.0.0.1:1: the server has broken off",
    );
    expect(() => client.connect(["a.invalid", 1])).toThrow(ClosedResourceError);
    expect(() => client.recvfrom(1)).toThrow(ClosedResourceError);
    expect(aborted).toEqual([7]);
    interrupt.begin(8);
    client.sendall("x");
    expect(server.recv(10).toString()).toBe("x");
  });

  it("wakes a connection that has been busy, whether its reads have to wait or not", () => {
    const [client, server] = connected();
    using _client = client;
    using _server = server;
    interrupt.begin(1);
    const exchange = (): void => {
      client.sendall("x");
      expect(server.recv(10).toString()).toMatch(/^x+$/); // more where an exchange was broken off
    };
    exchange();
    say(1);
    // It comes to be looked at among reads that find something, too.
    expect(() => {
      for (let count = 0; count < 100; count += 1) exchange();
    }).toThrow("the server has broken off the request");
    interrupt.begin(2);
    exchange();
    say(2);
    expect(() => server.recv(10)).toThrow("the server has broken off the request");
    expect(aborted).toEqual([1, 2]);
  });

  it("wakes every kind of wait", () => {
    using listener = listening();
    const waits: (() => unknown)[] = [
      () => listener.accept(),
      () => {
        const [client] = connected();
        client.sendall(Buffer.alloc(30_000_000));
      },
      () => {
        using socket = new BlockingSocket(AF_UNIX, 2);
        const path = temporaryPath();
        using receiver = new BlockingSocket(AF_UNIX, 2);
        receiver.bind(path);
        for (;;) socket.sendto("x", path);
      },
      () => {
        using socket = new BlockingSocket(2, 2);
        socket.bind(["127.0.0.1", 0]);
        socket.recvfrom(10);
      },
    ];
    for (const [index, wait] of waits.entries()) {
      interrupt.begin(index + 1);
      say(index + 1);
      expect(wait).toThrow("the server has broken off the request");
    }
    expect(aborted).toEqual([1, 2, 3, 4]);
  });

  it("is noticed also by calls that never have to wait", async () => {
    interrupt.begin(1);
    const [one, two] = await pair();
    using _one = one;
    using _two = two;
    const chat = (): number => {
      for (let count = 0; ; count += 1) {
        try {
          one.sendall("x");
          two.recvInto(new Uint8Array(1));
        } catch (error) {
          expect(error).toBeInstanceOf(ClosedResourceError);
          return count;
        }
      }
    };
    say(1);
    expect(chat()).toBeLessThanOrEqual(64);
  });

  it("for a request that has ended, or for none, means nothing", () => {
    interrupt.begin(5);
    say(4);
    say(WAKE_FOR_MESSAGE);
    const [client, server] = connected();
    using _client = client;
    using _server = server;
    client.settimeout(0.01);
    expect(() => client.recv(10)).toThrow("connection timed out");
    server.sendall("x");
    say(3);
    expect(client.recv(10).toString()).toBe("x");
    interrupt.begin(0);
    say(0);
    expect(() => client.recv(10)).toThrow("connection timed out");
    expect(aborted).toEqual([]);
  });

  it("is for good when whoever holds the other end is gone", () => {
    interrupt.begin(1);
    const [client, server] = connected();
    using _client = client;
    using _server = server;
    other.close();
    expect(() => client.recv(10)).toThrow(ClosedResourceError);
    interrupt.begin(2);
    expect(() => client.recv(10)).toThrow(ClosedResourceError);
    expect(aborted).toEqual([1]);
  });
});
