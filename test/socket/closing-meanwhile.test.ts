import { ClosedResourceError, SHUT_RD } from "ts-socketserver";
import { describe, expect, it } from "vitest";
import { isPending } from "../settle.js";
import { datagrams, failureOf, tcpStreams } from "./subjects.js";

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

for (const subject of datagrams) {
  describe.skipIf(subject.missing !== null)(`Closing meanwhile over ${subject.title}`, () => {
    it("fails a bind() with ClosedResourceError", async () => {
      const socket = subject.socket();
      const binding = failureOf(socket.bind(subject.address()));
      await socket.close();
      expect(await binding).toMatchObject({ name: "ClosedResourceError", code: "EBADF", syscall: "bind" });
    });

    it("fails a first sendto() with ClosedResourceError", async () => {
      await using receiver = subject.socket();
      await receiver.bind(subject.address());
      const socket = subject.socket();
      const sending = failureOf(socket.sendto("x", receiver.getsockname()));
      await socket.close();
      expect(await sending).toMatchObject({ name: "ClosedResourceError", code: "EBADF", syscall: "sendto" });
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
