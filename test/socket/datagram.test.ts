import {
  type Address,
  AF_UNIX,
  BlockingIOError,
  BusyResourceError,
  ClosedResourceError,
  type InetAddress,
  isInetAddress,
  Socket,
  TimeoutError,
} from "ts-socketserver";
import { MSG_DONTWAIT, MSG_PEEK, SHUT_RDWR, SOCK_DGRAM } from "ts-socketserver/socket";
import type { Channel } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { override } from "../support/override.js";
import { isPending, settle } from "../support/settle.js";
import { datagrams, failureOf, unixDatagrams } from "./subjects.js";

for (const subject of [...datagrams, ...unixDatagrams]) {
  describe.skipIf(subject.missing !== null)(`Datagrams over ${subject.title}`, () => {
    it("arrive one by one, in their order, with the sender's address", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      for (const text of ["first", "second", "third"]) {
        expect(await sender.sendto(text, receiver.getsockname())).toBe(text.length);
      }
      for (const text of ["first", "second", "third"]) {
        const [data, address, truncated] = await receiver.recvfrom(100);
        expect([String(data), address, truncated]).toEqual([text, sender.getsockname(), false]);
      }
    });

    it("leave in the order of the calls, also the first ones of a socket, which nobody has awaited", async () => {
      await using receiver = await subject.bound();
      await using sender = subject.socket();
      const texts = ["first", "second", "third", "fourth"];
      await Promise.all(texts.map((text) => sender.sendto(text, receiver.getsockname())));
      for (const text of texts) expect(String(await receiver.recv(100))).toBe(text);
    });

    it("go to and come from the connected peer alone", async () => {
      await using one = await subject.bound();
      await using other = await subject.bound();
      await using stranger = await subject.bound();
      await one.connect(other.getsockname());
      expect([one.remoteEndpoint, one.getpeername()]).toEqual([other.getsockname(), other.getsockname()]);
      expect(await one.send("to the peer")).toBe(11);
      await one.sendall("once more");
      expect(String(await other.recv(100))).toBe("to the peer");
      expect(String(await other.recv(100))).toBe("once more");
      const intrusion = stranger.sendto("not for you", one.getsockname());
      // Unix tells the stranger; over UDP nobody does.
      if (subject.family === AF_UNIX) expect(await failureOf(intrusion)).toMatchObject({ code: "EPERM" });
      else expect(await intrusion).toBe(11);
      await other.sendto("for you", one.getsockname());
      expect(String(await one.recv(100))).toBe("for you");
    });

    it.runIf(subject.family !== AF_UNIX)("of a connected socket go to its peer by sendto() as well", async () => {
      await using one = await subject.bound();
      await using other = await subject.bound();
      await one.connect(other.getsockname());
      expect(await one.sendto("by its name", other.getsockname())).toBe(11);
      expect(String(await other.recv(100))).toBe("by its name");
    });

    it("change their peer with another connect()", async () => {
      await using one = await subject.bound();
      await using other = await subject.bound();
      await using sender = await subject.bound();
      await sender.connect(one.getsockname());
      await sender.connect(other.getsockname());
      await sender.send("to the second");
      expect(String(await other.recv(100))).toBe("to the second");
      expect(sender.getpeername()).toEqual(other.getsockname());
    });

    it("have a socket connect at once that may not wait: nothing is sent for it", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      sender.setblocking(false);
      await sender.connect(receiver.getsockname());
      await sender.send("hello");
      expect(String(await receiver.recv(100))).toBe("hello");
    });

    it.runIf(subject.isNative)("go from a connected socket to another address, as the system has it", async () => {
      await using peer = await subject.bound();
      await using other = await subject.bound();
      await using sender = await subject.bound();
      await sender.connect(peer.getsockname());
      expect(await sender.sendto("to another", other.getsockname())).toBe(10);
      expect(await other.recvfrom(20)).toEqual([Buffer.from("to another"), sender.getsockname(), false]);
      await sender.send("to the peer");
      expect(String(await peer.recv(20))).toBe("to the peer");
      expect(sender.getpeername()).toEqual(peer.getsockname());
    });

    it.runIf(subject.family !== AF_UNIX)("cannot go to the port 0: EINVAL", async () => {
      await using sender = await subject.bound();
      const [host] = sender.getsockname() as InetAddress;
      expect(await failureOf(sender.sendto("x", [host, 0]))).toMatchObject({ code: "EINVAL", syscall: "sendto" });
      await sender.sendto("still works", sender.getsockname());
      expect(String(await sender.recv(20))).toBe("still works");
    });

    it("may be empty, and are no end of anything", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      expect(await sender.sendto("", receiver.getsockname())).toBe(0);
      await sender.sendto("more", receiver.getsockname());
      const [data, address, truncated] = await receiver.recvfrom(100);
      expect([data.length, address, truncated]).toEqual([0, sender.getsockname(), false]);
      expect(String(await receiver.recv(100))).toBe("more");
    });

    it("are cut and flagged where they are longer than asked for, and the rest is gone", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      for (const text of ["0123456789", "0123456789", "exact"]) await sender.sendto(text, receiver.getsockname());
      const [data, , truncated] = await receiver.recvfrom(4);
      expect([String(data), truncated]).toEqual(["0123", true]);
      expect(String(await receiver.recv(3))).toBe("012");
      const [last, , cut] = await receiver.recvfrom(5);
      expect([String(last), cut]).toEqual(["exact", false]);
    });

    it("stay with MSG_PEEK, also when only a part is looked at", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      await sender.sendto("look", receiver.getsockname());
      const [part, , truncated] = await receiver.recvfrom(2, MSG_PEEK);
      expect([String(part), truncated]).toEqual(["lo", true]);
      expect(String(await receiver.recv(100, MSG_PEEK))).toBe("look");
      expect(String(await receiver.recv(100))).toBe("look");
      expect(await failureOf(receiver.recv(100, MSG_DONTWAIT))).toBeInstanceOf(BlockingIOError);
    });

    it("are received into the caller's memory", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      await sender.sendto("abc", receiver.getsockname());
      await sender.sendto("defgh", receiver.getsockname());
      const buffer = Buffer.from("......");
      expect(await receiver.recvfromInto(buffer)).toEqual([3, sender.getsockname()]);
      expect(await receiver.recvInto(buffer.subarray(3), 2)).toBe(2);
      expect(String(buffer)).toBe("abcde.");
    });

    it("are waited for no longer than the time-out, by one call at a time", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      receiver.settimeout(0.03);
      const error = await failureOf(receiver.recvfrom(10));
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error.message).toMatch(/^Cannot receive from (udp|unix) .* within 0\.03 s/);
      receiver.settimeout(null);
      const waiting = receiver.recvfrom(10);
      expect(await failureOf(receiver.recvfrom(10))).toBeInstanceOf(BusyResourceError);
      await sender.sendto("for who waited", receiver.getsockname());
      expect(String((await waiting)[0])).toBe("for who wa");
    });

    it("end with the socket: a waiting recvfrom() and every later call are told so", async () => {
      await using receiver = await subject.bound();
      const address = receiver.getsockname();
      const waiting = receiver.recvfrom(10);
      expect(await isPending(waiting)).toBe(true);
      const failure = failureOf(waiting);
      await receiver.close();
      await receiver.close();
      expect(await failure).toBeInstanceOf(ClosedResourceError);
      for (const call of [receiver.recvfrom(10), receiver.sendto("x", address), receiver.send("x")]) {
        expect(await failureOf(call)).toBeInstanceOf(ClosedResourceError);
      }
      expect([receiver.fileno(), receiver.closed]).toEqual([-1, true]);
    });

    it("cannot be received after the socket is shut down, which needs a peer", async () => {
      await using one = await subject.bound();
      await using other = await subject.bound();
      // Of Unix datagrams, Linux ends the directions also without a peer.
      const isRefused = !(subject.isNative && subject.family === AF_UNIX);
      if (isRefused) expect(await failureOf(one.shutdown(SHUT_RDWR))).toMatchObject({ code: "ENOTCONN" });
      await one.connect(other.getsockname());
      const waiting = one.recv(10);
      await one.shutdown(SHUT_RDWR);
      expect(await waiting).toHaveLength(0);
      expect(await failureOf(one.send("x"))).toMatchObject({ name: "BrokenPipeError", code: "EPIPE" });
    });

    it("come once, with their sender, also when one arrives just after it was asked for", async () => {
      await using sender = await subject.bound();
      const late = override(subject.transport, {
        open: (...args): Channel => {
          const channel = subject.transport.open(...args);
          let isAsked = false;
          return override(channel, {
            tryReceiveFrom: (size, peek) => {
              if (isAsked) return channel.tryReceiveFrom(size, peek);
              isAsked = true;
              return null;
            },
          });
        },
      });
      await using receiver = new Socket(subject.family, SOCK_DGRAM, 0, { transport: late });
      await receiver.bind(subject.address());
      await sender.sendto("late", receiver.getsockname());
      await settle();
      const receiving = receiver.recvfrom(100);
      await settle();
      await sender.sendto("next", receiver.getsockname());
      expect(await receiving).toEqual([Buffer.from("late"), sender.getsockname(), false]);
      expect(String((await receiver.recvfrom(100))[0])).toBe("next");
    });

    it("are counted", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      await sender.sendto("12345", receiver.getsockname());
      await sender.sendto("678", receiver.getsockname());
      await receiver.recv(100);
      await receiver.recv(100);
      expect([sender.counters.bytesWritten, receiver.counters.bytesRead]).toEqual([8, 8]);
    });
  });
}

for (const subject of datagrams) {
  describe.skipIf(subject.missing !== null)(`The port of ${subject.title}`, () => {
    it("is given to a socket that was never bound by its first datagram", async () => {
      await using receiver = await subject.bound();
      await using sender = subject.socket();
      expect(portOf(sender.getsockname())).toBe(0);
      await sender.sendto("hello", receiver.getsockname());
      const [data, address] = await receiver.recvfrom(100);
      expect(String(data)).toBe("hello");
      expect(portOf(sender.getsockname())).toBe(portOf(address));
      await receiver.sendto("back", address);
      expect(String(await sender.recv(100))).toBe("back");
    });
  });
}

function portOf(address: Address): number {
  return isInetAddress(address) ? address[1] : -1;
}
