/**
 * What a datagram socket takes from the system ahead of its time, and what it keeps back: nothing, unless it is a server's.
 */

import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Socket } from "ts-socketserver";
import { MSG_PEEK } from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { datagrams, unixDatagrams } from "./subjects.js";

const TEXTS = ["first", "second", "third", "fourth"];

for (const subject of [...datagrams, ...unixDatagrams].filter(({ isNative }) => isNative)) {
  describe.skipIf(subject.missing !== null)(`Datagrams that nobody has received yet, over ${subject.title}`, () => {
    it("stay with the descriptor: detach() and dup() lose none, also after a look at one", async () => {
      await using receiver = await subject.bound();
      await using sender = await subject.bound();
      for (const text of TEXTS) await sender.sendto(text, receiver.getsockname());
      expect(String(await receiver.recv(100))).toBe("first");
      expect(String(await receiver.recv(3, MSG_PEEK))).toBe("sec");
      await using copy = await receiver.dup();
      expect((await copy.recvfrom(100)).map(String)).toEqual(["second", String(sender.getsockname()), "false"]);
      const { family, type, proto } = receiver;
      await using heir = new Socket(family, type, proto, { fileno: receiver.detach(), transport: subject.transport });
      expect(await heir.recvfrom(100, MSG_PEEK)).toEqual([Buffer.from("third"), sender.getsockname(), false]);
      expect(await heir.recvfrom(3)).toEqual([Buffer.from("thi"), sender.getsockname(), true]);
      expect(String(await heir.recv(100))).toBe("fourth");
      expect(heir.readable).toBe(false);
    });
  });
}

const PROGRAM = fileURLToPath(new URL("last-answer-program.mjs", import.meta.url));

describe("The answers of a server whose program ends at once (slow: it starts a process)", () => {
  it.skipIf(datagrams.every(({ isNative }) => !isNative))("have left with it", async () => {
    const child = spawn(process.execPath, [PROGRAM], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    const [port] = await once(createInterface({ input: child.stdout }), "line");
    const client = createSocket("udp4");
    client.send("last words", Number(port), "127.0.0.1");
    const [answer] = await once(client, "message");
    client.close();
    expect(String(answer)).toBe("last words");
    expect((await exited)[0]).toBe(0);
  });
});
