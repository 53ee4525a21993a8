import { constants } from "node:os";
import {
  AF_INET6,
  BlockingIOError,
  ClosedResourceError,
  ConnectionRefusedError,
  type InetAddress,
  isInetAddress,
  type Socket,
  TimeoutError,
} from "ts-socketserver";
import { select } from "ts-socketserver/selectors";
import { SO_ERROR, SOL_SOCKET } from "ts-socketserver/socket";
import { StreamTestClient } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { isPending, settle } from "../support/settle.js";
import { FullBacklog } from "./full-backlog.js";
import { failureOf, streams, tcpStreams } from "./subjects.js";

const { ECONNREFUSED, ENOENT } = constants.errno;

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`Connecting over ${subject.title}`, () => {
    it("gives a listening socket its real address in the place of port 0", async () => {
      await using listener = await subject.listener();
      const address = listener.getsockname();
      expect(isInetAddress(address) ? address[1] : address.length).toBeGreaterThan(0);
      expect(listener.localEndpoint).toEqual(address);
      expect(listener.remoteEndpoint).toBeNull();
    });

    it("accepts a client and tells both ends the same two addresses", async () => {
      await using pair = await subject.pair();
      const { client, server, listener } = pair;
      expect(server.getsockname()).toEqual(listener.getsockname());
      expect(client.getpeername()).toEqual(listener.getsockname());
      expect(client.getsockname()).toEqual(server.getpeername());
      expect([client.localEndpoint, client.remoteEndpoint]).toEqual([server.remoteEndpoint, server.localEndpoint]);
      expect([server.family, server.type, server.proto]).toEqual([client.family, client.type, client.proto]);
    });

    it("gives accept() the address of the peer", async () => {
      await using listener = await subject.listener();
      const accepting = listener.accept();
      await using peer = await StreamTestClient.connect(listener.getsockname());
      const [socket, address] = await accepting;
      await using _socket = socket;
      expect(address).toEqual(subject.isTcp ? peer.address : "");
      expect(socket.getpeername()).toEqual(address);
    });

    it("accepts clients in the order in which they came", async () => {
      await using listener = await subject.listener();
      for (const name of ["first", "second", "third"]) {
        await using peer = await StreamTestClient.connect(listener.getsockname());
        await peer.write(name);
        const [socket] = await listener.accept();
        await using _socket = socket;
        expect(String(await socket.recv(10))).toBe(name);
      }
    });

    it("keeps clients waiting that came before anybody accepted", async () => {
      await using listener = await subject.listener();
      await using one = await StreamTestClient.connect(listener.getsockname());
      await using two = await StreamTestClient.connect(listener.getsockname());
      await one.write("1");
      await two.write("2");
      const [first] = await listener.accept();
      const [second] = await listener.accept();
      await using _first = first;
      await using _second = second;
      const received = [String(await first.recv(1)), String(await second.recv(1))];
      expect(received).toEqual(["1", "2"]);
    });

    it("has a refused connection fail with ConnectionRefusedError, or for a missing path with FileNotFoundError", async () => {
      const address = await subject.deadAddress();
      await using socket = subject.socket();
      const error = await failureOf(socket.connect(address));
      const expected = subject.isTcp ? ["ConnectionRefusedError", "ECONNREFUSED"] : ["FileNotFoundError", "ENOENT"];
      expect([error.name, error.code]).toEqual(expected);
      expect(error.syscall).toBe("connect");
    });

    it("returns the system's number from connectEx() instead of throwing, and 0 for success", async () => {
      await using refused = subject.socket();
      expect(await refused.connectEx(await subject.deadAddress())).toBe(subject.isTcp ? ECONNREFUSED : ENOENT);
      await using listener = await subject.listener();
      await using client = subject.socket();
      expect(await client.connectEx(listener.getsockname())).toBe(0);
    });

    it("connects in the background when it may not wait, and then works", async () => {
      await using listener = await subject.listener();
      await using client = subject.socket();
      client.setblocking(false);
      const error = await failureOf(client.connect(listener.getsockname())).catch(() => null);
      if (subject.answersAtOnce) {
        expect(error).toBeNull();
      } else {
        expect(error).toBeInstanceOf(BlockingIOError);
        expect(error?.code).toBe("EINPROGRESS");
        expect(error?.message).toMatch(/: operation now in progress \(EINPROGRESS\)$/);
      }
      client.setblocking(true);
      const [server] = await listener.accept();
      await using _server = server;
      await client.sendall("hello");
      expect(String(await server.recv(10))).toBe("hello");
      expect(client.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
      expect(client.remoteEndpoint).toEqual(listener.getsockname());
    });

    it("gives a recv() that waits for the connection what comes with it", async () => {
      await using listener = await subject.listener();
      await using client = subject.socket();
      client.setblocking(false);
      await client.connectEx(listener.getsockname());
      client.setblocking(true);
      const receiving = client.recv(10);
      const [server] = await listener.accept();
      await using _server = server;
      await server.sendall("welcome");
      expect(String(await receiving)).toBe("welcome");
    });

    it("ends calls that wait for a connection which is refused", async () => {
      const address = await subject.deadAddress();
      await using client = subject.socket();
      client.setblocking(false);
      await failureOf(client.connect(address));
      client.setblocking(true);
      const [receiving, sending] = [failureOf(client.recv(10)), failureOf(client.sendall("x"))];
      // As the system says it: the first to ask hears why, unless connect() has said so.
      expect((await receiving).code).toMatch(subject.answersAtOnce ? /^ENOTCONN$/ : /^(ECONNREFUSED|ENOENT)$/);
      expect((await sending).code).toMatch(/^(ENOTCONN|EPIPE)$/);
      expect(client.remoteEndpoint).toBeNull();
    });

    it("returns the number of EINPROGRESS from connectEx() when it may not wait", async () => {
      await using listener = await subject.listener();
      await using client = subject.socket();
      client.setblocking(false);
      const expected = subject.answersAtOnce ? 0 : constants.errno.EINPROGRESS;
      expect(await client.connectEx(listener.getsockname())).toBe(expected);
    });

    it("keeps the error of a connection in the background for SO_ERROR, once", async () => {
      const address = await subject.deadAddress();
      await using client = subject.socket();
      client.settimeout(0);
      await failureOf(client.connect(address));
      client.settimeout(null);
      await failureOf(client.sendall("nobody reads this"));
      // What connect() has said already is not kept.
      const kept = subject.isTcp ? ECONNREFUSED : ENOENT;
      expect(client.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(subject.answersAtOnce ? 0 : kept);
      expect(client.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
    });

    it("refuses to connect twice, to bind twice and to accept without listening", async () => {
      await using pair = await subject.pair();
      expect(await failureOf(pair.client.connect(pair.listener.getsockname()))).toMatchObject({ code: "EISCONN" });
      await using socket = subject.socket();
      await socket.bind(subject.address());
      expect(await failureOf(socket.bind(subject.address()))).toMatchObject({ code: "EINVAL", syscall: "bind" });
      expect(await failureOf(socket.accept())).toMatchObject({ code: "EINVAL", syscall: "accept" });
    });

    it("has no peer, and nothing to send or receive, before it is connected", async () => {
      await using socket = subject.socket();
      expect(socket.remoteEndpoint).toBeNull();
      expect(() => socket.getpeername()).toThrow(/ENOTCONN/);
      expect(await failureOf(socket.recv(1))).toMatchObject({ code: "ENOTCONN" });
      expect((await failureOf(socket.sendall("x"))).code).toMatch(/ENOTCONN|EPIPE/);
      // Linux lets Unix streams be shut down that are not connected.
      if (subject.isNative && !subject.isTcp) await socket.shutdown(1);
      else expect(await failureOf(socket.shutdown(1))).toMatchObject({ code: "ENOTCONN", syscall: "shutdown" });
    });

    it("waits in accept() no longer than its time-out, and then accepts the next client all the same", async () => {
      await using listener = await subject.listener();
      listener.settimeout(0.03);
      const error = await failureOf(listener.accept());
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error.message).toMatch(/^Cannot accept a connection on .* within 0\.03 s: .*ETIMEDOUT/);
      await using peer = await StreamTestClient.connect(listener.getsockname());
      await peer.write("late");
      listener.settimeout(null);
      const [socket] = await listener.accept();
      await using _socket = socket;
      expect(String(await socket.recv(10))).toBe("late");
    });

    it("does not wait in accept() at all when it may not", async () => {
      await using listener = await subject.listener();
      listener.setblocking(false);
      const error = await failureOf(listener.accept());
      expect(error).toBeInstanceOf(BlockingIOError);
      expect([error.code, error.syscall]).toEqual(["EAGAIN", "accept"]);
    });

    it("ends a waiting accept() with ClosedResourceError when it is closed", async () => {
      await using listener = await subject.listener();
      const accepting = listener.accept();
      expect(await isPending(accepting)).toBe(true);
      const failure = failureOf(accepting);
      await listener.close();
      expect(await failure).toBeInstanceOf(ClosedResourceError);
    });

    it("takes no second accept() while one is waiting", async () => {
      await using listener = await subject.listener();
      const first = failureOf(listener.accept());
      const error = await failureOf(listener.accept());
      expect([error.name, error.code]).toEqual(["BusyResourceError", "EBUSY"]);
      await listener.close();
      expect((await first).name).toBe("ClosedResourceError");
    });
  });
}

