import { BrokenPipeError, ClosedResourceError } from "ts-socketserver";
import { SHUT_RD, SHUT_RDWR, SHUT_WR } from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { isPending, settle } from "../support/settle.js";
import { failureOf, pattern, receiveBytes, streams } from "./subjects.js";

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`Ending over ${subject.title}`, () => {
    it("half-closes: after SHUT_WR the peer reads the end and can still answer", async () => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      await client.sendall("question");
      await client.shutdown(SHUT_WR);
      expect(String(await receiveBytes(server, 100))).toBe("question");
      await server.sendall("answer");
      expect(String(await client.recv(100))).toBe("answer");
      expect(await failureOf(client.sendall("more"))).toBeInstanceOf(BrokenPipeError);
      expect(await failureOf(client.send("more"))).toMatchObject({ code: "EPIPE", syscall: "send" });
      await server.shutdown(SHUT_WR);
      expect(await client.recv(100)).toHaveLength(0);
    });

    it("half-closes the other way: a client that has ended its sending still gets its answer", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("question");
      peer.end();
      expect(String(await receiveBytes(socket, 100))).toBe("question");
      await socket.sendall("late answer");
      await socket.close();
      expect(await peer.readAll()).toBe("late answer");
    });

    it("still delivers all that an awaited sendall() has sent before SHUT_WR", async () => {
      await using pair = await subject.pair();
      const sent = pattern(8 * 1024 * 1024);
      const receiving = receiveBytes(pair.server, sent.length + 1);
      await pair.client.sendall(sent);
      await pair.client.shutdown(SHUT_WR);
      expect((await receiving).equals(sent)).toBe(true);
    });

    it("reads the end after SHUT_RD, also in a recv() that waits, and can still send", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      const waiting = socket.recv(10);
      expect(await isPending(waiting)).toBe(true);
      await socket.shutdown(SHUT_RD);
      expect(await waiting).toHaveLength(0);
      expect(await socket.recv(10)).toHaveLength(0);
      await socket.sendall("still sending");
      expect(await peer.read(13)).toBe("still sending");
    });

    it("ends both directions with SHUT_RDWR, and may be told so twice", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await socket.shutdown(SHUT_RDWR);
      expect(await socket.recv(10)).toHaveLength(0);
      expect(await failureOf(socket.sendall("x"))).toBeInstanceOf(BrokenPipeError);
      expect(await peer.readAll()).toBe("");
      await socket.shutdown(SHUT_RDWR);
    });

    it("refuses a direction that is none", async () => {
      await using accepted = await subject.accepted();
      await expect(accepted.socket.shutdown(3)).rejects.toThrow(/direction 3.*SHUT_RD/);
    });

    it("lets the peer read all that was taken before close(), however late it reads; the rest of a call is refused", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      peer.pause();
      const sent = Buffer.alloc(8 * 1024 * 1024, "abcdefg\n");
      const sending = failureOf(socket.sendall(sent));
      await settle();
      await socket.close();
      // The call is told that it was interrupted; what the socket had taken until then is sent even so, and no more.
      expect(await sending).toBeInstanceOf(ClosedResourceError);
      expect(peer.available).toBe(0);
      peer.resume();
      const received = await peer.readAll();
      expect(received.length).toBeGreaterThan(0);
      expect(sent.toString().startsWith(received)).toBe(true);
      expect(peer.error).toBeNull();
    });

    it("lets the peer read to the end what an awaited sendall() sent before close()", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      peer.pause();
      await socket.sendall("awaited ");
      await socket.sendall("words");
      await socket.close();
      await settle();
      peer.resume();
      expect(await peer.readAll()).toBe("awaited words");
      expect(peer.error).toBeNull();
    });

    it("may be closed twice, at the same time too", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      expect(socket.closed).toBe(false);
      await Promise.all([socket.close(), socket.close()]);
      await socket.close();
      socket.abort();
      expect([socket.closed, socket.fileno()]).toEqual([true, -1]);
      expect(await peer.readAll()).toBe("");
    });

    it("answers every call after close() with ClosedResourceError", async () => {
      await using accepted = await subject.accepted();
      const { socket } = accepted;
      await socket.close();
      const calls = [
        () => socket.bind(subject.address()),
        () => socket.listen(),
        () => socket.accept(),
        () => socket.connect(subject.address()),
        () => socket.recv(1),
        () => socket.recvfrom(1),
        () => socket.send("x"),
        () => socket.sendall("x"),
        () => socket.shutdown(SHUT_WR),
      ];
      for (const call of calls)
        expect(await failureOf(call())).toMatchObject({ name: "ClosedResourceError", code: "EBADF" });
      for (const call of [
        () => socket.getsockname(),
        () => socket.getpeername(),
        () => socket.setsockopt(1, 9, true),
        () => socket.getsockopt(1, 9),
      ]) {
        expect(call).toThrow(ClosedResourceError);
      }
      expect(socket.remoteEndpoint).toBeNull();
    });

    it("is closed at the end of an await using block, and lets nobody connect any more", async () => {
      const peerEnd = await (async () => {
        await using accepted = await subject.accepted();
        const { socket, listener } = accepted;
        expect([socket.closed, listener.closed]).toEqual([false, false]);
        return accepted;
      })();
      expect([peerEnd.socket.closed, peerEnd.listener.closed]).toEqual([true, true]);
    });

    it("turns clients away that still waited when the listener was closed", async () => {
      const listener = await subject.listener();
      await using client = subject.socket();
      await client.connect(listener.getsockname());
      await settle();
      await listener.close();
      const outcome = await client.recv(10).catch((error: unknown) => error);
      // The system resets them, also those of a Unix stream; the Node transport had accepted these, and ends them.
      if (subject.isTcp || subject.isNative) expect(outcome).toMatchObject({ code: "ECONNRESET" });
      else expect(outcome).toHaveLength(0);
    });
  });
}
