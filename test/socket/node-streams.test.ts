import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, createServer as createHttpServer, request } from "node:http";
import { Socket as NodeSocket } from "node:net";
import type { Duplex } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { createServer as createTlsServer, connect as tlsConnect } from "node:tls";
import { BaseRequestHandler, type Socket, StreamRequestHandler } from "ts-socketserver";
import { MSG_PEEK, SHUT_WR } from "ts-socketserver/socket";
import { nodeTransport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { serveWith } from "../robustness/support.js";
import { isPending, settle } from "../support/settle.js";
import { streamSubjects } from "../support/subjects.js";
import { within } from "../support/within.js";
import { failureOf, pattern, receiveBytes, streams } from "./subjects.js";

const MEGABYTE = 1024 * 1024;

/** Encryption by a secret that both ends know: it needs no certificate. */
const psk = Buffer.from("a secret of both ends");
const secrets = { ciphers: "PSK+HIGH", minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`A connection given to Node over ${subject.title}`, () => {
    it("is a stream of Node's, and the socket is closed: its calls fail with ClosedResourceError", async () => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      const stream = server.toNodeSocket();
      expect(stream).toBeInstanceOf(NodeSocket);
      expect([server.closed, server.fileno()]).toEqual([true, -1]);
      expect((await failureOf(server.recv(1))).name).toBe("ClosedResourceError");
      expect(() => server.toNodeSocket()).toThrow(expect.objectContaining({ name: "ClosedResourceError" }));
      stream.end("goodbye");
      expect(String(await receiveBytes(client, 100))).toBe("goodbye");
      await client.sendall("after you");
      await client.close();
      expect(await text(stream)).toBe("after you");
    });

    it("brings what had arrived: looked at, in part received, and not noticed yet", async () => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      await client.sendall("look: ");
      expect(String(await server.recv(4, MSG_PEEK))).toBe("look");
      expect(String(await server.recv(2))).toBe("lo");
      await client.sendall("more");
      const stream = server.toNodeSocket();
      await client.close();
      expect(await text(stream)).toBe("ok: more");
    });

    it("brings what had arrived also when the peer has ended before", async () => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      await client.sendall("last words");
      await client.close();
      expect(String(await server.recv(4, MSG_PEEK))).toBe("last");
      await settle();
      const stream = server.toNodeSocket();
      expect(await text(stream)).toBe("last words");
      stream.destroy();
    });

    it("carries 4 MB both ways", async () => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      const sent = pattern(4 * 1024 * 1024);
      const stream = server.toNodeSocket();
      const atServer = buffer(stream);
      stream.write(sent);
      const [atClient] = await Promise.all([receiveBytes(client, sent.length), client.sendall(sent)]);
      // Only now: of a connection that ends in both directions at once, libuv may lose what has not been read.
      await client.shutdown(SHUT_WR);
      expect([(await atServer).equals(sent), atClient.equals(sent)]).toEqual([true, true]);
      stream.end();
      expect(await client.recv(1)).toHaveLength(0);
    });

    it("ends a call that waits, as close() does; what comes then is the stream's", async () => {
      await using pair = await subject.pair();
      const receiving = pair.server.recv(10);
      expect(await isPending(receiving)).toBe(true);
      const failure = failureOf(receiving);
      const stream = pair.server.toNodeSocket();
      expect((await failure).name).toBe("ClosedResourceError");
      await pair.client.sendall("for the stream");
      await pair.client.close();
      expect(await text(stream)).toBe("for the stream");
    });

    it("is broken by abort(), and by that alone", async () => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      const stream = server.toNodeSocket();
      await server.close();
      stream.write("still there");
      expect(String(await receiveBytes(client, 11))).toBe("still there");
      const closed = once(stream, "close");
      server.abort();
      await closed;
      expect(await client.recv(1)).toHaveLength(0);
    });

    it("is counted with what Node has moved", async () => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      await client.sendall("one, two");
      expect(String(await server.recv(3))).toBe("one");
      await server.sendall("three");
      const stream = server.toNodeSocket();
      stream.end(" and four");
      expect(String(await receiveBytes(client, 14))).toBe("three and four");
      await client.close();
      expect(await text(stream)).toBe(", two");
      expect(server.counters).toMatchObject({ bytesRead: 8, bytesWritten: 14 });
    });

    it("is refused where there is none: ENOTCONN, and the socket stays as it was", async () => {
      await using listener = await subject.listener();
      await using fresh = subject.socket();
      for (const socket of [listener, fresh]) {
        expect(() => socket.toNodeSocket()).toThrow(expect.objectContaining({ code: "ENOTCONN" }));
        expect(socket.closed).toBe(false);
      }
      await fresh.connect(listener.getsockname());
      expect(fresh.remoteEndpoint).toEqual(listener.getsockname());
    });

    it("can be encrypted by node:tls, at both ends", async () => {
      await using pair = await subject.pair();
      const tlsServer = createTlsServer({ ...secrets, pskCallback: () => psk }, (stream) => stream.pipe(stream));
      tlsServer.emit("connection", pair.server.toNodeSocket());
      const socket = pair.client.toNodeSocket();
      const pskCallback = () => ({ psk, identity: "test" });
      const client = tlsConnect({ ...secrets, socket, pskCallback, checkServerIdentity: () => undefined });
      await once(client, "secureConnect");
      expect(client.getCipher().name).toMatch(/PSK/);
      const sent = pattern(1024 * 1024);
      client.end(sent);
      expect((await buffer(client)).equals(sent)).toBe(true);
    });
  });
}

