/**
 * The rules of sockets that `Socket` and `BlockingSocket` share on the native transport: one contract, two faces.
 *
 * Where a call of the blocking face could wait, what it waits for is there already, or comes from a thread of its own.
 */

import { existsSync } from "node:fs";
import { type Address, AF_INET, AF_UNIX, BlockingSocket, OSError, Socket } from "ts-socketserver";
import {
  type AddressFamily,
  IPPROTO_TCP,
  SHUT_RD,
  SHUT_WR,
  SO_ERROR,
  SO_LINGER,
  SO_PEERCRED,
  SO_RCVBUF,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  type SocketKind,
  TCP_NODELAY,
} from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { temporaryPath } from "../support/temporary-path.js";
import { available, here, unless } from "./peers.js";

const MSG_PEEK = 2;

/** Either face: what its calls return is awaited, promise or not. */
type Face = Socket | BlockingSocket;

interface Kind {
  readonly name: string;
  readonly blocks: boolean;
  make(family?: AddressFamily, type?: SocketKind, fileno?: number): Face;
}

const faces: readonly Kind[] = [
  {
    name: "Socket",
    blocks: false,
    make: (family = AF_INET, type = SOCK_STREAM, fileno) =>
      new Socket(family, type, 0, fileno === undefined ? {} : { fileno }),
  },
  {
    name: "BlockingSocket",
    blocks: true,
    make: (family = AF_INET, type = SOCK_STREAM, fileno) =>
      new BlockingSocket(family, type, 0, fileno === undefined ? {} : { fileno }),
  },
];

/** What a call fails with. */
async function failure(call: () => unknown): Promise<OSError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof OSError) return error;
    throw error;
  }
  throw new Error("It has not failed");
}

const code = async (call: () => unknown): Promise<string> => (await failure(call)).code;

/** Closes what a test has made, last first. */
class Made implements AsyncDisposable {
  readonly #sockets: Face[] = [];

  add<Own extends Face>(socket: Own): Own {
    this.#sockets.push(socket);
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.reverse()) await socket.close();
  }
}

/** A linger structure of C. */
const lingering = (on: number, seconds: number): Buffer => Buffer.from(Int32Array.of(on, seconds).buffer);

