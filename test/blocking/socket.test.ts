import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, lstatSync, writeFileSync } from "node:fs";
import { inspect } from "node:util";
import {
  AF_INET6,
  AF_UNIX,
  BlockingIOError,
  BlockingSocket,
  BrokenPipeError,
  ClosedResourceError,
  ConnectionRefusedError,
  ConnectionResetError,
  GaiError,
  type OSError,
  Socket,
  TimeoutError,
  UnsupportedOperation,
} from "ts-socketserver";
import {
  IPPROTO_TCP,
  MSG_DONTWAIT,
  MSG_PEEK,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_ERROR,
  SO_PEERCRED,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  setdefaulttimeout,
  TCP_NODELAY,
} from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { flagsOf } from "../native/support.js";
import { FullBacklog } from "../socket/full-backlog.js";
import { temporaryPath } from "../support/temporary-path.js";
import { available, connected, here, listening, Peer, pair, unless } from "./peers.js";

/** A flag of the system that no call here takes. */
const MSG_WAITALL = 0x100;

/** Its number on Linux. */
const SO_RCVTIMEO = 20;

/** What a call throws. */
function thrown(call: () => unknown): OSError {
  try {
    call();
  } catch (error) {
    return error as OSError;
  }
  throw new Error("It has thrown nothing");
}

/** How long a call takes, in seconds. */
function timed(call: () => unknown): number {
  const start = performance.now();
  call();
  return (performance.now() - start) / 1000;
}

