import { describe, expect, it } from "vitest";
import { isPending, settle } from "../support/settle.js";
import { bulkStreams, pattern } from "./subjects.js";

const MUCH = 16 * 1024 * 1024;
/** Sizes that no buffer divides by. */
const SIZES = [1, 4099, 65_537, 131_071, 263_167];

for (const subject of bulkStreams) {
  describe.skipIf(subject.missing !== null)(`A slow reader over ${subject.title}`, () => {
    it("gets all of 16 MB that one sendall() sends, while the system has no room for them again and again", async () => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      const sent = pattern(MUCH);
      let sentAll = false;
      const sending = client.sendall(sent).then(() => {
        sentAll = true;
      });
      let received = 0;
      let waits = 0;
      for (let turn = 0; received < MUCH; turn += 1) {
        // The sender has filled what there is of room, and waits.
        await settle(3);
        if (!sentAll) waits += 1;
        const chunk = await server.recv(SIZES[turn % SIZES.length] ?? 1);
        if (!chunk.equals(sent.subarray(received, received + chunk.length))) expect.fail(`wrong bytes at ${received}`);
        received += chunk.length;
      }
      await sending;
      expect([received, waits > 10]).toEqual([MUCH, true]);
      expect(client.counters.bytesWritten).toBe(MUCH);
    });

    it("holds up nobody else: another connection of the same listener is served meanwhile", async () => {
      await using slow = await subject.pair();
      await using quick = await subject.pair();
      const sending = slow.client.sendall(Buffer.alloc(MUCH));
      expect(await isPending(sending)).toBe(true);
      for (let round = 0; round < 100; round += 1) {
        await quick.client.sendall(`question ${round}`);
        expect(String(await quick.server.recv(100))).toBe(`question ${round}`);
        await quick.server.sendall(`answer ${round}`);
        expect(String(await quick.client.recv(100))).toBe(`answer ${round}`);
      }
      expect(await isPending(sending)).toBe(true);
      let received = 0;
      while (received < MUCH) received += (await slow.server.recv(1_048_576)).length;
      await sending;
    });

    it("gets what is left when it begins to read only after the sender has closed", async () => {
      await using pair = await subject.pair();
      const { client, server } = pair;
      await client.sendall("first ");
      const [before] = await Promise.all([isPending(client.sendall("last")), settle()]);
      expect(before).toBe(false);
      await client.close();
      await settle();
      let text = "";
      for (;;) {
        const chunk = await server.recv(3);
        if (chunk.length === 0) break;
        text += String(chunk);
      }
      expect(text).toBe("first last");
    });
  });
}
