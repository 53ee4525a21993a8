/** `select()` and `DefaultSelector` over every kind of socket, on every transport, and with servers. */

import { constants } from "node:os";
import { AF_UNIX, MultiplexingTCPServer, type Socket, TCPServer, UDPServer } from "ts-socketserver";
import { DefaultSelector, EVENT_READ, EVENT_WRITE, select } from "ts-socketserver/selectors";
import { SO_ERROR, SO_OOBINLINE, SOL_SOCKET } from "ts-socketserver/socket";
import { DatagramTestClient, StreamTestClient } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { python, runPython } from "../clients/programs.js";
import { DatagramSubject, datagrams, failureOf, streams } from "../socket/subjects.js";
import { DatagramEcho, LineEcho } from "../support/handlers.js";
import { isPending, settle } from "../support/settle.js";
import { transports } from "../support/transports.js";
import { BOTH, makePair, ready } from "./selecting.js";

const { ECONNREFUSED, EINPROGRESS, ENOENT } = constants.errno;

const allDatagrams = [
  ...datagrams,
  ...transports
    .filter(({ features }) => features.unixDatagrams)
    .map((transport) => new DatagramSubject(transport, AF_UNIX, "Unix datagrams")),
];

/** Sends until there is no room. @returns the sends: those of the Node transport may still wait. */
async function fill(socket: Socket): Promise<Promise<unknown>[]> {
  const sends: Promise<unknown>[] = [];
  // What the peer's system has taken meanwhile makes room again.
  for (let full = 0; full < 3; full += 1) {
    while (socket.writable) {
      sends.push(socket.send(Buffer.alloc(65_536)).catch(() => undefined));
      await settle(1);
      full = 0;
    }
    await settle(2);
  }
  return sends;
}

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`Selecting over ${subject.title}`, () => {
    it("test_select, test_select_read_write: tells reading and writing, alone and together", async () => {
      await using pair = await subject.pair();
      const { client: rd, server: wr } = pair;
      using selector = new DefaultSelector();
      selector.register(rd, EVENT_READ);
      const key = selector.register(wr, EVENT_WRITE);
      expect(await selector.select()).toEqual([[key, EVENT_WRITE]]);
      selector.unregister(wr);
      selector.modify(rd, BOTH);
      await wr.sendall("foo");
      await select([rd], [], []);
      expect(await ready(selector, null)).toEqual([[rd, BOTH]]);
    });

    it("tells a listener for as long as clients wait", async () => {
      await using listener = await subject.listener();
      expect(await select([listener], [], [], 0)).toEqual([[], [], []]);
      const selecting = select([listener], [], []);
      await using _first = await StreamTestClient.connect(listener.getsockname());
      expect(await selecting).toEqual([[listener], [], []]);
      await using _second = await StreamTestClient.connect(listener.getsockname());
      for (let count = 0; count < 2; count += 1) {
        expect(await select([listener], [], [])).toEqual([[listener], [], []]);
        const [connection] = await listener.accept();
        await connection.close();
      }
      expect(await select([listener], [], [], 0)).toEqual([[], [], []]);
    });

    it("does not tell a connection that has no room as writable before its peer has read", async () => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      const sends = await fill(client);
      using selector = new DefaultSelector();
      selector.register(client, EVENT_WRITE);
      expect(await select([], [client], [], 0)).toEqual([[], [], []]);
      expect(await ready(selector)).toEqual([]);
      let selected: unknown = null;
      const selecting = Promise.all([select([], [client], []), ready(selector, null)]).then((both) => {
        selected = both;
      });
      while (selected === null) {
        if (server.readable) await server.recv(65_536);
        else await settle(1);
      }
      await selecting;
      expect(selected).toEqual([[[], [client], []], [[client, EVENT_WRITE]]]);
      await client.close();
      await Promise.all(sends);
    });

    it("tells a peer that breaks the connection: receiving fails at once", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      const selecting = select([socket], [], []);
      expect(await isPending(selecting)).toBe(true);
      if (subject.isTcp) peer.reset();
      else await peer.close();
      expect(await selecting).toEqual([[socket], [], []]);
      const outcome = await socket.recv(1).catch((error: unknown) => error);
      if (subject.isTcp) expect(outcome).toMatchObject({ code: "ECONNRESET" });
      else expect(outcome).toHaveLength(0);
    });

    it("tells the outcome of connecting with settimeout(0) as writable; SO_ERROR says which one it is", async () => {
      await using listener = await subject.listener();
      await using lucky = subject.socket();
      await using unlucky = subject.socket();
      for (const socket of [lucky, unlucky]) socket.settimeout(0);
      const connecting = await lucky.connectEx(listener.getsockname());
      const failing = await unlucky.connectEx(await subject.deadAddress());
      // Of a Unix socket the system knows the outcome at once.
      const { answersAtOnce } = subject;
      expect(connecting).toBe(answersAtOnce ? 0 : EINPROGRESS);
      if (answersAtOnce) expect([ENOENT, ECONNREFUSED]).toContain(failing);
      else expect(failing).toBe(EINPROGRESS);
      for (const socket of [lucky, unlucky]) expect(await select([], [socket], [])).toEqual([[], [socket], []]);
      expect(lucky.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
      if (!answersAtOnce) expect(unlucky.getsockopt(SOL_SOCKET, SO_ERROR)).toBeGreaterThan(0);
      const [connection] = await listener.accept();
      await connection.sendall("connected");
      await select([lucky], [], []);
      expect(String(await lucky.recv(100))).toBe("connected");
      await connection.close();
    });

    it("tells one that is not connected as ready, for failing, also when connecting has failed meanwhile", async () => {
      await using fresh = subject.socket();
      expect(await select([fresh], [fresh], [])).toEqual([[fresh], [fresh], []]);
      const failure = failureOf(fresh.connect(await subject.deadAddress()));
      expect(await select([fresh], [fresh], [])).toEqual([[fresh], [fresh], []]);
      expect((await failure).code).toMatch(/^(ECONNREFUSED|ENOENT)$/);
    });

    const urgent = subject.isTcp && subject.isNative && !python.missing;
    const why = !subject.isTcp
      ? "Unix streams have none"
      : subject.isNative
        ? "python3 is not installed"
        : "Node has none";
    it.skipIf(!urgent)(
      `tells urgent bytes (MSG_OOB) in the third list, until they were read${urgent ? "" : ` (skipped: ${why})`}`,
      async () => {
        await using listener = await subject.listener();
        const [host, port] = listener.getsockname() as [string, number];
        // It stays until this end has answered.
        const sending = runPython(
          "import socket, sys; s = socket.create_connection((sys.argv[1], int(sys.argv[2]))); s.send(b'!', socket.MSG_OOB); s.recv(1)",
          host,
          port,
        );
        const [connection] = await listener.accept();
        connection.setsockopt(SOL_SOCKET, SO_OOBINLINE, true);
        expect(await select([], [], [connection])).toEqual([[], [], [connection]]);
        expect(await select([connection], [], [connection])).toEqual([[connection], [], [connection]]);
        expect(String(await connection.recv(10))).toBe("!");
        expect(await select([connection], [], [connection], 0)).toEqual([[], [], []]);
        await connection.sendall("x");
        await sending;
        await connection.close();
      },
    );
  });
}