describe.skipIf(!available)(`BlockingSocket over streams${unless}`, () => {
  it("connects, accepts and moves bytes in both directions", () => {
    using listener = listening();
    using client = new BlockingSocket();
    expect(client.remoteEndpoint).toBeNull();
    client.connect(listener.getsockname());
    const [server, address] = listener.accept();
    using connection = server;
    expect(address).toEqual(client.getsockname());
    expect(connection.getpeername()).toEqual(client.localEndpoint);
    expect(client.remoteEndpoint).toEqual(listener.getsockname());
    client.sendall("hello");
    expect(connection.recv(1024).toString()).toBe("hello");
    expect(connection.send(Buffer.from("and back"))).toBe(8);
    expect(client.recv(3).toString()).toBe("and");
    expect(client.recv(1024).toString()).toBe(" back");
    connection.shutdown(SHUT_WR);
    expect(client.recv(1024)).toHaveLength(0);
    expect(client.recv(1024)).toHaveLength(0);
    expect(client.counters).toEqual({ bytesRead: 8, bytesWritten: 5, unreadBytes: 0 });
  });

  it("really waits: for bytes, and for room", async () => {
    await using peer = await Peer.start(`serve((socket) => setTimeout(() => socket.pipe(socket), 100));`);
    using client = new BlockingSocket();
    // Not for ever, should it be wrong: nothing else of this thread would run then, a time-out of the test included.
    client.settimeout(10);
    client.connect(peer.address);
    const much = Buffer.alloc(300_000, "abc");
    client.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096);
    // The echo of what this thread has not sent yet is read by nobody, and fits the system's buffers.
    client.sendall(much);
    const file = client.makefile("rb");
    expect(file.readexactly(much.length).equals(much)).toBe(true);
  });

  it("is given away as any other, however it has waited", async () => {
    const [one, other] = await pair();
    using _other = other;
    one.settimeout(0.03);
    other.sendall("x");
    expect(one.recv(10).toString()).toBe("x");
    const before = performance.now();
    expect(() => one.recv(10)).toThrow(TimeoutError);
    expect(performance.now() - before).toBeGreaterThanOrEqual(29.9);
    const descriptor = one.fileno();
    expect(flagsOf(descriptor).nonBlocking).toBe(false);
    expect(one.detach()).toBe(descriptor);
    expect(flagsOf(descriptor).nonBlocking).toBe(true);
    using heir = new BlockingSocket(one.family, one.type, 0, { fileno: descriptor });
    heir.settimeout(0.01);
    expect(() => heir.recv(10)).toThrow(TimeoutError);
    other.sendall("y");
    expect(heir.recv(10).toString()).toBe("y");
  });

  it("heeds its own time-out, whatever the system was told of one", async () => {
    const [one, other] = await pair();
    using _one = one;
    using _other = other;
    one.settimeout(0.03);
    const wait = (): number => {
      const before = performance.now();
      expect(() => one.recv(10)).toThrow(TimeoutError);
      return performance.now() - before;
    };
    other.sendall("x");
    one.recv(10);
    wait();
    // For ever, as the system has it.
    one.setsockopt(SOL_SOCKET, SO_RCVTIMEO, Buffer.alloc(16));
    expect(wait()).toBeLessThan(5000);
    using copy = one.dup();
    const descriptor = copy.detach();
    expect(flagsOf(descriptor).nonBlocking).toBe(true);
    using _heir = new BlockingSocket(one.family, one.type, 0, { fileno: descriptor });
  });

  it("reads into the caller's memory", async () => {
    const [one, other] = await pair();
    using _one = one;
    using _other = other;
    one.sendall("hello");
    const memory = new Uint8Array(4);
    expect(other.recvInto(memory)).toBe(4);
    expect(Buffer.from(memory).toString()).toBe("hell");
    expect(other.recvInto(memory, 3)).toBe(1);
    expect(Buffer.from(memory).toString()).toBe("oell");
    expect(other.recvInto(new Uint8Array(0))).toBe(0);
    one.sendall("more");
    expect(other.recvfromInto(memory)).toEqual([4, ""]);
    one.sendall("again");
    expect(other.recvfrom(10)).toEqual([Buffer.from("again"), "", false]);
  });

  it("looks without taking, and does not wait where it is told so", () => {
    const [client, server] = connected();
    using _client = client;
    using _server = server;
    const error = thrown(() => server.recv(1, MSG_DONTWAIT));
    expect(error).toBeInstanceOf(BlockingIOError);
    expect(error.message).toMatch(
      /^Cannot receive from tcp 127\.0\.0\.1:\d+ without waiting: resource temporarily unavailable \(EAGAIN\)$/,
    );
    client.sendall("hello");
    expect(server.recv(100, MSG_PEEK).toString()).toBe("hello");
    expect(server.counters).toMatchObject({ bytesRead: 0, unreadBytes: 5 });
    expect(server.recv(2).toString()).toBe("he");
    expect(server.recv(2, MSG_DONTWAIT).toString()).toBe("ll");
    expect(server.recv(2).toString()).toBe("o");
    expect(server.recv(0)).toHaveLength(0);
  });

  it("refuses a size that is none, and flags that it does not know", () => {
    const [client, server] = connected();
    using _client = client;
    using _server = server;
    expect(() => client.recv(-1)).toThrow(RangeError);
    expect(() => client.recv(1.5)).toThrow(
      "Cannot receive 1.5 bytes: the size is a whole number that is not negative.",
    );
    expect(() => client.recv(1, MSG_WAITALL)).toThrow(UnsupportedOperation);
    expect(() => client.sendall(5 as unknown as string)).toThrow("Cannot send 5: give a string or bytes");
    expect(() => client.shutdown(9)).toThrow("Cannot shut down in the direction 9");
  });

  it("sends what is longer than the system takes at once, and not what is empty", async () => {
    await using peer = await Peer.start(`
      serve((socket) => {
        let count = 0;
        socket.on("data", (chunk) => { count += chunk.length; }).on("end", () => socket.end(String(count)));
      });
    `);
    using client = new BlockingSocket();
    client.connect(peer.address);
    client.sendall("");
    expect(client.send("")).toBe(0);
    client.sendall(Buffer.alloc(20_000_000));
    client.shutdown(SHUT_WR);
    expect(client.recv(100).toString()).toBe("20000000");
  });

  it("speaks IPv6", () => {
    using listener = new BlockingSocket(AF_INET6);
    listener.bind(["::1", 0]);
    listener.listen(5);
    using client = new BlockingSocket(AF_INET6);
    client.connect(listener.getsockname());
    using server = listener.accept()[0];
    server.sendall("six");
    expect(client.recv(10).toString()).toBe("six");
  });

  it("duplicates, gives up and takes over descriptors", () => {
    const [client, server] = connected();
    using _server = server;
    client.settimeout(7);
    const copy = client.dup();
    expect(copy.gettimeout()).toBe(7);
    client.close();
    copy.sendall("from the copy");
    expect(server.recv(100).toString()).toBe("from the copy");
    const fileno = copy.detach();
    expect([copy.closed, copy.fileno()]).toEqual([true, -1]);
    using taken = new BlockingSocket(undefined, undefined, undefined, { fileno });
    expect([taken.family, taken.type, taken.proto]).toEqual([2, SOCK_STREAM, IPPROTO_TCP]);
    expect(taken.getpeername()).toEqual(server.getsockname());
    taken.sendall("from the third");
    expect(server.recv(100).toString()).toBe("from the third");
    expect(() => new BlockingSocket(2, 1, 0, { fileno: 99_999 })).toThrow(
      "Cannot take over the descriptor 99999: bad file descriptor (EBADF)",
    );
  });

  it("sets and reads options, numbers and structures", () => {
    const [client, server] = connected();
    using _client = client;
    using _server = server;
    expect(client.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(0);
    client.setsockopt(IPPROTO_TCP, TCP_NODELAY, true);
    expect(client.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(1);
    client.setsockopt(SOL_SOCKET, SO_RCVBUF, Buffer.from(Int32Array.of(10_000).buffer));
    expect(client.getsockopt(SOL_SOCKET, SO_RCVBUF)).toBe(20_000);
    expect(thrown(() => client.setsockopt(IPPROTO_TCP, 9999, 1)).message).toMatch(
      /^Cannot set option 9999 of level 6 on tcp 127.0.0.1:\d+: protocol not available \(ENOPROTOOPT\)$/,
    );
    expect(() => client.getsockopt(IPPROTO_TCP, 9999)).toThrow("Cannot read option 9999 of level 6 on tcp");
  });

  it("prints as Python's does", () => {
    const [client, server] = connected();
    expect(inspect(client)).toMatch(/^<BlockingSocket tcp 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+>$/);
    client.close();
    server.close();
    expect(String(client)).toBe("<BlockingSocket [closed] tcp>");
  });
});

describe.skipIf(!available)(`BlockingSocket's time-outs${unless}`, () => {
  it("give up after their time, and say so", () => {
    const [client, server] = connected();
    using _client = client;
    using _server = server;
    client.settimeout(0.05);
    expect([client.gettimeout(), client.getblocking()]).toEqual([0.05, true]);
    let error: unknown;
    expect(timed(() => (error = thrown(() => client.recv(10))))).toBeGreaterThanOrEqual(0.05);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ code: "ETIMEDOUT", syscall: "recv" });
    expect((error as Error).message).toMatch(
      /^Cannot receive from tcp 127\.0\.0\.1:\d+ within 0\.05 s: connection timed out \(ETIMEDOUT\)$/,
    );
    // The connection is as good as before.
    server.sendall("late");
    expect(client.recv(10).toString()).toBe("late");
    expect(() => client.recvInto(new Uint8Array(10))).toThrow(TimeoutError);
    expect(() => client.recv(10)).toThrow(TimeoutError);
  });

  it("count for the whole of a sendall()", () => {
    const [client, server] = connected();
    using _client = client;
    using _server = server;
    client.settimeout(0.05);
    const error = thrown(() => client.sendall(Buffer.alloc(30_000_000)));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toMatch(/^Cannot send to tcp .* within 0\.05 s/);
    expect(client.counters.bytesWritten).toBeGreaterThan(0);
  });

  it("count for accept() and connect()", async () => {
    using listener = listening();
    listener.settimeout(0.02);
    expect(thrown(() => listener.accept()).message).toMatch(
      /^Cannot accept a connection on tcp 127\.0\.0\.1:\d+ within 0\.02 s: connection timed out/,
    );
    await using full = await FullBacklog.start(here[0]);
    using client = new BlockingSocket();
    client.settimeout(0.05);
    const error = thrown(() => client.connect(full.address));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toBe(`Cannot connect to tcp ${full.address.join(":")}: connection timed out (ETIMEDOUT)`);
  });

  it("of 0 never wait", async () => {
    const [one, other] = await pair();
    using _one = one;
    using _other = other;
    one.setblocking(false);
    expect([one.gettimeout(), one.getblocking()]).toEqual([0, false]);
    expect(() => one.recv(10)).toThrow(BlockingIOError);
    expect(() => one.sendall(Buffer.alloc(10_000_000))).toThrow(BlockingIOError);
    other.sendall("x");
    expect(one.recv(10).toString()).toBe("x");
    one.setblocking(true);
    expect(one.gettimeout()).toBeNull();
    using listener = listening();
    listener.settimeout(0);
    expect(() => listener.accept()).toThrow(BlockingIOError);
    using client = new BlockingSocket();
    client.settimeout(0);
    const error = thrown(() => client.connect(listener.getsockname()));
    expect(error).toMatchObject({ code: "EINPROGRESS" });
    client.settimeout(5);
    listener.settimeout(5);
    using server = listener.accept()[0];
    server.sendall("done");
    expect(client.recv(10).toString()).toBe("done");
    expect(client.getpeername()).toEqual(listener.getsockname());
    expect(client.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
  });

  it("begin with the default, and refuse what is none", () => {
    setdefaulttimeout(0.01);
    try {
      using listener = listening();
      expect(listener.gettimeout()).toBe(0.01);
      expect(() => listener.accept()).toThrow(TimeoutError);
    } finally {
      setdefaulttimeout(null);
    }
    using socket = new BlockingSocket();
    expect(() => socket.settimeout(-1)).toThrow("Cannot set a time-out of -1");
  });
});

