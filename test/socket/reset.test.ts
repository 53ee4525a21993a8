import { BrokenPipeError, ConnectionResetError, type OSError, type Socket } from "ts-socketserver";
import { MSG_PEEK, SHUT_RD, SHUT_RDWR, SHUT_WR, SO_KEEPALIVE, SO_LINGER, SOL_SOCKET } from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { isPending, settle } from "../support/settle.js";
import { within } from "../support/within.js";
import { type Accepted, failureOf, receiveBytes, streams, tcpStreams } from "./subjects.js";

/** `struct linger`, as Python's `struct.pack("ii", on, seconds)` makes it. */
function linger(on: number, seconds: number): Uint8Array {
  return new Uint8Array(Int32Array.of(on, seconds).buffer);
}

type Call = readonly [name: string, call: (socket: Socket) => Promise<unknown>];

const RECEIVING_CALLS: readonly Call[] = [
  ["recv()", (socket) => socket.recv(10)],
  ["recvInto()", (socket) => socket.recvInto(Buffer.alloc(10))],
  ["recvfrom()", (socket) => socket.recvfrom(10)],
  ["recvfromInto()", (socket) => socket.recvfromInto(Buffer.alloc(10))],
  ["the reading of a file", (socket) => socket.makefile("rb").read(10)],
  ["the reading of a line", (socket) => socket.makefile("r").readline()],
];

const CALLS: readonly Call[] = [
  ...RECEIVING_CALLS,
  ["send()", (socket) => socket.send("x")],
  ["sendall()", (socket) => socket.sendall("x")],
  ["sendto()", (socket) => socket.sendto("x", ["127.0.0.1", 9])],
  ["the writing of a file", (socket) => socket.makefile("wb", { buffering: 0 }).write("x")],
];

/** Has the peer reset the connection, and waits until it has done so. On loopback the reset has arrived by then. */
async function resetByPeer({ peer }: Accepted): Promise<void> {
  peer.reset();
  await peer.ended();
}

/** Sends until that fails. @returns the failure */
function failingSend(socket: Socket): Promise<OSError> {
  const send = async (): Promise<OSError> => {
    for (;;) {
      const failure = await socket.sendall("still there?").then(
        () => null,
        (error: OSError) => error,
      );
      if (failure !== null) return failure;
      await settle(1);
    }
  };
  return within(15, "a failing send", send());
}

