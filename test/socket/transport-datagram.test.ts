import type { Socket } from "ts-socketserver";
import { type Datagram, MSG_PEEK, SO_RCVBUF, SOL_SOCKET } from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { datagrams, failureOf } from "./subjects.js";

/** More than may be on their way to the kernel at once. */
const MANY = 4200;

for (const subject of datagrams) {
  describe.skipIf(subject.missing !== null)(`Failures of ${subject.title}`, () => {
    it("answer a datagram that came from port 0 with EINVAL, however often, and the socket still sends", async () => {
      await using socket = await subject.bound();
      const [host] = socket.getsockname();
      for (let time = 0; time < MANY; time += 1) {
        const error = await failureOf(socket.sendto("to nobody", [String(host), 0]));
        if (error.code !== "EINVAL") expect.fail(`send ${time} failed with ${error.code}`);
      }
      await socket.sendto("to myself", socket.getsockname());
      expect(String(await socket.recv(100))).toBe("to myself");
    });

    it("leave nothing in flight when Node itself refuses to send", async () => {
      await using socket = await subject.bound();
      await using other = await subject.bound();
      const wrong = [Number.NaN] as unknown as Uint8Array;
      for (let time = 0; time < MANY; time += 1)
        await expect(socket.sendto(wrong, other.getsockname())).rejects.toThrow();
      await socket.sendto("fine", other.getsockname());
      expect(String(await other.recv(100))).toBe("fine");
    });

    it("count no unread bytes after close()", async () => {
      const socket = (await subject.bound()) as Socket & { recvfromAtOnce(size: number): Datagram };
      for (const text of ["read", "unread"]) await socket.sendto(text, socket.getsockname());
      expect(String(await socket.recv(100, MSG_PEEK))).toBe("read");
      expect(String(socket.recvfromAtOnce(100)[0])).toBe("read");
      // On the native transport that has taken both; on Node's the second comes by itself.
      await expect.poll(() => socket.counters.unreadBytes, { timeout: 15_000 }).toBe(6);
      await socket.close();
      expect(socket.counters.unreadBytes).toBe(0);
    });
  });
}

for (const subject of datagrams.filter(({ isNative }) => !isNative)) {
  describe.skipIf(subject.missing !== null)(`What Node refuses over ${subject.title}`, () => {
    it("is a datagram of a connected socket to another address: the error says where it works", async () => {
      await using one = await subject.bound();
      await using other = await subject.bound();
      await using stranger = await subject.bound();
      await one.connect(other.getsockname());
      const error = await failureOf(one.sendto("x", stranger.getsockname()));
      expect(error.name).toBe("UnsupportedOperation");
      expect(error.message).toMatch(/^Node sends no datagrams .*\(ENOTSUP\)\. The native transport/);
      await one.send("fine");
      expect(String(await other.recv(100))).toBe("fine");
    });
  });
}

// The Node transport can set the option only when it binds; the native one sets it at once, and the kernel takes any size.
for (const subject of datagrams.filter(({ isNative }) => !isNative)) {
  describe.skipIf(subject.missing !== null)(
    `A wrong option that node:dgram applies late, over ${subject.title}`,
    () => {
      it("keeps a socket from being bound until it is mended", async () => {
        await using socket = subject.socket();
        socket.setsockopt(SOL_SOCKET, SO_RCVBUF, -1);
        await expect(socket.bind(subject.address())).rejects.toThrow();
        expect(socket.fileno()).toBe(-1);
        socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 65_536);
        await socket.bind(subject.address());
        await socket.sendto("bound", socket.getsockname());
        expect(String(await socket.recv(100))).toBe("bound");
      });

      it("keeps a first send from binding the socket until it is mended", async () => {
        await using receiver = await subject.bound();
        await using socket = subject.socket();
        socket.setsockopt(SOL_SOCKET, SO_RCVBUF, -1);
        await expect(socket.sendto("x", receiver.getsockname())).rejects.toThrow();
        socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 65_536);
        await socket.sendto("second", receiver.getsockname());
        expect(String(await receiver.recv(100))).toBe("second");
      });
    },
  );
}
