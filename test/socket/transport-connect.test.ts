/** What a channel of the Node transport says of its attempts to connect. */

import { nodeTransport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { AF_UNIX, SOCK_STREAM } from "../../dist/core/constants.js";
import { isPending } from "../support/settle.js";
import { temporaryPath } from "../support/temporary-path.js";
import { within } from "../support/within.js";
import { FullBacklog } from "./full-backlog.js";
import { streams } from "./subjects.js";

for (const subject of streams.filter(({ transport }) => transport === nodeTransport)) {
  describe.skipIf(subject.missing !== null)(`Attempts to connect over ${subject.title}`, () => {
    it("are one at a time: EALREADY while one is under way, EISCONN when it has succeeded", async () => {
      await using listener = await subject.listener();
      const address = listener.getsockname();
      const channel = nodeTransport.open(subject.family, SOCK_STREAM, 0);
      const connecting = channel.connect(address, false);
      expect(() => channel.connect(address, false)).toThrow(expect.objectContaining({ code: "EALREADY" }));
      const connection = await connecting;
      expect(() => connection.connect(address, false)).toThrow(expect.objectContaining({ code: "EISCONN" }));
      connection.close();
    });

    it("fail with what the system says, and another may follow", async () => {
      const dead = await subject.deadAddress();
      await using listener = await subject.listener();
      const channel = nodeTransport.open(subject.family, SOCK_STREAM, 0);
      const code = subject.isTcp ? "ECONNREFUSED" : "ENOENT";
      await expect(channel.connect(dead, true)).rejects.toMatchObject({ code });
      (await channel.connect(listener.getsockname(), true)).close();
    });

    it("are given up by close()", async () => {
      await using full = await (subject.isTcp ? FullBacklog.start(subject.host) : FullBacklog.startAt(temporaryPath()));
      const channel = nodeTransport.open(subject.family, SOCK_STREAM, 0);
      const connecting = Promise.resolve(channel.connect(full.address, true));
      const refusal = expect(connecting).rejects.toMatchObject({ code: "EBADF" });
      expect(await isPending(connecting)).toBe(true);
      channel.close();
      await within(15, "the attempt", refusal);
    });
  });
}

describe.skipIf(process.platform === "win32")("A Unix socket with a full backlog, on the Node transport", () => {
  it("is EAGAIN to a caller that may not wait, and tried again for one that may", async () => {
    const full = await FullBacklog.startAt(temporaryPath());
    const open = () => nodeTransport.open(AF_UNIX, SOCK_STREAM, 0);
    await expect(open().connect(full.address, false)).rejects.toMatchObject({ code: "EAGAIN" });
    const waiting = Promise.resolve(open().connect(full.address, true));
    const refusal = expect(waiting).rejects.toMatchObject({ code: expect.stringMatching(/^(ECONNREFUSED|ENOENT)$/) });
    expect(await isPending(waiting)).toBe(true);
    await full[Symbol.asyncDispose]();
    await within(15, "the attempt", refusal);
  });
});
