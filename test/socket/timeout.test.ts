import { TimeoutError } from "ts-socketserver";
import { getdefaulttimeout, setdefaulttimeout } from "ts-socketserver/socket";
import { afterEach, describe, expect, it } from "vitest";
import { failureOf, streams } from "./subjects.js";

afterEach(() => setdefaulttimeout(null));

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`Time-outs over ${subject.title}`, () => {
    it("begin with none, and can be set in seconds and in fractions of them", async () => {
      await using socket = subject.socket();
      expect([socket.gettimeout(), socket.getblocking()]).toEqual([null, true]);
      for (const timeout of [1.5, 0.001, 2_147_483, null]) {
        socket.settimeout(timeout);
        expect([socket.gettimeout(), socket.getblocking()]).toEqual([timeout, true]);
      }
    });

    it("are 0 exactly when the socket does not block", async () => {
      await using socket = subject.socket();
      socket.setblocking(false);
      expect([socket.gettimeout(), socket.getblocking()]).toEqual([0, false]);
      socket.setblocking(true);
      expect([socket.gettimeout(), socket.getblocking()]).toEqual([null, true]);
      socket.settimeout(0);
      expect(socket.getblocking()).toBe(false);
    });

    it.each([-1, Number.NaN, 2_147_484, Number.POSITIVE_INFINITY])("refuse %d", async (timeout) => {
      await using socket = subject.socket();
      socket.settimeout(3);
      expect(() => socket.settimeout(timeout)).toThrow(`Cannot set a time-out of ${timeout}`);
      expect(() => setdefaulttimeout(timeout)).toThrow(RangeError);
      expect([socket.gettimeout(), getdefaulttimeout()]).toEqual([3, null]);
    });

    it("come from the default for sockets made after it was set, accepted ones too", async () => {
      await using before = subject.socket();
      setdefaulttimeout(30);
      expect(getdefaulttimeout()).toBe(30);
      await using pair = await subject.pair();
      expect([before, pair.client, pair.server].map((socket) => socket.gettimeout())).toEqual([null, 30, 30]);
      // So short a one is for what nothing comes to: it counts for connecting and accepting, too.
      await using client = subject.socket();
      await client.connect(pair.listener.getsockname());
      pair.listener.settimeout(null);
      setdefaulttimeout(0.03);
      const [server] = await pair.listener.accept();
      await using _server = server;
      expect(await failureOf(server.recv(1))).toBeInstanceOf(TimeoutError);
    });

    it("of the listener are not those of the connections that it accepts", async () => {
      await using listener = await subject.listener();
      listener.settimeout(5);
      await using client = subject.socket();
      const [[server]] = await Promise.all([listener.accept(), client.connect(listener.getsockname())]);
      await using _server = server;
      expect(server.gettimeout()).toBeNull();
    });

    it("do not disturb calls that have something to do at once", async () => {
      await using pair = await subject.pair();
      pair.server.settimeout(0.001);
      pair.client.settimeout(0.001);
      await pair.client.sendall("in time");
      pair.server.settimeout(20);
      expect(String(await pair.server.recv(10))).toBe("in time");
    });

    it("count for each call anew", async () => {
      await using pair = await subject.pair();
      const began = performance.now();
      pair.server.settimeout(0.02);
      for (let time = 0; time < 3; time += 1) await failureOf(pair.server.recv(1));
      expect(performance.now() - began).toBeGreaterThan(3 * 20 - 3);
    });
  });
}