describe.skipIf(!available)(`BlockingSocket's errors${unless}`, () => {
  it("tell a refused connection, by its address", () => {
    const listener = listening();
    const address = listener.getsockname();
    listener.close();
    using client = new BlockingSocket();
    const error = thrown(() => client.connect(address));
    expect(error).toBeInstanceOf(ConnectionRefusedError);
    expect(error.message).toMatch(/^Cannot connect to tcp 127\.0\.0\.1:\d+: connection refused \(ECONNREFUSED\)$/);
    using other = new BlockingSocket();
    expect(other.connectEx(address)).toBe(111);
    expect(() => other.recv(1)).toThrow(/Cannot receive from tcp .*: socket is not connected \(ENOTCONN\)/);
  });

  it("tell an address in use, a second connect(), and a missing peer", () => {
    using listener = listening();
    using second = new BlockingSocket();
    expect(thrown(() => second.bind(listener.getsockname())).message).toMatch(
      /^Cannot bind tcp 127\.0\.0\.1:\d+: address already in use \(EADDRINUSE\)$/,
    );
    using client = new BlockingSocket();
    expect(() => client.getpeername()).toThrow("socket is not connected (ENOTCONN)");
    expect(() => client.shutdown(SHUT_RDWR)).toThrow("Cannot shut down tcp");
    expect(() => client.recv(10)).toThrow("socket is not connected (ENOTCONN)");
    client.connect(listener.getsockname());
    expect(() => client.connect(listener.getsockname())).toThrow("socket is already connected (EISCONN)");
    expect(() => client.accept()).toThrow(/Cannot accept a connection on tcp .*invalid argument/);
    expect(() => new BlockingSocket(AF_UNIX).connect("/nowhere/at/all")).toThrow(
      "Cannot connect to unix /nowhere/at/all: no such file or directory (ENOENT)",
    );
    expect(() => new BlockingSocket(AF_UNIX, SOCK_STREAM, 77)).toThrow("Cannot make a unix socket");
  });

  it("tell a reset, and tell it again", () => {
    const [client, server] = connected();
    using _server = server;
    client.abort();
    expect(() => server.recv(10)).toThrow(ConnectionResetError);
    expect(() => server.recv(10)).toThrow(/^Cannot receive from tcp .*: connection reset by peer \(ECONNRESET\)$/);
  });

  it("tell a reset also where the read before has taken all that there was", () => {
    const [client, server] = connected();
    using _server = server;
    client.sendall("last");
    expect(server.recv(100).toString()).toBe("last");
    client.abort();
    expect(() => server.recv(10)).toThrow(ConnectionResetError);
    expect(() => server.recvInto(new Uint8Array(1))).toThrow(ConnectionResetError);
    expect(() => server.recv(10)).toThrow(ConnectionResetError);
  });

  it.each(["send", "sendall"] as const)("tell a reset to %s(), and again to who reads then", (call) => {
    const [client, server] = connected();
    using _server = server;
    client.abort();
    expect(thrown(() => server[call]("x")).message).toMatch(
      /^Cannot send to tcp 127\.0\.0\.1:\d+: connection reset by peer \(ECONNRESET\)$/,
    );
    expect(() => server.recv(10)).toThrow(ConnectionResetError);
    expect(() => server[call]("x")).toThrow(BrokenPipeError);
  });

  it("of a socket without a peer are forgotten when it has one", () => {
    using listener = listening();
    using client = new BlockingSocket();
    expect(() => client.recv(10)).toThrow("(ENOTCONN)");
    client.connect(listener.getsockname());
    listener.accept()[0].close();
    expect(client.recv(10)).toHaveLength(0);
  });

  it("tell who no longer reads", async () => {
    const [one, other] = await pair();
    using _one = one;
    other.close();
    expect(() => one.sendall("x")).toThrow(BrokenPipeError);
    const [third, fourth] = connected();
    using _third = third;
    using _fourth = fourth;
    third.shutdown(SHUT_WR);
    expect(() => third.sendall("x")).toThrow(/^Cannot send to tcp 127\.0\.0\.1:\d+: broken pipe \(EPIPE\)$/);
  });

  it("tell that it is closed", () => {
    const [client, server] = connected();
    const peer = server.getsockname() as [string, number];
    client.close();
    client.close();
    server.close();
    for (const call of [
      () => client.recv(1),
      () => client.recvInto(new Uint8Array(1)),
      () => client.sendall("x"),
      () => client.send("x"),
      () => client.bind(here),
      () => client.connect(peer),
      () => client.listen(),
      () => client.accept(),
      () => client.shutdown(SHUT_WR),
      () => client.dup(),
      () => client.detach(),
      () => client.getsockname(),
      () => client.getpeername(),
      () => client.setsockopt(SOL_SOCKET, SO_RCVBUF, 1),
    ]) {
      expect(call).toThrow(ClosedResourceError);
    }
    expect(thrown(() => client.recv(1)).message).toBe(
      `Cannot receive from tcp ${peer.join(":")}: it was closed by this program (EBADF)`,
    );
    expect(thrown(() => client.connect(peer)).message).toBe(
      `Cannot connect to tcp ${peer.join(":")}: it was closed by this program (EBADF)`,
    );
    expect([client.fileno(), client.remoteEndpoint]).toEqual([-1, null]);
  });
});

