import { randomUUID } from "node:crypto";
import { existsSync, lstatSync, renameSync, writeFileSync } from "node:fs";
import { AF_UNIX, Socket } from "ts-socketserver";
import { MSG_DONTWAIT, SOCK_DGRAM } from "ts-socketserver/socket";
import type { Channel, Transport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { override } from "../support/override.js";
import { isPending, settle } from "../support/settle.js";
import { temporaryPath } from "../support/temporary-path.js";
import { failureOf, pattern, unixDatagrams } from "./subjects.js";

/** A transport whose sockets have it counted how often they try to send a datagram. */
function countingSends(inner: Transport, count: () => void): Transport {
  return override(inner, {
    open: (...args): Channel => {
      const channel = inner.open(...args);
      return override(channel, {
        trySendTo: (data, address) => {
          count();
          return channel.trySendTo(data, address);
        },
      });
    },
  });
}

/** Sends to a socket until its queue is full, and says how many datagrams that took. */
async function fill(sender: Socket, path: string): Promise<number> {
  sender.setblocking(false);
  for (let count = 0; ; count += 1) {
    const error = await sender.sendto(`${count}`, path).then(
      () => null,
      (problem: unknown) => problem,
    );
    if (error === null) continue;
    expect(error).toMatchObject({ name: "BlockingIOError", code: "EAGAIN" });
    return count;
  }
}

if (unixDatagrams.length === 0) it.skip("Unix datagrams (skipped: they need the native transport)", () => {});

for (const subject of unixDatagrams) {
  describe(`The names of ${subject.title}`, () => {
    it("are paths: the file is there as long as the socket is", async () => {
      const path = temporaryPath();
      const socket = subject.socket();
      await socket.bind(path);
      expect([socket.getsockname(), lstatSync(path).isSocket()]).toEqual([path, true]);
      await socket.close();
      expect(existsSync(path)).toBe(false);
    });

    it("replace a file that a dead socket has left behind, never that of a living one or another file", async () => {
      const path = temporaryPath();
      await using dead = subject.socket();
      await dead.bind(`${path}.bound`);
      renameSync(`${path}.bound`, path);
      await dead.close();
      expect(lstatSync(path).isSocket()).toBe(true);
      await using living = subject.socket();
      await living.bind(path);
      await using next = subject.socket();
      expect(await failureOf(next.bind(path))).toMatchObject({ code: "EADDRINUSE", syscall: "bind" });
      await living.sendto("still mine", path);
      expect(String(await living.recv(20))).toBe("still mine");
      const precious = temporaryPath();
      writeFileSync(precious, "precious");
      expect((await failureOf(next.bind(precious))).code).toBe("EADDRINUSE");
    });

    it("are bound once: a second bind() fails with EINVAL", async () => {
      await using socket = await subject.bound();
      expect(await failureOf(socket.bind(temporaryPath()))).toMatchObject({ code: "EINVAL", syscall: "bind" });
    });

    it("may be abstract: they begin with a zero, and leave no file", async () => {
      const name = `\0abstract-${randomUUID()}`;
      await using receiver = subject.socket();
      await receiver.bind(name);
      await using sender = subject.socket();
      await sender.bind(`${name}\0other`);
      await sender.sendto("hello", name);
      const [data, address] = await receiver.recvfrom(10);
      expect([String(data), address]).toEqual(["hello", `${name}\0other`]);
      await receiver.sendto("answer", address);
      expect(await sender.recvfrom(10)).toEqual([Buffer.from("answer"), name, false]);
      expect(String(receiver)).toBe(`<Socket unix datagram @${name.slice(1)}>`);
      await using second = subject.socket();
      expect((await failureOf(second.bind(name))).code).toBe("EADDRINUSE");
    });

    it("may be left to the system, which gives an abstract one that nobody has", async () => {
      await using receiver = subject.socket();
      await using sender = subject.socket();
      for (const socket of [receiver, sender]) await socket.bind("");
      expect(String(receiver.getsockname())).toMatch(/^\0[0-9a-f]{5}$/);
      await sender.sendto("hello", receiver.getsockname());
      expect(await receiver.recvfrom(10)).toEqual([Buffer.from("hello"), sender.getsockname(), false]);
    });

    it("may be missing: such a sender is '', and cannot be answered", async () => {
      await using receiver = await subject.bound();
      await using nameless = subject.socket();
      expect(nameless.getsockname()).toBe("");
      await nameless.sendto("guess who", String(receiver.getsockname()));
      expect(await receiver.recvfrom(20)).toEqual([Buffer.from("guess who"), "", false]);
      expect(await failureOf(receiver.sendto("answer", ""))).toMatchObject({ code: "EINVAL", syscall: "sendto" });
    });

    it("are as long as the system allows, and no longer", async () => {
      await using socket = subject.socket();
      expect((await failureOf(socket.bind(`/tmp/${"x".repeat(108)}`))).code).toBe("ENAMETOOLONG");
      expect((await failureOf(socket.sendto("x", `/tmp/${"x".repeat(108)}`))).code).toBe("ENAMETOOLONG");
      expect((await failureOf(socket.sendto("x", `\0${"x".repeat(107)}`))).code).toBe("ECONNREFUSED");
      expect((await failureOf(socket.sendto("x", `\0${"x".repeat(108)}`))).code).toBe("ENAMETOOLONG");
    });
  });

  describe(`A receiver that is gone, over ${subject.title}`, () => {
    it("fails sendto() with FileNotFoundError, or with ConnectionRefusedError while its file is still there", async () => {
      const path = temporaryPath();
      await using sender = subject.socket();
      expect(await failureOf(sender.sendto("x", path))).toMatchObject({ name: "FileNotFoundError", code: "ENOENT" });
      await using receiver = subject.socket();
      await receiver.bind(path);
      renameSync(path, `${path}.moved`);
      await receiver.close();
      const error = await failureOf(sender.sendto("x", `${path}.moved`));
      expect([error.name, error.code]).toEqual(["ConnectionRefusedError", "ECONNREFUSED"]);
      expect(error.message).toBe(
        `Cannot send 1 bytes to unix datagram ${path}.moved: connection refused (ECONNREFUSED)`,
      );
    });

    it("fails the answer to its question, and the others get theirs", async () => {
      await using server = await subject.bound();
      const path = String(server.getsockname());
      await using vanishing = await subject.bound();
      await using staying = await subject.bound();
      for (const client of [vanishing, staying]) await client.sendto("question", path);
      const [gone, there] = [await server.recvfrom(10), await server.recvfrom(10)].map(([, address]) => address);
      await vanishing.close();
      const answers = [server.sendto("answer", gone ?? ""), server.sendto("answer", there ?? "")];
      const [failed, sent] = await Promise.allSettled(answers);
      expect(failed).toMatchObject({ status: "rejected", reason: { name: "FileNotFoundError", code: "ENOENT" } });
      expect(sent).toEqual({ status: "fulfilled", value: 6 });
      expect(String(await staying.recv(10))).toBe("answer");
    });

    it("with a full queue holds up the answers to nobody else", async () => {
      await using server = await subject.bound();
      const path = String(server.getsockname());
      await using silent = await subject.bound();
      await using reading = await subject.bound();
      await fill(server, String(silent.getsockname()));
      server.setblocking(true);
      for (const client of [silent, reading]) await client.sendto("question", path);
      const [unread, read] = [await server.recvfrom(10), await server.recvfrom(10)].map(([, address]) => address);
      const waiting = server.sendto("for nobody", unread ?? "");
      expect(await isPending(waiting)).toBe(true);
      const answering = server.sendto("answer", read ?? "");
      expect(String(await reading.recv(10))).toBe("answer");
      expect(await answering).toBe(6);
      const failure = failureOf(waiting);
      await server.close();
      expect((await failure).name).toBe("ClosedResourceError");
    });

    it("is told to a connected sender, which can find another", async () => {
      await using gone = await subject.bound();
      await using sender = subject.socket();
      await sender.connect(String(gone.getsockname()));
      await gone.close();
      expect((await failureOf(sender.send("x"))).code).toBe("ECONNREFUSED");
      await using next = await subject.bound();
      await sender.connect(String(next.getsockname()));
      await sender.send("found");
      expect(String(await next.recv(10))).toBe("found");
    });
  });

  describe(`A receiver with a full queue, over ${subject.title}`, () => {
    it("makes sendto() wait, and gets it as soon as it has received what others have sent", async () => {
      await using receiver = await subject.bound();
      const path = String(receiver.getsockname());
      await using other = subject.socket();
      const full = await fill(other, path);
      await using sender = subject.socket();
      const sending = sender.sendto("at last", path);
      expect(await isPending(sending)).toBe(true);
      for (let count = 0; count < full; count += 1) expect(String(await receiver.recv(10))).toBe(`${count}`);
      expect(await sending).toBe(7);
      expect(String(await receiver.recv(10))).toBe("at last");
    });

    it("is not asked in every turn of the event loop, though the system does not tell when there is room", async () => {
      await using receiver = await subject.bound();
      const path = String(receiver.getsockname());
      await using other = subject.socket();
      await fill(other, path);
      let attempts = 0;
      const transport = countingSends(subject.transport, () => {
        attempts += 1;
      });
      await using sender = new Socket(AF_UNIX, SOCK_DGRAM, 0, { transport });
      const failure = failureOf(sender.sendto("x", path));
      await settle(400);
      expect(attempts).toBeLessThan(200);
      await sender.close();
      expect((await failure).name).toBe("ClosedResourceError");
    });

    it("ends a sendto() after the time-out, and lets a connected sender wait as well", async () => {
      await using receiver = await subject.bound();
      const path = String(receiver.getsockname());
      await using other = subject.socket();
      const full = await fill(other, path);
      await using sender = subject.socket();
      sender.settimeout(0.03);
      expect(await failureOf(sender.sendto("x", path))).toMatchObject({ name: "TimeoutError", code: "ETIMEDOUT" });
      sender.settimeout(null);
      await sender.connect(path);
      const sending = sender.send("connected");
      expect(await isPending(sending)).toBe(true);
      for (let count = 0; count < full; count += 1) await receiver.recv(10);
      await sending;
      expect(String(await receiver.recv(10))).toBe("connected");
    });
  });

  describe(`A connected sender over ${subject.title}`, () => {
    it("reaches others by sendto(), and waits for each as an unconnected one does", async () => {
      await using peer = await subject.bound();
      await using receiver = await subject.bound();
      const path = String(receiver.getsockname());
      await using sender = subject.socket();
      await sender.connect(String(peer.getsockname()));
      expect(await sender.sendto("to another", path)).toBe(10);
      expect(String(await receiver.recv(20))).toBe("to another");
      await using filling = subject.socket();
      const full = await fill(filling, path);
      const sending = sender.sendto("at last", path);
      expect(await isPending(sending)).toBe(true);
      await sender.send("to the peer");
      expect(String(await peer.recv(20))).toBe("to the peer");
      for (let count = 0; count < full; count += 1) await receiver.recv(10);
      expect(await sending).toBe(7);
      expect(String(await receiver.recv(10))).toBe("at last");
    });

    it("needs a peer for send(): without one the system says that it is not connected", async () => {
      await using sender = subject.socket();
      expect(await failureOf(sender.send("to whom?"))).toMatchObject({ code: "ENOTCONN" });
    });
  });

  describe(`Long datagrams over ${subject.title}`, () => {
    it("arrive whole, or cut and flagged where less was asked for", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      const path = String(receiver.getsockname());
      // More than a datagram over IP, less than the system's usual buffer for sending.
      const sent = pattern(150_000);
      expect(await sender.sendto(sent, path)).toBe(sent.length);
      const [whole, , truncated] = await receiver.recvfrom(200_000);
      expect([whole.equals(sent), truncated]).toEqual([true, false]);
      await sender.sendto(sent, path);
      const [part, , cut] = await receiver.recvfrom(100_000);
      expect([part.equals(sent.subarray(0, 100_000)), cut]).toEqual([true, true]);
      expect((await failureOf(receiver.recv(10, MSG_DONTWAIT))).code).toBe("EAGAIN");
    });

    it("fail with EMSGSIZE where the system's buffer is too small", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      const error = await failureOf(sender.sendto(Buffer.alloc(16 * 1024 * 1024), String(receiver.getsockname())));
      expect(error).toMatchObject({ code: "EMSGSIZE", syscall: "sendto" });
      await sender.sendto("short", String(receiver.getsockname()));
      expect(String(await receiver.recv(10))).toBe("short");
    });
  });
}