for (const subject of streams.filter(({ transport }) => transport === nodeTransport)) {
  describe.skipIf(subject.missing !== null)(`A connection that was read, given to Node over ${subject.title}`, () => {
    it("goes on as a stream of Node's: with what waits, and with all that comes, no faster than it is taken", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      const all = randomBytes(4 * MEGABYTE);
      const sending = peer.write(all);
      const first = await receiveBytes(socket, 10);
      const stream = socket.toNodeSocket();
      await settle();
      expect(stream.readableLength).toBeLessThan(MEGABYTE);
      stream.end("goodbye");
      peer.end();
      const rest = await within(15, "the rest", buffer(stream));
      await sending;
      expect(Buffer.concat([first, rest]).equals(all)).toBe(true);
      expect(await peer.readAll()).toBe("goodbye");
    });

    it("tells its end, and its bytes, when it has gone on as a stream of Node's", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("one");
      expect(String(await socket.recv(10))).toBe("one");
      const stream = socket.toNodeSocket();
      await peer.write("two");
      const [chunk] = await once(stream, "data");
      expect(String(chunk)).toBe("two");
      peer.end();
      await once(stream, "end");
      stream.destroy();
      await once(stream, "close");
    });

    it.each(["readable", "readable, after a pause()"])("tells of its bytes as a stream of Node's: %s", async (how) => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("one");
      expect(String(await socket.recv(10))).toBe("one");
      const stream = socket.toNodeSocket();
      if (how !== "readable") stream.pause();
      const readable = within(15, "the event", once(stream, "readable"));
      await peer.write("two");
      await readable;
      expect(String(stream.read())).toBe("two");
      stream.destroy();
    });

    it("begins with the bytes that a reader had read ahead, then those that wait", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      const rfile = socket.makefile("rb");
      await peer.write("line\nread ahead, ");
      expect(String(await rfile.readline())).toBe("line\n");
      await peer.write("waiting, ");
      await settle();
      const stream = socket.toNodeSocket();
      await peer.write("late");
      peer.end();
      expect(await text(stream)).toBe("read ahead, waiting, late");
      stream.destroy();
    });

    it("tells the end that had come before, also when nothing is left to be read", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      peer.end();
      expect(await socket.recv(1)).toHaveLength(0);
      const stream = socket.toNodeSocket();
      await within(15, "the end", once(stream.resume(), "end"));
      stream.end("goodbye");
      expect(await peer.readAll()).toBe("goodbye");
    });

    it("is no error of the process when it breaks before there is a listener", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("x");
      await socket.recv(1);
      const stream = socket.toNodeSocket();
      // Unlike once(), this listens for no error.
      const over = new Promise((resolve) => stream.once(subject.isTcp ? "close" : "end", resolve));
      stream.resume();
      if (subject.isTcp) peer.reset();
      else await peer.close();
      await within(15, "the end", over);
      stream.destroy();
    });
  });

  describe.skipIf(subject.missing !== null)(`A connection whose first read comes late, over ${subject.title}`, () => {
    it("is read while a send that came before still waits for room", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      peer.pause();
      const megabytes = 16;
      const sending = socket.sendall(Buffer.alloc(megabytes * MEGABYTE, "x"));
      await settle();
      await peer.write("hurry");
      expect(String(await within(15, "the word", socket.recv(10)))).toBe("hurry");
      peer.resume();
      // Piece by piece: the client would put all of it together again at each chunk.
      for (let count = 0; count < megabytes; count += 1) expect(await peer.read(MEGABYTE)).toHaveLength(MEGABYTE);
      await within(15, "the send", sending);
      await socket.shutdown(SHUT_WR);
      await peer.ended();
      expect(peer.available).toBe(0);
      await peer.write("thanks");
      expect(String(await socket.recv(10))).toBe("thanks");
    });

    it("is read behind the end of what was sent", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await socket.sendall("all I have");
      await socket.shutdown(SHUT_WR);
      expect(await peer.readAll()).toBe("all I have");
      await peer.write("thanks");
      expect(String(await socket.recv(10))).toBe("thanks");
      peer.end();
      expect(await socket.recv(10)).toHaveLength(0);
    });
  });
}