describe.skipIf(!available)(`BlockingSocket's host names${unless}`, () => {
  it("know localhost, and every other form that needs no look-up", () => {
    using listener = new BlockingSocket();
    listener.bind(["localhost", 0]);
    expect(listener.getsockname()).toEqual(["127.0.0.1", expect.any(Number)]);
    listener.listen();
    for (const host of ["localhost", "LocalHost", "db.localhost", "", "127.1"]) {
      using client = new BlockingSocket();
      client.connect([host, (listener.getsockname() as [string, number])[1]]);
      expect(client.remoteEndpoint).toEqual(listener.getsockname());
      listener.accept()[0].close();
    }
  });

  it("are looked up by another thread, which is asked again", () => {
    using client = new BlockingSocket();
    for (const host of ["nosuch.invalid", "neither.invalid"]) {
      const error = thrown(() => client.connect([host, 80]));
      expect(error).toBeInstanceOf(GaiError);
      expect(error.message).toMatch(new RegExp(`^Cannot resolve "${host}": .* \\((ENOTFOUND|EAI_AGAIN)\\)$`));
    }
  });

  it("are looked up also for a program that is no file", () => {
    const program = `
      import { BlockingSocket } from "ts-socketserver";
      try { new BlockingSocket().connect(["nosuch.invalid", 80]); } catch (error) { console.log(error.message); }
    `;
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
    expect(said).toMatch(/^Cannot resolve "nosuch\.invalid": .* \((ENOTFOUND|EAI_AGAIN)\)\n$/);
    expect(said).not.toContain("does not answer");
  });

  it("are refused where the address is wrong anyway", () => {
    using client = new BlockingSocket();
    expect(() => client.connect(["nosuch.invalid", 70_000])).toThrow(RangeError);
    expect(() => client.connect(["::1", 80])).toThrow(GaiError);
    expect(() => client.connect("/a/path")).toThrow("as an address of AF_INET");
    expect(() => new BlockingSocket(AF_UNIX).bind(here)).toThrow("as an address of AF_UNIX");
  });
});