describe.skipIf(!available).each(faces)(`The rules of a native $name${unless}`, (kind) => {
  /** A socket of this face, and the other end of its connection, which blocks. */
  async function connected(made: Made, family: AddressFamily = AF_INET): Promise<[Face, BlockingSocket]> {
    const listener = made.add(new BlockingSocket(family));
    listener.bind(family === AF_UNIX ? temporaryPath() : here);
    listener.listen();
    const socket = made.add(kind.make(family));
    await socket.connect(listener.getsockname());
    return [socket, made.add(listener.accept()[0])];
  }

  /** Two sequenced-packet sockets; the first is of this face. */
  async function packets(made: Made): Promise<[Face, BlockingSocket]> {
    const listener = made.add(new BlockingSocket(AF_UNIX, SOCK_SEQPACKET));
    listener.bind(temporaryPath());
    listener.listen();
    const socket = made.add(kind.make(AF_UNIX, SOCK_SEQPACKET));
    await socket.connect(listener.getsockname());
    return [socket, made.add(listener.accept()[0])];
  }

  async function bound(made: Made, family: AddressFamily = AF_INET): Promise<Face> {
    const socket = made.add(kind.make(family, SOCK_DGRAM));
    await socket.bind(family === AF_UNIX ? temporaryPath() : here);
    return socket;
  }

  function dead(): Address {
    using gone = new BlockingSocket();
    gone.bind(here);
    return gone.getsockname();
  }

  it.each([
    ["TCP", AF_INET],
    ["Unix", AF_UNIX],
  ] as const)("receiving without a peer is ENOTCONN, over %s", async (_name, family) => {
    await using made = new Made();
    const socket = made.add(kind.make(family));
    for (const call of [() => socket.recv(1), () => socket.recv(1), () => socket.getpeername()]) {
      expect(await code(call)).toBe("ENOTCONN");
    }
    expect(socket.remoteEndpoint).toBeNull();
    expect(await socket.recv(0)).toHaveLength(0);
  });

  it("what has broken the connection is told again, and names the peer", async () => {
    await using made = new Made();
    const [socket, peer] = await connected(made);
    const name = (peer.getsockname() as [string, number]).join(":");
    peer.abort();
    for (const call of [() => socket.recv(1), () => socket.recvInto(Buffer.alloc(1)), () => socket.recvfrom(1)]) {
      const { message } = await failure(call);
      expect(message).toBe(`Cannot receive from tcp ${name}: connection reset by peer (ECONNRESET)`);
    }
  });

  it("a send that has met a reset is no end in good order for readers", async () => {
    await using made = new Made();
    const [socket, peer] = await connected(made);
    peer.abort();
    expect(await code(() => socket.sendall("x"))).toBe("ECONNRESET");
    expect(await code(() => socket.recv(1))).toBe("ECONNRESET");
    expect(await code(() => socket.sendall("x"))).toBe("EPIPE");
  });

  it("a send that has met a closed pipe leaves readers what had come", async () => {
    await using made = new Made();
    const [socket, peer] = await connected(made);
    peer.sendall("421 go away");
    peer.shutdown(SHUT_WR);
    await socket.shutdown(SHUT_WR);
    expect(await code(() => socket.sendall("x"))).toBe("EPIPE");
    expect(String(await socket.recv(100))).toBe("421 go away");
    expect(await socket.recv(100)).toHaveLength(0);
  });

  it("an empty send asks the system too", async () => {
    await using made = new Made();
    const [socket, peer] = await connected(made);
    await socket.sendall("");
    peer.abort();
    expect(await code(() => socket.sendall(""))).toBe("ECONNRESET");
  });

  it("abort() resets the connection", async () => {
    await using made = new Made();
    const [socket, peer] = await connected(made);
    socket.abort();
    expect([socket.closed, socket.fileno()]).toEqual([true, -1]);
    expect(await code(() => peer.recv(1))).toBe("ECONNRESET");
  });

  it("a descriptor tells what it is", async () => {
    await using made = new Made();
    const [socket, peer] = await connected(made);
    const heir = made.add(kind.make(AF_UNIX, SOCK_DGRAM, socket.detach()));
    expect([heir.family, heir.type, heir.proto]).toEqual([AF_INET, SOCK_STREAM, IPPROTO_TCP]);
    expect(heir.getpeername()).toEqual(peer.getsockname());
    await heir.sendall("from the heir");
    expect(String(peer.recv(100))).toBe("from the heir");
    const { message } = await failure(() => kind.make(AF_INET, SOCK_STREAM, 99_999));
    expect(message).toBe("Cannot take over the descriptor 99999: bad file descriptor (EBADF)");
  });

  it("an abstract name has no file, and is reached", async () => {
    await using made = new Made();
    const name = `\0faces of ${process.pid} ${kind.name}`;
    const listener = made.add(kind.make(AF_UNIX));
    await listener.bind(name);
    await listener.listen();
    expect(listener.getsockname()).toBe(name);
    const client = made.add(kind.make(AF_UNIX));
    await client.connect(name);
    const [connection] = await listener.accept();
    made.add(connection);
    expect(client.getpeername()).toBe(name);
  });

  it("a path has a file, which goes with the socket", async () => {
    const path = temporaryPath();
    const socket = kind.make(AF_UNIX);
    await socket.bind(path);
    expect(existsSync(path)).toBe(true);
    const second = kind.make(AF_UNIX);
    expect((await failure(() => second.bind(path))).message).toBe(
      `Cannot bind unix ${path}: address already in use (EADDRINUSE)`,
    );
    await second.close();
    expect(existsSync(path)).toBe(true);
    await socket.close();
    expect(existsSync(path)).toBe(false);
  });

  it("what was looked at stays, and counts as unread", async () => {
    await using made = new Made();
    const [socket, peer] = await connected(made);
    peer.sendall("hello");
    expect(String(await socket.recv(100, MSG_PEEK))).toBe("hello");
    const memory = Buffer.alloc(3);
    expect(await socket.recvInto(memory, 3, MSG_PEEK)).toBe(3);
    expect(String(memory)).toBe("hel");
    expect(socket.counters).toEqual({ bytesRead: 0, bytesWritten: 0, unreadBytes: 5 });
    expect(String(await socket.recv(2))).toBe("he");
    expect(socket.counters).toEqual({ bytesRead: 2, bytesWritten: 0, unreadBytes: 3 });
  });

  it("options are numbers or bytes", async () => {
    await using made = new Made();
    const [socket] = await connected(made);
    socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, true);
    expect(socket.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(1);
    socket.setsockopt(SOL_SOCKET, SO_RCVBUF, Buffer.from(Int32Array.of(10_000).buffer));
    expect(socket.getsockopt(SOL_SOCKET, SO_RCVBUF)).toBe(20_000);
    expect(socket.getsockopt(SOL_SOCKET, SO_LINGER, 100)).toEqual(lingering(0, 0));
    expect(() => socket.getsockopt(SOL_SOCKET, SO_LINGER, 0)).toThrow(RangeError);
    const name = (socket.getpeername() as [string, number]).join(":");
    expect((await failure(() => socket.setsockopt(IPPROTO_TCP, 9999, 1))).message).toBe(
      `Cannot set option 9999 of level 6 on tcp ${name}: protocol not available (ENOPROTOOPT)`,
    );
    expect((await failure(() => socket.getsockopt(IPPROTO_TCP, 9999))).message).toContain("Cannot read option 9999");
    const [unix] = await connected(made, AF_UNIX);
    expect(unix.getsockopt(SOL_SOCKET, SO_PEERCRED, 12).readInt32LE(0)).toBe(process.pid);
  });

  it("a refused connection is refused to each call, and names the address", async () => {
    await using made = new Made();
    const address = dead();
    const socket = made.add(kind.make());
    const { message } = await failure(() => socket.connect(address));
    expect(message).toBe(
      `Cannot connect to tcp ${(address as [string, number]).join(":")}: connection refused (ECONNREFUSED)`,
    );
    const other = made.add(kind.make());
    expect(await other.connectEx(address)).toBe(111);
    const missing = made.add(kind.make(AF_UNIX));
    expect(await missing.connectEx("/nowhere/at/all")).toBe(2);
  });

  it("connectEx() of a socket that may not wait says what becomes of the connection", async () => {
    await using made = new Made();
    const listener = made.add(new BlockingSocket());
    listener.bind(here);
    listener.listen();
    const socket = made.add(kind.make());
    socket.setblocking(false);
    const results = [await socket.connectEx(listener.getsockname())];
    await expect
      .poll(async () => {
        results.push(await socket.connectEx(listener.getsockname()));
        return results.at(-1);
      })
      .toBe(106);
    expect(results[0]).toBe(115);
    expect(results.slice(1, -1).every((result) => result === 114 || result === 0)).toBe(true);
    expect(socket.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
    expect(socket.getpeername()).toEqual(listener.getsockname());
  });

  it("the first recv() after an attempt that no call has waited for says why there is nothing", async () => {
    await using made = new Made();
    const socket = made.add(kind.make());
    socket.setblocking(false);
    expect(await socket.connectEx(dead())).toBe(115);
    await expect.poll(() => code(() => socket.recv(1))).toBe("ECONNREFUSED");
    expect(await code(() => socket.recv(1))).toBe("ENOTCONN");
  });

  it("a full backlog of a Unix socket is EAGAIN for a call that may not wait", async () => {
    await using made = new Made();
    const listener = made.add(new BlockingSocket(AF_UNIX));
    listener.bind(temporaryPath());
    listener.listen(1);
    const results: number[] = [];
    while (results.at(-1) !== 11 && results.length < 10) {
      const socket = made.add(kind.make(AF_UNIX));
      socket.setblocking(false);
      results.push(await socket.connectEx(listener.getsockname()));
    }
    expect(results.slice(0, -1).every((result) => result === 0)).toBe(true);
    expect(results.at(-1)).toBe(11);
    const waiting = made.add(kind.make(AF_UNIX));
    waiting.settimeout(0.05);
    expect(await code(() => waiting.connect(listener.getsockname()))).toBe("ETIMEDOUT");
  });

  it("where a datagram may go, the system says", async () => {
    await using made = new Made();
    const [peer, other] = [await bound(made), await bound(made)];
    const socket = made.add(kind.make(AF_INET, SOCK_DGRAM));
    expect(await code(() => socket.send("x"))).toBe("EDESTADDRREQ");
    expect(await code(() => socket.sendto("x", ["127.0.0.1", 0]))).toBe("EINVAL");
    await socket.connect(peer.getsockname());
    expect(await socket.sendto("to the other", other.getsockname())).toBe(12);
    expect(String((await other.recvfrom(100))[0])).toBe("to the other");
    await socket.shutdown(SHUT_WR);
    expect(await code(() => socket.send("x"))).toBe("EPIPE");
    expect(await code(() => socket.sendto("x", other.getsockname()))).toBe("EPIPE");
  });

  it("where a Unix datagram may go, the system says", async () => {
    await using made = new Made();
    const [peer, other] = [await bound(made, AF_UNIX), await bound(made, AF_UNIX)];
    const socket = made.add(kind.make(AF_UNIX, SOCK_DGRAM));
    expect(await code(() => socket.send("x"))).toBe("ENOTCONN");
    await socket.connect(peer.getsockname());
    expect(await socket.sendto("to the other", other.getsockname())).toBe(12);
    expect(await other.recvfrom(2)).toEqual([Buffer.from("to"), "", true]);
  });

  it("after SHUT_RD there is an end, also of datagrams", async () => {
    await using made = new Made();
    const [socket, peer] = [await bound(made), await bound(made)];
    await socket.connect(peer.getsockname());
    await socket.shutdown(SHUT_RD);
    expect(await socket.recv(10)).toHaveLength(0);
    expect(await socket.recvfrom(10)).toEqual([Buffer.alloc(0), peer.getsockname(), false]);
    expect(await socket.recvfromInto(Buffer.alloc(1))).toEqual([0, peer.getsockname()]);
    const lonely = await bound(made);
    expect(await code(() => lonely.shutdown(SHUT_RD))).toBe("ENOTCONN");
    expect(await lonely.recv(10)).toHaveLength(0);
  });

  it("a packet that was cut is told so", async () => {
    await using made = new Made();
    const [socket, peer] = await packets(made);
    peer.sendall("first packet");
    expect(await socket.recvfrom(5, MSG_PEEK)).toEqual([Buffer.from("first"), peer.getsockname(), true]);
    expect(await socket.recvfrom(5)).toEqual([Buffer.from("first"), peer.getsockname(), true]);
    peer.sendall("second");
    expect(await socket.recvfrom(6)).toEqual([Buffer.from("second"), peer.getsockname(), false]);
    peer.sendall("third");
    expect(await socket.recvfrom(200_000)).toEqual([Buffer.from("third"), peer.getsockname(), false]);
    peer.close();
    expect(await socket.recv(10)).toHaveLength(0);
  });

  it("the calls of a closed socket fail, and name its last endpoint", async () => {
    await using made = new Made();
    const [socket, peer] = await connected(made);
    const name = (peer.getsockname() as [string, number]).join(":");
    await socket.close();
    expect((await failure(() => socket.recv(1))).message).toBe(
      `Cannot receive from tcp ${name}: it was closed by this program (EBADF)`,
    );
    expect((await failure(() => socket.sendall("x"))).message).toBe(
      `Cannot send to tcp ${name}: it was closed by this program (EBADF)`,
    );
    expect(String(socket)).toBe(`<${kind.name} [closed] tcp>`);
  });

  it(kind.blocks ? "close() lingers as long as it was told" : "close() never lingers", async () => {
    await using made = new Made();
    const [socket, peer] = await connected(made);
    socket.setsockopt(SOL_SOCKET, SO_LINGER, lingering(1, 1));
    socket.settimeout(0);
    // More than the system's buffers take, of which the peer reads nothing.
    await failure(() => socket.sendall(Buffer.alloc(20_000_000)));
    const before = performance.now();
    await socket.close();
    const seconds = (performance.now() - before) / 1000;
    if (kind.blocks) expect(seconds).toBeGreaterThan(0.9);
    else expect(seconds).toBeLessThan(0.5);
    expect(peer.recv(100)).toHaveLength(100);
  });

  it("an SO_LINGER of the listener counts for its connections", async () => {
    await using made = new Made();
    const listener = made.add(kind.make());
    listener.setsockopt(SOL_SOCKET, SO_LINGER, lingering(1, 1));
    await listener.bind(here);
    await listener.listen();
    const peer = made.add(new BlockingSocket());
    peer.connect(listener.getsockname());
    const connection = made.add((await listener.accept())[0] as Face);
    expect(connection.getsockopt(SOL_SOCKET, SO_LINGER, 8)).toEqual(lingering(1, 1));
    connection.settimeout(0);
    await failure(() => connection.sendall(Buffer.alloc(20_000_000)));
    const before = performance.now();
    await connection.close();
    const seconds = (performance.now() - before) / 1000;
    if (kind.blocks) expect(seconds).toBeGreaterThan(0.9);
    else expect(seconds).toBeLessThan(0.5);
  });

  it("an SO_LINGER of 0 resets, also after a descriptor has changed hands", async () => {
    await using made = new Made();
    const [socket, peer] = await connected(made);
    socket.setsockopt(SOL_SOCKET, SO_LINGER, lingering(1, 0));
    await kind.make(AF_INET, SOCK_STREAM, socket.detach()).close();
    expect(await code(() => peer.recv(1))).toBe("ECONNRESET");
  });

  it("a file keeps the connection after close(), and ends it", async () => {
    await using made = new Made();
    const [socket, peer] = await connected(made);
    const file = socket.makefile("rwb");
    await socket.close();
    expect([socket.closed, socket.fileno()]).toEqual([true, -1]);
    expect(await code(() => socket.recv(1))).toBe("EBADF");
    peer.sendall("to the file\n");
    expect(String(await file.readline())).toBe("to the file\n");
    await file.write("from the file\n");
    await file.flush();
    expect(String(peer.recv(100))).toBe("from the file\n");
    await file.close();
    expect(peer.recv(100)).toHaveLength(0);
  });

  it("abort() is final, whatever files are open", async () => {
    await using made = new Made();
    const [socket, peer] = await connected(made);
    const file = socket.makefile("rb");
    socket.abort();
    expect(await code(() => peer.recv(100))).toBe("ECONNRESET");
    expect(await code(() => file.readline())).toBe("EBADF");
  });
});
