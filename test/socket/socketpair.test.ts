import { AF_INET, Socket } from "ts-socketserver";
import { socketpair } from "ts-socketserver/socket";
import { StreamTestClient } from "ts-socketserver/testing";
import type { Channel, Transport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { FaultyTransport } from "../support/faulty-transport.js";
import { override } from "../support/override.js";
import { failureOf, streams } from "./subjects.js";

/** A transport whose new channels are changed. */
function changing(transport: Transport, change: (channel: Channel) => Partial<Channel>): Transport {
  return override(transport, {
    // By way of a listener, so that the change takes effect.
    openPair: () => null,
    open: (...args) => {
      const channel = transport.open(...args);
      return override(channel, change(channel));
    },
  });
}

for (const subject of streams.filter(({ isTcp, missing }) => isTcp && missing === null)) {
  describe(`socketpair() over ${subject.title}`, () => {
    it("turns away a stranger that connects first, and gives two ends of one connection", async () => {
      const strangers: StreamTestClient[] = [];
      const transport = changing(subject.transport, (channel) => ({
        listen: async (backlog) => {
          const listener = await channel.listen(backlog);
          strangers.push(await StreamTestClient.connect(listener.getsockname()));
          return listener;
        },
      }));
      const [one, other] = await socketpair(subject.family, undefined, { transport });
      await using _one = one;
      await using _other = other;
      expect([other.getpeername(), one.getpeername()]).toEqual([one.getsockname(), other.getsockname()]);
      await one.sendall("between us");
      expect(String(await other.recv(100))).toBe("between us");
      for (const stranger of strangers) expect(await stranger.readAll().catch(() => "reset")).not.toContain("us");
      expect(strangers).toHaveLength(1);
    });
  });
}

describe("socketpair() that fails", () => {
  it("closes the end that was connected when the other cannot be accepted", async () => {
    const faulty = new FaultyTransport();
    faulty.acceptFaults.push("EMFILE");
    let closed = 0;
    const transport = changing(faulty, (channel) => ({
      connect: async (address, mayWait) => {
        const connected = await channel.connect(address, mayWait);
        return override(connected, {
          close: () => {
            closed += 1;
            connected.close();
          },
        });
      },
    }));
    expect((await failureOf(socketpair(AF_INET, undefined, { transport }))).code).toBe("EMFILE");
    expect(closed).toBe(1);
  });
});

describe("Asking a socket whose channel fails", () => {
  it.each([
    [
      "getsockopt",
      (socket: Socket) => socket.getsockopt(1, 9),
      /^Cannot read option 9 of level 1 on tcp 0\.0\.0\.0:0: /,
    ],
    ["getsockname", (socket: Socket) => socket.getsockname(), /^Cannot name the tcp socket: /],
  ] as const)("puts the failure of %s() into words", async (syscall, ask, words) => {
    const fail = (): never => {
      throw Object.assign(new Error("injected"), { code: "EINVAL" });
    };
    const transport = changing(new FaultyTransport(), () => ({ [syscall]: fail }));
    await using socket = new Socket(AF_INET, undefined, 0, { transport });
    expect(() => ask(socket)).toThrow(expect.objectContaining({ name: "OSError", code: "EINVAL", syscall }));
    expect(() => ask(socket)).toThrow(words);
  });
});