describe.skipIf(!available)(`BlockingSocket over datagrams${unless}`, () => {
  const bound = (): BlockingSocket => {
    const socket = new BlockingSocket(2, SOCK_DGRAM);
    socket.bind(here);
    return socket;
  };

  it("sends to an address, and receives with the sender's", () => {
    using one = bound();
    using other = bound();
    expect(one.sendto("hello", other.getsockname())).toBe(5);
    expect(other.recvfrom(100)).toEqual([Buffer.from("hello"), one.getsockname(), false]);
    one.sendto("", other.getsockname());
    expect(other.recvfrom(100)).toEqual([Buffer.alloc(0), one.getsockname(), false]);
    one.sendto("too long", other.getsockname());
    expect(other.recvfrom(3)).toEqual([Buffer.from("too"), one.getsockname(), true]);
    one.sendto("into memory", other.getsockname());
    const memory = Buffer.alloc(4);
    expect(other.recvfromInto(memory)).toEqual([4, one.getsockname()]);
    expect(memory.toString()).toBe("into");
    one.sendto("plain", other.getsockname());
    expect(other.recv(100).toString()).toBe("plain");
    expect(() => other.recvfrom(10, MSG_DONTWAIT)).toThrow(BlockingIOError);
  });

  it("keeps what one datagram brought when the next comes", () => {
    using one = bound();
    using other = bound();
    const received: Buffer[] = [];
    for (let count = 0; count < 200; count += 1) {
      one.sendto(`number ${count} ${"x".repeat(count * 10)}`, other.getsockname());
      received.push(other.recvfrom(8192)[0]);
    }
    expect(received.map(String)).toEqual(received.map((_, count) => `number ${count} ${"x".repeat(count * 10)}`));
  });

  it("remembers whom it is connected to", () => {
    using one = bound();
    using other = bound();
    expect(() => one.sendall("x")).toThrow("destination address required (EDESTADDRREQ)");
    one.connect(other.getsockname());
    one.sendall("hello");
    expect(one.send("you")).toBe(3);
    expect(other.recv(10).toString()).toBe("hello");
    using third = bound();
    expect(one.sendto("you too", third.getsockname())).toBe(7);
    expect(third.recvfrom(10)).toEqual([Buffer.from("you too"), one.getsockname(), false]);
    expect(() => other.sendto("x", ["127.0.0.1", 0])).toThrow("(EINVAL)");
    one.shutdown(SHUT_RD);
    expect(one.recv(10)).toHaveLength(0);
    one.shutdown(SHUT_WR);
    expect(() => one.sendall("x")).toThrow(BrokenPipeError);
  });

  it("tells a port that nobody has, and a datagram that is too long", () => {
    using one = bound();
    const gone = bound();
    one.connect(gone.getsockname());
    gone.close();
    one.sendall("x");
    one.settimeout(5);
    expect(() => one.recv(10)).toThrow(ConnectionRefusedError);
    using other = bound();
    expect(() => other.sendto(Buffer.alloc(70_000), one.getsockname())).toThrow(
      /^Cannot send 70000 bytes to udp 127\.0\.0\.1:\d+: message too long \(EMSGSIZE\)$/,
    );
  });

  it("carries Unix datagrams, long ones too, and waits for a receiver whose queue is full", () => {
    const path = temporaryPath();
    using receiver = new BlockingSocket(AF_UNIX, SOCK_DGRAM);
    receiver.bind(path);
    using sender = new BlockingSocket(AF_UNIX, SOCK_DGRAM);
    sender.sendto(Buffer.alloc(150_000, "u"), path);
    expect(receiver.recvfrom(1_000_000)).toEqual([Buffer.alloc(150_000, "u"), "", false]);
    sender.settimeout(0.05);
    const error = thrown(() => {
      for (;;) sender.sendto("full", path);
    });
    expect(error).toBeInstanceOf(TimeoutError);
    expect(receiver.recv(10).toString()).toBe("full");
    sender.sendto("room", path);
  });

  it("keeps the boundaries of sequenced packets", async () => {
    const [one, other] = await pair(SOCK_SEQPACKET);
    using _one = one;
    using _other = other;
    one.sendall("first");
    one.sendall("second");
    expect(other.recv(100).toString()).toBe("first");
    expect(other.recv(3).toString()).toBe("sec");
    for (const text of ["third", "fourth"]) one.sendall(text);
    expect(other.recvfrom(3, MSG_PEEK)).toEqual([Buffer.from("thi"), "", true]);
    expect(other.recvfrom(4)).toEqual([Buffer.from("thir"), "", true]);
    expect(other.recvfrom(6)).toEqual([Buffer.from("fourth"), "", false]);
    one.close();
    expect(other.recv(100)).toHaveLength(0);
  });
});

