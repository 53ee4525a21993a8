import { readdirSync } from "node:fs";
import { formatAddress } from "ts-socketserver";
import { MSG_DONTWAIT, SO_RCVBUF, SOL_SOCKET } from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { settle } from "../support/settle.js";
import { datagrams, failureOf } from "./subjects.js";

/** What the Node transport holds of a socket's datagrams. The native one leaves them all in the kernel. */
const QUEUE_BYTES = 1_048_576;
/** What the kernel is asked to hold, beside its own part of each datagram. */
const KERNEL_BYTES = 131_072;

for (const subject of datagrams) {
  describe.skipIf(subject.missing !== null)(`Limits of ${subject.title}`, () => {
    it("are told: what does not fit a datagram fails with EMSGSIZE, the size and the address", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      const to = receiver.getsockname();
      const error = await failureOf(sender.sendto(Buffer.alloc(70_000), to));
      expect([error.code, error.syscall]).toEqual(["EMSGSIZE", "sendto"]);
      expect(error.message).toBe(`Cannot send 70000 bytes to udp ${formatAddress(to)}: message too long (EMSGSIZE)`);
      await sender.sendto("the socket still works", to);
      expect(String(await receiver.recv(100))).toBe("the socket still works");
    });

    it("let the greatest datagram through whole", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      const greatest = Buffer.alloc(65_507, "abcdefg");
      expect(await sender.sendto(greatest, receiver.getsockname())).toBe(greatest.length);
      const [data, , truncated] = await receiver.recvfrom(65_535);
      expect([data.equals(greatest), truncated]).toEqual([true, false]);
    });

    const bound = subject.isNative ? "the kernel's buffer" : "1 MiB";
    it(`bound what waits to be received: beyond ${bound} the newest are dropped, and none is cut or out of order`, async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      receiver.setsockopt(SOL_SOCKET, SO_RCVBUF, KERNEL_BYTES);
      expect(receiver.readable).toBe(false);
      const datagram = Buffer.alloc(8192);
      for (let number = 0; number < 300; number += 1) {
        datagram.writeUInt32BE(number);
        await sender.sendto(datagram, receiver.getsockname());
        await settle(2);
      }
      const held = subject.isNative ? 0 : QUEUE_BYTES;
      expect(receiver.counters.unreadBytes).toBeLessThanOrEqual(held);
      const numbers: number[] = [];
      for (;;) {
        const data = await receiver.recv(65_535, MSG_DONTWAIT).catch(() => null);
        if (data === null) break;
        expect(data.length).toBe(8192);
        numbers.push(data.readUInt32BE());
      }
      expect(numbers.length).toBeGreaterThan(8);
      // Linux doubles what it is asked for.
      expect(numbers.length * 8192).toBeLessThanOrEqual(held + 2 * KERNEL_BYTES);
      expect(numbers).toEqual(numbers.map((_number, index) => index));
      await sender.sendto("room again", receiver.getsockname());
      expect(String(await receiver.recv(100))).toBe("room again");
    });

    it("bound empty datagrams too", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      for (let round = 0; round < 100; round += 1) {
        await Promise.all(Array.from({ length: 64 }, () => sender.sendto("", receiver.getsockname())));
        await settle(1);
      }
      // Nothing may be left in the kernel: many calls in a row let the event loop turn, and more would come in meanwhile.
      await settle(300);
      let received = 0;
      for (;;) {
        const data = await receiver.recv(10, MSG_DONTWAIT).catch(() => null);
        if (data === null) break;
        received += 1;
      }
      expect(received).toBeGreaterThan(0);
      expect(received).toBeLessThanOrEqual(4096);
    });

    it("leave many sends at once in their order", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      receiver.setsockopt(SOL_SOCKET, SO_RCVBUF, 1_048_576);
      const texts = Array.from({ length: 200 }, (_, index) => String(index));
      await Promise.all(texts.map((text) => sender.sendto(text, receiver.getsockname())));
      const received: string[] = [];
      while (received.length < texts.length) received.push(String(await receiver.recv(10)));
      expect(received).toEqual(texts);
    });

    it("allow one address: a second bind() and a second socket on the same port are refused", async () => {
      await using socket = await subject.bound();
      expect(await failureOf(socket.bind(subject.address()))).toMatchObject({ code: "EINVAL", syscall: "bind" });
      await using second = subject.socket();
      const error = await failureOf(second.bind(socket.getsockname()));
      expect(error.message).toBe(
        `Cannot bind udp ${formatAddress(socket.getsockname())}: address already in use (EADDRINUSE)`,
      );
      // What failed can be tried again with another address.
      await second.bind(subject.address());
    });

    it("are those of streams where it makes no sense: listen(), accept(), send() without a peer", async () => {
      await using socket = await subject.bound();
      expect(await failureOf(socket.listen())).toMatchObject({ code: "EOPNOTSUPP", syscall: "listen" });
      expect((await failureOf(socket.accept())).code).toMatch(/EINVAL|EOPNOTSUPP/);
      expect(await failureOf(socket.send("to whom?"))).toMatchObject({ code: "EDESTADDRREQ" });
      expect(await failureOf(socket.sendall("to whom?"))).toMatchObject({ code: "EDESTADDRREQ" });
      expect(() => socket.getpeername()).toThrow(/ENOTCONN/);
    });

    it("tell a connected socket that nobody is there any more, once, and the socket still works", async () => {
      await using gone = await subject.bound();
      await using sender = await subject.bound();
      await sender.connect(gone.getsockname());
      await gone.close();
      await settle();
      await sender.send("knock");
      const error = await failureOf(sender.recv(100));
      expect([error.name, error.code]).toEqual(["ConnectionRefusedError", "ECONNREFUSED"]);
      await using next = await subject.bound();
      await sender.connect(next.getsockname());
      await sender.send("hello");
      expect(String(await next.recv(100))).toBe("hello");
    });

    it("refuse ports that are none", async () => {
      await using socket = await subject.bound();
      const [host] = socket.getsockname();
      await expect(socket.sendto("x", [String(host), 65_536])).rejects.toThrow(/Cannot use the port 65536/);
      await using other = subject.socket();
      await expect(other.bind([String(host), -1])).rejects.toThrow(RangeError);
    });

    it.skipIf(process.platform !== "linux")(
      "leave no descriptor: 300 sockets bound, used and closed (Linux only: counts /proc/self/fd)",
      async () => {
        await using receiver = await subject.bound();
        const before = readdirSync("/proc/self/fd").length;
        for (let time = 0; time < 300; time += 1) {
          await using socket = await subject.bound();
          await socket.sendto("x", receiver.getsockname());
          await receiver.recv(1);
          await using failing = subject.socket();
          await failureOf(failing.bind(socket.getsockname()));
        }
        await settle();
        expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
      },
    );
  });
}