for (const subject of tcpStreams.filter(({ isNative }) => isNative)) {
  describe.skipIf(subject.missing !== null)(`The system's view of a connection over ${subject.title}`, () => {
    it("names the peer as it was reached, not as it was asked for", async () => {
      await using listener = await subject.listener();
      const [, port] = listener.getsockname() as InetAddress;
      await using client = subject.socket();
      await client.connect([subject.family === AF_INET6 ? "0:0:0:0:0:0:0:1" : "0.0.0.0", port]);
      expect(client.getpeername()).toEqual(listener.getsockname());
    });

    it("is no connection when it was refused and SO_ERROR has told so already", async () => {
      const address = await subject.deadAddress();
      await using client = subject.socket();
      client.setblocking(false);
      const connecting = failureOf(client.connect(address));
      expect((await connecting).code).toBe("EINPROGRESS");
      expect(client.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(ECONNREFUSED);
      await settle();
      expect(client.remoteEndpoint).toBeNull();
    });
  });
}

// libuv gives up at once where a Unix socket's backlog is full.
for (const subject of streams.filter(({ isNative, isTcp }) => isNative && !isTcp)) {
  describe.skipIf(subject.missing !== null)(
    `Connecting to a listener with a full backlog over ${subject.title}`,
    () => {
      /** A listener that takes no more clients, and as many as it takes (Linux: one more than its backlog). */
      async function full(): Promise<readonly [listener: Socket, client: Socket, other: Socket]> {
        const listener = subject.socket();
        await listener.bind(subject.address());
        await listener.listen(1);
        const clients = [subject.socket(), subject.socket()] as const;
        for (const client of clients) await client.connect(listener.getsockname());
        return [listener, ...clients];
      }

      it("waits until there is room, and then connects", async () => {
        const [listener, ...clients] = await full();
        await using next = subject.socket();
        const connecting = next.connect(listener.getsockname());
        expect(await isPending(connecting)).toBe(true);
        const sending = connecting.then(() => next.sendall("at last"));
        for (const client of clients) {
          const [served] = await listener.accept();
          await served.close();
          await client.close();
        }
        const [served] = await listener.accept();
        expect(String(await served.recv(10))).toBe("at last");
        await sending;
        expect(next.getpeername()).toBe(listener.getsockname());
        for (const socket of [served, listener]) await socket.close();
      });

      it("gives up after the time-out, when the socket is closed, and when the listener is gone", async () => {
        const [listener, ...clients] = await full();
        const path = listener.getsockname();
        await using limited = subject.socket();
        limited.settimeout(0.03);
        expect(await failureOf(limited.connect(path))).toMatchObject({ name: "TimeoutError", code: "ETIMEDOUT" });
        await using closed = subject.socket();
        await using late = subject.socket();
        const failures = [closed, late].map((socket) => failureOf(socket.connect(path)));
        expect(await isPending(Promise.race(failures))).toBe(true);
        await closed.close();
        expect((await failures[0])?.name).toBe("ClosedResourceError");
        await listener.close();
        expect((await failures[1])?.code).toMatch(/^(ENOENT|ECONNREFUSED)$/);
        for (const client of clients) await client.close();
      });
    },
  );
}

for (const subject of tcpStreams) {
  describe.skipIf(subject.missing !== null)(`Connecting to a server with a full backlog over ${subject.title}`, () => {
    it("gives up after the time-out, and names the address and the time", async () => {
      await using server = await FullBacklog.start(subject.host);
      await using socket = subject.socket();
      socket.settimeout(0.05);
      const error = await failureOf(socket.connect(server.address));
      expect(error).toBeInstanceOf(TimeoutError);
      expect([error.code, error.syscall]).toEqual(["ETIMEDOUT", "connect"]);
      expect(error.message).toMatch(/^Cannot connect to tcp .*:\d+.*ETIMEDOUT/);
    });

    it("goes on connecting after the time-out, as the system does: the socket is open, and may be closed", async () => {
      await using server = await FullBacklog.start(subject.host);
      await using socket = subject.socket();
      socket.settimeout(0.05);
      await failureOf(socket.connect(server.address));
      expect(socket.closed).toBe(false);
      expect(await select([], [socket], [], 0)).toEqual([[], [], []]);
      expect(await socket.connectEx(server.address)).toBe(constants.errno.EALREADY);
      await socket.close();
    });

    it("ends a waiting connect() with ClosedResourceError when it is closed", async () => {
      await using server = await FullBacklog.start(subject.host);
      await using socket = subject.socket();
      const connecting = failureOf(socket.connect(server.address));
      expect(await isPending(connecting)).toBe(true);
      await socket.close();
      expect(await connecting).toBeInstanceOf(ClosedResourceError);
      expect(await connecting).not.toBeInstanceOf(ConnectionRefusedError);
    });

    it("makes sends and receives wait until it is connected", async () => {
      await using server = await FullBacklog.start(subject.host);
      await using socket = subject.socket();
      socket.setblocking(false);
      await failureOf(socket.connect(server.address));
      expect(await failureOf(socket.sendall("x"))).toMatchObject({ name: "BlockingIOError", code: "EAGAIN" });
      expect(await failureOf(socket.recv(1))).toMatchObject({ name: "BlockingIOError", code: "EAGAIN" });
    });
  });
}
