import { ClosedResourceError, type Socket } from "ts-socketserver";
import { SHUT_RD } from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { isPending } from "../support/settle.js";
import { datagrams, failureOf, streams, tcpStreams, unixDatagrams } from "./subjects.js";

/** The error of a call that its socket's end has ended. */
const closedDuring = (syscall: string) => ({ name: "ClosedResourceError", code: "EBADF", syscall });

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`Closing meanwhile over ${subject.title}`, () => {
    const closings = [
      ["close()", (socket: Socket) => socket.close()],
      ["abort()", async (socket: Socket) => socket.abort()],
    ] as const;

    it.each(closings)("ends accept() with ClosedResourceError: %s", async (_name, close) => {
      const listener = await subject.listener();
      const waiting = listener.accept();
      expect(await isPending(waiting)).toBe(true);
      await Promise.all([expect(waiting).rejects.toMatchObject(closedDuring("accept")), close(listener)]);
    });

    it.each(closings)("ends recv(), recvfrom() and sendall() with ClosedResourceError: %s", async (_name, close) => {
      for (const method of ["recv", "recvfrom"] as const) {
        await using pair = await subject.pair();
        const receiving = pair.client[method](10);
        const sending = pair.client.sendall(Buffer.alloc(16 * 1024 * 1024));
        expect(await isPending(Promise.race([receiving, sending]))).toBe(true);
        await Promise.all([
          expect(receiving).rejects.toMatchObject(closedDuring(method)),
          expect(sending).rejects.toMatchObject(closedDuring("send")),
          close(pair.client),
        ]);
      }
    });

    it.each(closings)("ends connect() with ClosedResourceError, in the same tick too: %s", async (_name, close) => {
      await using listener = await subject.listener();
      const socket = subject.socket();
      const connecting = socket.connect(listener.getsockname());
      await Promise.all([expect(connecting).rejects.toMatchObject(closedDuring("connect")), close(socket)]);
    });
  });
}

for (const subject of tcpStreams.filter(({ title }) => !title.includes("IPv6"))) {
  describe(`Closing meanwhile over ${subject.title}`, () => {
    it("never connects when the socket is closed while the name is looked up", async () => {
      await using listener = await subject.listener();
      const [, port] = listener.getsockname();
      const accepting = listener.accept();
      accepting.catch(() => undefined);
      const socket = subject.socket();
      const connecting = failureOf(socket.connect(["localhost", Number(port)]));
      await socket.close();
      expect(await connecting).toBeInstanceOf(ClosedResourceError);
      expect(await isPending(accepting)).toBe(true);
    });
  });
}

for (const subject of [...datagrams, ...unixDatagrams]) {
  describe.skipIf(subject.missing !== null)(`Closing meanwhile over ${subject.title}`, () => {
    it.each(["recv", "recvfrom"] as const)("ends %s() with ClosedResourceError", async (method) => {
      const socket = await subject.bound();
      const waiting = socket[method](10);
      expect(await isPending(waiting)).toBe(true);
      await Promise.all([expect(waiting).rejects.toMatchObject(closedDuring(method)), socket.close()]);
    });
  });
}

for (const subject of datagrams) {
  describe.skipIf(subject.missing !== null)(`Closing meanwhile over ${subject.title}`, () => {
    it("fails a bind() with ClosedResourceError", async () => {
      const socket = subject.socket();
      const binding = failureOf(socket.bind(subject.address()));
      await socket.close();
      expect(await binding).toMatchObject({ name: "ClosedResourceError", code: "EBADF", syscall: "bind" });
    });

    it("comes too late for a first sendto(), which is sent", async () => {
      await using receiver = subject.socket();
      await receiver.bind(subject.address());
      const socket = subject.socket();
      const sending = socket.sendto("x", receiver.getsockname());
      await Promise.all([expect(sending).resolves.toBe(1), socket.close()]);
      expect(String(await receiver.recv(10))).toBe("x");
    });

    it("reads the end after SHUT_RD with recvfrom() as with recv(), also in one that waits", async () => {
      await using other = subject.socket();
      await other.bind(subject.address());
      await using socket = subject.socket();
      await socket.connect(other.getsockname());
      const waiting = socket.recvfrom(10);
      expect(await isPending(waiting)).toBe(true);
      await socket.shutdown(SHUT_RD);
      expect(await waiting).toEqual([Buffer.alloc(0), other.getsockname(), false]);
      expect(socket.readable).toBe(true);
      expect(await socket.recvfrom(10)).toEqual([Buffer.alloc(0), other.getsockname(), false]);
    });
  });
}