for (const subject of allDatagrams) {
  describe.skipIf(subject.missing !== null)(`Selecting over ${subject.title}`, () => {
    it("tells a socket as readable until the last datagram was taken, and as writable all along", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      using selector = new DefaultSelector();
      selector.register(receiver, BOTH);
      expect(await ready(selector, null)).toEqual([[receiver, EVENT_WRITE]]);
      selector.modify(receiver, EVENT_READ);
      const selecting = ready(selector, null);
      expect(await isPending(selecting)).toBe(true);
      for (const text of ["one", "two", ""]) await sender.sendto(text, receiver.getsockname());
      expect(await selecting).toEqual([[receiver, EVENT_READ]]);
      for (const text of ["one", "two", ""]) {
        expect(await select([receiver, sender], [sender], [receiver])).toEqual([[receiver], [sender], []]);
        expect(String(await receiver.recv(100))).toBe(text);
      }
      expect(await ready(selector)).toEqual([]);
    });
  });
}

describe.each(transports)("Servers on the $name transport", (transport) => {
  it("are selected together with sockets: one loop for a TCP server, a UDP server and a connection", async () => {
    await using tcp = new TCPServer(["127.0.0.1", 0], LineEcho, { transport });
    await using udp = new UDPServer(["127.0.0.1", 0], DatagramEcho, { transport });
    for (const server of [tcp, udp]) await server.open();
    await using pair = await makePair(transport);
    const [socket, peer] = pair;
    using selector = new DefaultSelector();
    for (const fileobj of [tcp, udp, socket]) selector.register(fileobj, EVENT_READ);
    expect(selector.getKey(tcp).fd).toBe(tcp.fileno());
    expect(await ready(selector)).toEqual([]);

    await using stream = await StreamTestClient.connect(tcp.serverAddress);
    expect(await ready(selector, null)).toEqual([[tcp, EVENT_READ]]);
    await stream.write("by tcp\n");
    await tcp.handleRequest();
    expect(await stream.readLine()).toBe("by tcp\n");

    await using client = await DatagramTestClient.open(udp.serverAddress);
    await client.send("by udp");
    expect(await select([tcp, udp, socket], [], [])).toEqual([[udp], [], []]);
    await udp.handleRequest();
    expect(await client.receive()).toBe("by udp");

    await peer.sendall("x");
    expect(await ready(selector, null)).toEqual([[socket, EVENT_READ]]);
  });

  it("are refused while they are not open, and can be unregistered when they were closed", async () => {
    await using server = new MultiplexingTCPServer(["127.0.0.1", 0], LineEcho, { transport });
    using selector = new DefaultSelector();
    expect(() => selector.register(server, EVENT_READ)).toThrow(/is not open \(EBADF\)\. Await server\.open\(\) first/);
    expect(() => selector.getKey(server)).toThrow("Cannot find MultiplexingTCPServer: it is not registered.");
    await server.open();
    selector.register(server, EVENT_READ);
    const selecting = failureOf(selector.select());
    expect(await isPending(selecting)).toBe(true);
    await server.serverClose();
    expect((await selecting).name).toBe("ClosedResourceError");
    expect((await failureOf(select([server], [], [], 0))).name).toBe("ClosedResourceError");
    selector.unregister(server);
    expect(await selector.select(0)).toEqual([]);
  });
});