for (const subject of tcpStreams) {
  describe.skipIf(subject.missing !== null)(`Resets over ${subject.title}`, () => {
    it("break a waiting recv() with ConnectionResetError", async () => {
      await using accepted = await subject.accepted();
      const waiting = failureOf(accepted.socket.recv(10));
      expect(await isPending(waiting)).toBe(true);
      accepted.peer.reset();
      const error = await waiting;
      expect(error).toBeInstanceOf(ConnectionResetError);
      expect([error.code, error.syscall]).toEqual(["ECONNRESET", "recv"]);
      expect(error.message).toMatch(/^Cannot receive from tcp .*:\d+: connection reset by peer \(ECONNRESET\)$/);
    });

    it("break the next recv() and every one after it", async () => {
      await using accepted = await subject.accepted();
      await resetByPeer(accepted);
      expect(await failureOf(accepted.socket.recv(10))).toBeInstanceOf(ConnectionResetError);
      expect(await failureOf(accepted.socket.recv(10))).toBeInstanceOf(ConnectionResetError);
    });

    it("break the very next send, not the one after it, and then every other", async () => {
      await using accepted = await subject.accepted();
      await resetByPeer(accepted);
      const error = await failureOf(accepted.socket.sendall("into the void"));
      expect(error).toBeInstanceOf(ConnectionResetError);
      expect([error.code, error.syscall]).toEqual(["ECONNRESET", "send"]);
      const later = await failureOf(accepted.socket.send("again"));
      expect(later.code).toMatch(/^(ECONNRESET|EPIPE)$/);
    });

    it("break a waiting sendall(), and the ones behind it", async () => {
      await using accepted = await subject.accepted();
      accepted.peer.pause();
      const sends = [accepted.socket.sendall(Buffer.alloc(16 * 1024 * 1024)), accepted.socket.sendall("behind it")];
      const failures = sends.map((send) => failureOf(send));
      expect(await isPending(Promise.any(sends))).toBe(true);
      accepted.peer.reset();
      for (const failure of failures) expect((await failure).code).toMatch(/^(ECONNRESET|EPIPE)$/);
    });

    it("leave what had arrived before them to be read", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("last words");
      expect(String(await socket.recv(100, MSG_PEEK))).toBe("last words");
      await resetByPeer(accepted);
      expect(String(await socket.recv(4))).toBe("last");
      expect(String(await socket.recv(100))).toBe(" words");
      expect(await failureOf(socket.recv(100))).toBeInstanceOf(ConnectionResetError);
    });

    it("leave what had arrived before them to be read, also when nobody had looked at it yet", async () => {
      await using accepted = await subject.accepted();
      await accepted.peer.write("unseen");
      await resetByPeer(accepted);
      expect(String(await accepted.socket.recv(100))).toBe("unseen");
      expect(await failureOf(accepted.socket.recv(100))).toBeInstanceOf(ConnectionResetError);
    });

    it("are told behind what had arrived: a read() to the end does not take a part for the whole", async () => {
      for (const looksBefore of [false, true]) {
        await using accepted = await subject.accepted();
        const { socket, peer } = accepted;
        if (looksBefore) expect(socket.readable).toBe(false);
        await peer.write("half of it");
        await resetByPeer(accepted);
        const error = await failureOf(socket.makefile("rb").read());
        expect(error).toBeInstanceOf(ConnectionResetError);
      }
    });

    it("are told behind what had arrived also to a socket that has ended its own sending", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await socket.sendall("question");
      await socket.shutdown(SHUT_WR);
      expect(await peer.readAll()).toBe("question");
      await peer.write("an answer, ");
      expect(String(await receiveBytes(socket, 11))).toBe("an answer, ");
      await peer.write("half of it");
      await resetByPeer(accepted);
      expect(String(await receiveBytes(socket, 10))).toBe("half of it");
      expect(await failureOf(socket.recv(100))).toBeInstanceOf(ConnectionResetError);
    });

    it("are no resets where the peer has ended its sending before", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("all of it");
      peer.end();
      await settle();
      peer.reset();
      expect(String(await socket.recv(100))).toBe("all of it");
      expect(await socket.recv(100)).toHaveLength(0);
      expect((await failureOf(socket.sendall("x"))).code).toBe("EPIPE");
    });

    it("come from abort(): the peer sees ECONNRESET, and calls that wait are ended", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      const waiting = failureOf(socket.recv(10));
      socket.abort();
      expect((await waiting).name).toBe("ClosedResourceError");
      expect(socket.closed).toBe(true);
      await peer.ended();
      expect(peer.error).toMatchObject({ code: "ECONNRESET" });
    });

    it("come from abort() also while bytes wait to be sent", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      peer.pause();
      const sending = failureOf(socket.sendall(Buffer.alloc(16 * 1024 * 1024)));
      expect(await isPending(sending)).toBe(true);
      socket.abort();
      expect((await sending).name).toBe("ClosedResourceError");
      peer.resume();
      await peer.ended();
      // What is on its way is not sent any more. (Behind data that has arrived, Node reads a reset as the end.)
      expect(peer.available).toBeLessThan(16 * 1024 * 1024);
    });

    it.each([SHUT_WR, SHUT_RDWR])("come from abort() also after shutdown(%d), which ends a send", async (how) => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      peer.pause();
      const sending = failureOf(socket.sendall(Buffer.alloc(16 * 1024 * 1024)));
      await socket.shutdown(how);
      // What was taken is sent, and the rest is refused.
      expect(await sending).toMatchObject({ name: "BrokenPipeError", code: "EPIPE", syscall: "send" });
      socket.abort();
      peer.resume();
      await peer.ended();
      expect(peer.available).toBeLessThan(16 * 1024 * 1024);
    });

    it("come from close() with an SO_LINGER of 0, and no longer when that was taken back", async () => {
      await using accepted = await subject.accepted();
      accepted.socket.setsockopt(SOL_SOCKET, SO_LINGER, linger(1, 0));
      await accepted.socket.close();
      await accepted.peer.ended();
      expect(accepted.peer.error).toMatchObject({ code: "ECONNRESET" });

      await using other = await subject.accepted();
      other.socket.setsockopt(SOL_SOCKET, SO_LINGER, linger(1, 0));
      other.socket.setsockopt(SOL_SOCKET, SO_LINGER, linger(0, 0));
      await other.socket.sendall("goodbye");
      await other.socket.close();
      expect(await other.peer.readAll()).toBe("goodbye");
      expect(other.peer.error).toBeNull();
    });

    it("do not come from a socket that others set an option on", async () => {
      await using accepted = await subject.accepted();
      accepted.socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, true);
      await accepted.socket.close();
      await accepted.peer.ended();
      expect(accepted.peer.error).toBeNull();
    });

    it.each(CALLS)("break %s, whatever call they have broken before", async (_name, call) => {
      for (const [, first] of CALLS) {
        await using accepted = await subject.accepted();
        await resetByPeer(accepted);
        for (const one of [first, call, call]) {
          expect((await failureOf(one(accepted.socket))).code).toMatch(/^(ECONNRESET|EPIPE)$/);
        }
      }
    });

    it.each(RECEIVING_CALLS)("break %s that waits", async (_name, call) => {
      await using accepted = await subject.accepted();
      const waiting = failureOf(call(accepted.socket));
      expect(await isPending(waiting)).toBe(true);
      accepted.peer.reset();
      expect(await waiting).toBeInstanceOf(ConnectionResetError);
    });

    it.each([SHUT_RD, SHUT_WR, SHUT_RDWR])("leave shutdown(%d), getpeername() and close() harmless", async (how) => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await resetByPeer(accepted);
      // As the system has it: the first shutdown() may still be in time.
      for (let time = 0; time < 2; time += 1) {
        const problem = await socket.shutdown(how).then(
          () => "",
          (error: OSError) => error.code,
        );
        expect(problem).toMatch(/^(ENOTCONN)?$/);
      }
      expect(socket.getpeername()).toEqual(peer.address);
      await socket.close();
      expect(socket.fileno()).toBe(-1);
    });

    it.each([SHUT_WR, SHUT_RDWR])("come from abort() in the turn of shutdown(%d)", async (how) => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      void server.shutdown(how);
      server.abort();
      expect((await failingSend(client)).code).toMatch(/^(ECONNRESET|EPIPE)$/);
    });

    it("come from close() with an SO_LINGER of 0 in the turn of shutdown(), also set on the listener", async () => {
      for (const ofListener of [false, true]) {
        await using listener = await subject.listener();
        if (ofListener) listener.setsockopt(SOL_SOCKET, SO_LINGER, linger(1, 0));
        await using client = subject.socket();
        const [[socket]] = await Promise.all([listener.accept(), client.connect(listener.getsockname())]);
        if (!ofListener) socket.setsockopt(SOL_SOCKET, SO_LINGER, linger(1, 0));
        void socket.shutdown(SHUT_WR);
        await socket.close();
        expect((await failingSend(client)).code).toMatch(/^(ECONNRESET|EPIPE)$/);
      }
    });

    it("are met by a client that was reset before it was accepted, behind what it had sent", async () => {
      await using listener = await subject.listener();
      for (const words of ["", "hello"]) {
        await using client = subject.socket();
        await client.connect(listener.getsockname());
        if (words !== "") await client.sendall(words);
        client.abort();
        const [socket] = await within(15, "the connection", listener.accept());
        await using _socket = socket;
        if (words !== "") expect(String(await socket.recv(100))).toBe(words);
        expect(await failureOf(socket.recv(100))).toBeInstanceOf(ConnectionResetError);
        expect((await failureOf(socket.sendall("x"))).code).toMatch(/^(ECONNRESET|EPIPE)$/);
        expect(String(socket)).toMatch(/^<Socket tcp/);
      }
    });
  });
}

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`A peer that is gone over ${subject.title}`, () => {
    it("breaks sending with BrokenPipeError or ConnectionResetError, and never lets it wait for ever", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.close();
      let failure: Error | null = null;
      for (let tries = 0; failure === null && tries < 1000; tries += 1) {
        failure = await socket.sendall(Buffer.alloc(1000)).then(
          () => null,
          (error: Error) => error,
        );
      }
      expect(failure?.name).toMatch(/^(BrokenPipeError|ConnectionResetError)$/);
      expect((await failureOf(socket.sendall("x"))).name).toMatch(/^(BrokenPipeError|ConnectionResetError)$/);
    });

    it("leaves its goodbye to be read after a send that has failed", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("pipelined\n421 go away\n");
      await peer.close();
      expect(String(await receiveBytes(socket, 10))).toBe("pipelined\n");
      expect(await failingSend(socket)).toBeInstanceOf(BrokenPipeError);
      expect(String(await receiveBytes(socket, 100))).toBe("421 go away\n");
      expect(await socket.recv(100)).toHaveLength(0);
    });

    it("leaves its goodbye to a client that has only sent until then", async () => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      await server.sendall("421 go away\n");
      await server.close();
      expect(await failingSend(client)).toBeInstanceOf(BrokenPipeError);
      expect(String(await receiveBytes(client, 100))).toBe("421 go away\n");
    });

    it("is read as the end of the stream first", async () => {
      await using accepted = await subject.accepted();
      await accepted.peer.write("bye");
      await accepted.peer.close();
      expect(String(await accepted.socket.recv(10))).toBe("bye");
      expect(await accepted.socket.recv(10)).toHaveLength(0);
    });

    it("has shutdown() do nothing harmful", async () => {
      await using accepted = await subject.accepted();
      await accepted.peer.close();
      await accepted.socket.shutdown(SHUT_RD);
      expect(await accepted.socket.recv(10)).toHaveLength(0);
    });
  });
}

for (const subject of streams.filter(({ isTcp }) => !isTcp)) {
  describe.skipIf(subject.missing !== null)(`A closed peer over ${subject.title}`, () => {
    it("breaks the very next send with BrokenPipeError: the system knows at once", async () => {
      await using accepted = await subject.accepted();
      await accepted.peer.close();
      const error = await failureOf(accepted.socket.sendall("nobody is there"));
      expect(error).toBeInstanceOf(BrokenPipeError);
      expect([error.code, error.syscall]).toEqual(["EPIPE", "send"]);
    });

    it("reads the end after abort(), since Unix sockets have no resets", async () => {
      await using accepted = await subject.accepted();
      accepted.socket.abort();
      expect(await accepted.peer.readAll()).toBe("");
    });
  });
}