/** Asks an HTTP server, and gives the body of its answer. */
async function ask(agent: Agent, address: unknown, path: string): Promise<string> {
  const where = Array.isArray(address) ? { host: address[0], port: address[1] } : { socketPath: String(address) };
  const call = request({ ...where, path, agent, method: "POST" });
  call.end("body");
  const [response] = await once(call, "response");
  return text(response);
}

for (const subject of streamSubjects) {
  describe(`A handler of a ${subject.name} on the ${subject.transport} transport`, () => {
    it("can give its connection to node:http, whatever it has looked at before", async () => {
      const http = createHttpServer(async (call, response) => {
        response.end(`${call.method} ${call.url} ${await text(call)}`);
      });
      const given: Duplex[] = [];
      class Http extends BaseRequestHandler<Socket> {
        override async handle(): Promise<void> {
          expect(String(await this.request.recv(4, MSG_PEEK))).toBe("POST");
          const stream = this.request.toNodeSocket();
          given.push(stream);
          http.emit("connection", stream);
        }
      }
      await using running = await serveWith(subject, Http);
      // One connection for both: the handler is done long before the second comes.
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      expect(await ask(agent, running.address, "/one")).toBe("POST /one body");
      expect(await ask(agent, running.address, "/two")).toBe("POST /two body");
      expect([given.length, running.server.activeRequests]).toEqual([1, 0]);
      agent.destroy();
      for (const stream of given) stream.destroy();
    });

    it("can give it away after it has read lines of its own", async () => {
      class Upgrade extends StreamRequestHandler {
        override async handle(): Promise<void> {
          await this.wfile.write(`you said ${await this.rfile.readline()}`);
          const stream = this.connection.toNodeSocket();
          for await (const chunk of stream) stream.write(String(chunk).toUpperCase());
          stream.end();
        }
      }
      await using running = await serveWith(subject, Upgrade);
      await using client = await running.connect();
      await client.write("upgrade\n");
      expect(await client.readLine()).toBe("you said upgrade\n");
      await client.write("loud\n");
      expect(await client.readLine()).toBe("LOUD\n");
      client.end();
      expect(await client.readAll()).toBe("");
    });
  });
}
