import { IncompleteReadError, TimeoutError } from "ts-socketserver";
import { SHUT_WR } from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { failureOf, pattern, streams } from "./subjects.js";

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`makefile() over ${subject.title}`, () => {
    it("reads lines of text until the peer ends", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("one\ntwö\nlast without an end");
      peer.end();
      const lines: string[] = [];
      for await (const line of socket.makefile("r")) lines.push(line);
      expect(lines).toEqual(["one\n", "twö\n", "last without an end"]);
    });

    it("collects what is written until it is flushed", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await using file = socket.makefile("rwb");
      await file.write("collected ");
      await file.write("and flushed\n");
      expect(socket.counters.bytesWritten).toBe(0);
      await file.flush();
      expect(await peer.readLine()).toBe("collected and flushed\n");
      await peer.write("answer\n");
      expect(String(await file.readline())).toBe("answer\n");
    });

    it("leaves the socket open when the file is closed", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      {
        await using file = socket.makefile("w");
        await file.write("through the file, ");
      }
      await socket.sendall("and past it");
      expect(await peer.read(29)).toBe("through the file, and past it");
    });

    it("carries 4 MB from one file to the other", async () => {
      await using pair = await subject.pair();
      const sent = pattern(4 * 1024 * 1024);
      const writer = pair.client.makefile("wb");
      const writing = (async () => {
        for (let start = 0; start < sent.length; start += 10_007)
          await writer.write(sent.subarray(start, start + 10_007));
        await writer.close();
        await pair.client.shutdown(SHUT_WR);
      })();
      const received = await pair.server.makefile("rb").read();
      await writing;
      expect(received.equals(sent)).toBe(true);
    });

    it("cannot be read again after a time-out, as in Python", async () => {
      await using accepted = await subject.accepted();
      const { socket } = accepted;
      socket.settimeout(0.03);
      const file = socket.makefile("rb");
      expect(await failureOf(file.readline())).toBeInstanceOf(TimeoutError);
      expect((await failureOf(file.readline())).message).toBe("cannot read from timed out object");
    });

    it("tells an end in the middle of what was to be read", async () => {
      await using accepted = await subject.accepted();
      await accepted.peer.write("half");
      accepted.peer.end();
      const error = await failureOf(accepted.socket.makefile("rb").readexactly(8));
      expect(error).toBeInstanceOf(IncompleteReadError);
      expect(error).toMatchObject({ expected: 8, partial: Buffer.from("half") });
    });
  });
}