describe.skipIf(!available)(`BlockingSocket over Unix streams${unless}`, () => {
  it("makes a file, which is removed on close", () => {
    const path = temporaryPath();
    const listener = new BlockingSocket(AF_UNIX);
    listener.bind(path);
    listener.listen();
    using client = new BlockingSocket(AF_UNIX);
    client.connect(path);
    const [server, address] = listener.accept();
    expect([address, client.getpeername()]).toEqual(["", path]);
    server.sendall("x");
    expect(client.recv(1).toString()).toBe("x");
    expect(client.getsockopt(SOL_SOCKET, SO_PEERCRED, 12).readInt32LE(0)).toBe(process.pid);
    server.close();
    listener.close();
    expect(existsSync(path)).toBe(false);
  });

  it("replaces a stale file, and never one that somebody listens on, nor one that is no socket", async () => {
    const path = temporaryPath();
    await using live = new Socket(AF_UNIX);
    await live.bind(path);
    await live.listen();
    using second = new BlockingSocket(AF_UNIX);
    expect(() => second.bind(path)).toThrow(`Cannot bind unix ${path}: address already in use (EADDRINUSE)`);
    const stale = temporaryPath();
    const killed = `require("node:net").createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, "SIGKILL"))`;
    expect(spawnSync(process.execPath, ["-e", killed]).signal).toBe("SIGKILL");
    expect(existsSync(stale)).toBe(true);
    second.bind(stale);
    expect(second.getsockname()).toBe(stale);
  });

  it("is bound once, and never takes the file of one that is bound, though nobody listens there", () => {
    const path = temporaryPath();
    using first = new BlockingSocket(AF_UNIX);
    using second = new BlockingSocket(AF_UNIX);
    first.bind(path);
    const { ino } = lstatSync(path);
    expect(() => second.bind(path)).toThrow(`Cannot bind unix ${path}: address already in use (EADDRINUSE)`);
    // Of a name that is taken and a socket that has one, the system tells the first that it finds.
    expect(() => first.bind(path)).toThrow(/EADDRINUSE|EINVAL/);
    expect(() => first.bind(temporaryPath())).toThrow("(EINVAL)");
    expect(lstatSync(path).ino).toBe(ino);
    first.close();
    expect(existsSync(path)).toBe(false);
    second.bind(path);
    expect(existsSync(path)).toBe(true);
  });

  it('is given a name that nobody has where it is bound to ""', () => {
    using socket = new BlockingSocket(AF_UNIX);
    socket.bind("");
    expect(socket.getsockname()).toMatch(/^\0[0-9a-f]{5}$/);
  });

  it.each([0, -1, 1.5, 1025, 5e8, Number.NaN])("refuses to read %s bytes of an option", (length) => {
    using socket = new BlockingSocket(AF_UNIX);
    expect(() => socket.getsockopt(SOL_SOCKET, SO_PEERCRED, length)).toThrow(
      `Cannot read ${length} bytes of an option: give a whole number from 1 to 1024.`,
    );
  });

  it("refuses a path that is none", () => {
    using socket = new BlockingSocket(AF_UNIX);
    const file = temporaryPath();
    writeFileSync(file, "");
    expect(() => socket.bind(file)).toThrow("(EADDRINUSE)");
    expect(() => socket.bind(`/tmp/${"x".repeat(200)}`)).toThrow("(ENAMETOOLONG)");
    expect(() => socket.bind("/no/such/directory/x.sock")).toThrow("(ENOENT)");
    socket.bind("\0abstract blocking test");
    expect(socket.getsockname()).toBe("\0abstract blocking test");
  });
});

it("BlockingSocket says why it is not there, on the Node transport", () => {
  const program = `
    import("ts-socketserver").then(({ BlockingSocket }) => {
      try { new BlockingSocket(); } catch (error) { console.log(error.name, error.message); }
    });
  `;
  const env = { ...process.env, SOCKETSERVER_TRANSPORT: "node" };
  const said = execFileSync(process.execPath, ["-e", program], { env, encoding: "utf8" });
  expect(said).toBe(
    "UnsupportedOperation Blocking sockets need the native transport (ENOTSUP). SOCKETSERVER_TRANSPORT asks for the Node transport.\n",
  );
});
