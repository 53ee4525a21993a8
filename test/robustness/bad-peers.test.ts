import { LimitOverrunError } from "ts-socketserver";
import { describe, expect, it } from "vitest";
import { Echo } from "../support/handlers.js";
import { settle } from "../support/settle.js";
import { streamSubjects } from "../support/subjects.js";
import { expectEcho, expectServed, hearCloses, hearErrors, serveWith } from "./support.js";

const MEGABYTE = 1024 * 1024;

for (const subject of streamSubjects) {
  const isTcp = typeof subject.makeAddress() !== "string";

  describe(`${subject.name} on the ${subject.transport} transport`, () => {
    it("survives clients that leave at once, with or without a reset, and serves the next one", async () => {
      await using running = await serveWith(subject, Echo);
      for (let time = 0; time < 50; time += 1) {
        await using client = await running.connect();
        if (isTcp && time % 2 === 0) client.reset();
      }
      await expectServed(running);
    });

    it.skipIf(!isTcp)(
      `reports a client that resets in the middle of a line, and serves the next one${isTcp ? "" : " (skipped: Unix sockets have no resets)"}`,
      async () => {
        await using running = await serveWith(subject, Echo);
        using errors = hearErrors(running.server);
        await using client = await running.connect();
        await expectEcho(client, "whole line\n");
        const { address } = client;
        await client.write("half a li");
        // Read by now: libuv would make an end of a reset that came with it.
        await settle();
        client.reset();
        const { error, clientAddress } = await errors.next();
        expect(error).toMatchObject({ name: "ConnectionResetError", code: "ECONNRESET" });
        expect(clientAddress).toEqual(address);
        await expectServed(running);
        expect(errors.heard).toEqual([]);
      },
    );

    it("takes what a client has left unfinished when it half-closes as the last line", async () => {
      await using running = await serveWith(subject, Echo);
      using errors = hearErrors(running.server);
      await using client = await running.connect();
      await client.write("one\ntwo without an end");
      client.end();
      expect(await client.readAll()).toBe("one\ntwo without an end");
      await expectServed(running);
      expect(errors.heard).toEqual([]);
    });

    it("answers a client that half-closes and sends nothing with the end", async () => {
      await using running = await serveWith(subject, Echo);
      await using client = await running.connect();
      client.end();
      expect(await client.readAll()).toBe("");
      await expectServed(running);
    });

    it("cuts off a line of 10 MB, having read little of it", async () => {
      await using running = await serveWith(subject, Echo);
      using errors = hearErrors(running.server);
      using closes = hearCloses(running.server);
      await using client = await running.connect();
      const writing = client.write(Buffer.alloc(10 * MEGABYTE, "x"));
      const { error } = await errors.next();
      expect(error).toBeInstanceOf(LimitOverrunError);
      expect(error).toMatchObject({ limit: 65_536 });
      await client.ended();
      await writing;
      const { counters } = await closes.next();
      // The line's limit, what is read ahead of it, and one more chunk.
      expect(counters.bytesRead).toBeLessThan(MEGABYTE / 2);
      await expectServed(running);
    });

    it("lets silent clients go when they leave, and serves who comes after them", async () => {
      await using running = await serveWith(subject, Echo);
      const silent = await Promise.all(Array.from({ length: 5 }, () => running.connect()));
      if (subject.model !== "plain") await expectServed(running);
      for (const client of silent) await client.close();
      await expectServed(running);
      expect(running.server.activeRequests).toBeLessThanOrEqual(1);
    });

    it("serves lines that come byte by byte, and many in one piece", async () => {
      await using running = await serveWith(subject, Echo);
      await using client = await running.connect();
      for (const byte of "slowly\n") await client.write(byte);
      expect(await client.readLine()).toBe("slowly\n");
      const lines = Array.from({ length: 1000 }, (_, index) => `line ${index}\n`).join("");
      await client.write(lines);
      expect(await client.read(lines.length)).toBe(lines);
    });

    it("does not mistake arbitrary bytes for anything", async () => {
      await using running = await serveWith(subject, Echo);
      await using client = await running.connect();
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      const received: Buffer[] = [];
      client.raw.on("data", (chunk: Buffer) => received.push(chunk));
      await client.write(bytes);
      client.end();
      await client.readAll();
      expect(Buffer.concat(received).equals(bytes)).toBe(true);
    });
  });
}
