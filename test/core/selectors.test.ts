/**
 * `select()` and `DefaultSelector` on every transport: CPython's test_select.py and test_selectors.py under their names, as
 * far as they are about sockets, and what these do not look at. What its selectors do with bare descriptors, pipes and signals
 * has no counterpart here.
 */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ClosedResourceError, type Socket } from "ts-socketserver";
import { DefaultSelector, EVENT_READ, EVENT_WRITE, select } from "ts-socketserver/selectors";
import { describe, expect, it } from "vitest";
import { failureOf } from "../socket/subjects.js";
import { isPending, settle, turnsDuring } from "../support/settle.js";
import { transports } from "../support/transports.js";
import { BOTH, makePair, type Pair, ready } from "./selecting.js";

for (const transport of transports) {
  describe(`DefaultSelector on the ${transport.name} transport`, () => {
    it("test_register: the key holds what was registered; other events are refused, and registering twice", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      using selector = new DefaultSelector<string>();
      const key = selector.register(rd, EVENT_READ, "data");
      expect(key).toEqual({ fileobj: rd, fd: rd.fileno(), events: EVENT_READ, data: "data" });
      for (const events of [0, 4, 999_999, Number.NaN]) {
        expect(() => selector.register(wr, events)).toThrow(
          /^Cannot wait for the events .*: pass EVENT_READ, EVENT_WRI/,
        );
      }
      expect(() => selector.register(rd, EVENT_READ)).toThrow(RangeError);
      expect(() => selector.register(rd, EVENT_READ)).toThrow(/it is registered already\. Call modify\(\) instead/);
      expect([...selector.getMap().keys()]).toEqual([rd]);
    });

    it("test_register: one that is closed is refused (EBADF)", async () => {
      await using pair = await makePair(transport);
      const [rd] = pair;
      await rd.close();
      using selector = new DefaultSelector();
      const refusal = expect.objectContaining({ name: "ClosedResourceError", code: "EBADF" });
      expect(() => selector.register(rd, EVENT_READ)).toThrow(refusal);
      expect(selector.getMap().size).toBe(0);
    });

    it("test_unregister: it is not told any more; an unknown one is refused, and so is doing it twice", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      using selector = new DefaultSelector();
      const key = selector.register(rd, BOTH);
      expect(selector.unregister(rd)).toBe(key);
      await wr.sendall("x");
      expect(await ready(selector)).toEqual([]);
      for (const unknown of [rd, wr]) expect(() => selector.unregister(unknown)).toThrow(/: it is not registered\.$/);
    });

    it("test_unregister_after_fd_close, test_unregister_after_socket_close: closed ones can be unregistered", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      using selector = new DefaultSelector();
      selector.register(rd, EVENT_READ);
      selector.register(wr, EVENT_WRITE);
      await rd.close();
      await wr.close();
      selector.unregister(rd);
      selector.unregister(wr);
      expect(await ready(selector)).toEqual([]);
    });

    it("test_modify: other events, other data; an unknown one is refused", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      using selector = new DefaultSelector<string | undefined>();
      selector.register(rd, EVENT_READ, "first");
      expect(await ready(selector)).toEqual([]);
      const written = selector.modify(rd, EVENT_WRITE, "first");
      expect(written).toMatchObject({ events: EVENT_WRITE, data: "first" });
      expect(selector.getKey(rd)).toBe(written);
      expect(await ready(selector)).toEqual([[rd, EVENT_WRITE]]);
      expect(selector.modify(rd, EVENT_WRITE, "second")).toMatchObject({ events: EVENT_WRITE, data: "second" });
      expect(selector.modify(rd, EVENT_WRITE).data).toBeUndefined();
      expect(() => selector.modify(rd, 0)).toThrow(RangeError);
      expect(selector.getKey(rd).events).toBe(EVENT_WRITE);
      expect(() => selector.modify(wr, EVENT_READ)).toThrow(/: it is not registered\.$/);
    });

    it("test_close, test_context_manager: every call on it fails, and the sockets stay open", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      const selector = new DefaultSelector();
      {
        using inBlock = selector;
        inBlock.register(rd, EVENT_READ);
        inBlock.register(wr, EVENT_WRITE);
      }
      expect(selector.getMap().size).toBe(0);
      for (const call of [
        () => selector.getKey(rd),
        () => selector.unregister(rd),
        () => selector.modify(rd, EVENT_READ),
        () => selector.register(rd, EVENT_READ),
      ]) {
        expect(call).toThrow(ClosedResourceError);
      }
      expect(await failureOf(selector.select(0))).toMatchObject({ name: "ClosedResourceError", code: "EBADF" });
      selector.close();
      await wr.sendall("still open");
      expect(String(await rd.recv(100))).toBe("still open");
    });

    it("test_get_key, test_get_map: the keys by their sockets; the map is a copy", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      using selector = new DefaultSelector();
      const before = selector.getMap();
      const key = selector.register(rd, EVENT_READ, "data");
      expect(selector.getKey(rd)).toBe(key);
      expect(() => selector.getKey(wr)).toThrow(/^Cannot find <Socket unix .*>: it is not registered\.$/);
      expect([...selector.getMap()]).toEqual([[rd, key]]);
      expect(before.size).toBe(0);
    });

    it("test_selector: twelve pairs, each with its message", async () => {
      const pairs = await Promise.all(Array.from({ length: 12 }, () => makePair(transport)));
      using selector = new DefaultSelector<number>();
      for (const [number, [rd, wr]] of pairs.entries()) {
        selector.register(rd, EVENT_READ, number);
        selector.register(wr, EVENT_WRITE, number);
      }
      for (let left = pairs.length; left > 0; left -= 1) {
        const writers = await selector.select();
        expect(writers.map(([, events]) => events)).toEqual(new Array(left).fill(EVENT_WRITE));
        const chosen = writers[Math.floor(left / 2)]?.[0];
        await (chosen?.fileobj as Socket).sendall(` This is test ${chosen?.data}.`);
        let readers: typeof writers;
        do readers = (await selector.select()).filter(([, events]) => events === EVENT_READ);
        while (readers.length === 0);
        expect(readers.map(([key]) => key.data)).toEqual([chosen?.data]);
        const [rd, wr] = pairs[Number(chosen?.data)] ?? [];
        if (rd === undefined || wr === undefined) throw new Error("the data is not what was registered");
        expect(String(await rd.recv(100))).toBe(` This is test ${chosen?.data}.`);
        selector.unregister(rd);
        selector.unregister(wr);
      }
      for (const pair of pairs) await pair[Symbol.asyncDispose]();
    });

    it("test_empty_select, test_empty_select_timeout: nothing is told when the time is up", async () => {
      using selector = new DefaultSelector();
      expect(await selector.select(0)).toEqual([]);
      const before = performance.now();
      expect(await selector.select(0.05)).toEqual([]);
      expect(performance.now() - before).toBeGreaterThanOrEqual(50);
    });

    it("test_timeout: what is ready does not wait; what is not waits as long as asked; unlike in Python, not -1", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      using selector = new DefaultSelector();
      selector.register(wr, EVENT_WRITE);
      expect(await ready(selector, 0)).toHaveLength(1);
      expect(await ready(selector, 1000)).toHaveLength(1);
      selector.unregister(wr);
      selector.register(rd, EVENT_READ);
      expect(await ready(selector, 0)).toEqual([]);
      const before = performance.now();
      expect(await ready(selector, 0.05)).toEqual([]);
      expect(performance.now() - before).toBeGreaterThanOrEqual(50);
      for (const timeout of [-1, Number.NaN, 2_147_484, Number.POSITIVE_INFINITY]) {
        await expect(selector.select(timeout)).rejects.toThrow(RangeError);
      }
    });

    it("test_above_fd_setsize: 520 pairs, more descriptors than C's select() can take (slow: it makes all of them)", async () => {
      const pairs: Pair[] = [];
      for (let number = 0; number < 520; number += 1) pairs.push(await makePair(transport));
      using selector = new DefaultSelector();
      for (const [rd, wr] of pairs) {
        selector.register(rd, EVENT_READ);
        selector.register(wr, EVENT_WRITE);
      }
      expect(await selector.select()).toHaveLength(520);
      for (const pair of pairs) await pair[Symbol.asyncDispose]();
    });

    it("tells a ready socket again and again until what made it ready was taken", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      using selector = new DefaultSelector();
      selector.register(rd, EVENT_READ);
      await wr.sendall("ab");
      expect(await ready(selector, null)).toEqual([[rd, EVENT_READ]]);
      expect(await ready(selector, null)).toEqual([[rd, EVENT_READ]]);
      expect(String(await rd.recv(1))).toBe("a");
      expect(await ready(selector, null)).toEqual([[rd, EVENT_READ]]);
      expect(String(await rd.recv(1))).toBe("b");
      expect(await ready(selector)).toEqual([]);
      await wr.close();
      expect(await ready(selector, null)).toEqual([[rd, EVENT_READ]]);
      expect(await rd.recv(1)).toHaveLength(0);
      expect(await ready(selector)).toEqual([[rd, EVENT_READ]]);
    });

    it("lets a select() that waits notice what is registered and modified meanwhile", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      using selector = new DefaultSelector();
      const first = ready(selector, null);
      expect(await isPending(first)).toBe(true);
      selector.register(rd, EVENT_READ);
      expect(await isPending(first)).toBe(true);
      selector.register(wr, EVENT_WRITE);
      expect(await first).toEqual([[wr, EVENT_WRITE]]);
      selector.modify(wr, EVENT_READ);
      const second = ready(selector, null);
      expect(await isPending(second)).toBe(true);
      selector.modify(rd, BOTH);
      expect(await second).toEqual([[rd, EVENT_WRITE]]);
    });

    it("tells two select() calls that wait at once", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      using selector = new DefaultSelector();
      selector.register(rd, EVENT_READ);
      const both = Promise.all([ready(selector, null), ready(selector, null)]);
      expect(await isPending(both)).toBe(true);
      await wr.sendall("x");
      expect(await both).toEqual([[[rd, EVENT_READ]], [[rd, EVENT_READ]]]);
    });

    it("fails a select() that waits when it is closed, or a socket of it, which has to be unregistered then", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      using selector = new DefaultSelector();
      selector.register(rd, EVENT_READ);
      selector.register(wr, EVENT_READ);
      const first = failureOf(selector.select());
      expect(await isPending(first)).toBe(true);
      await rd.close();
      expect((await first).message).toMatch(/^Cannot select <Socket \[closed\] unix>: it is closed \(EBADF\)/);
      expect((await failureOf(selector.select())).name).toBe("ClosedResourceError");
      selector.unregister(rd);
      expect(await ready(selector, null)).toEqual([[wr, EVENT_READ]]);
      selector.unregister(wr);
      const last = failureOf(selector.select());
      expect(await isPending(last)).toBe(true);
      selector.close();
      expect((await last).message).toMatch(/^Cannot use the selector: it was closed/);
    });
  });

  describe(`select() on the ${transport.name} transport`, () => {
    it("test_error_conditions: what is no list, no socket or no time is refused", async () => {
      await using pair = await makePair(transport);
      const [rd] = pair;
      const call = select as (...args: unknown[]) => Promise<unknown>;
      await expect(call(1, 2, 3)).rejects.toThrow(TypeError);
      for (const wrong of [7, null, {}, { fileno: () => 1 }]) {
        await expect(call([rd, wrong], [], [], 0)).rejects.toThrow(TypeError);
      }
      for (const timeout of ["not a number", -1, Number.NaN, 2_147_484, Number.POSITIVE_INFINITY]) {
        await expect(call([], [], [], timeout)).rejects.toThrow(
          /^Cannot select for .* seconds: give 0 to 2147483, or null/,
        );
      }
    });

    it("test_errno: a closed socket is refused with EBADF, also one that is closed meanwhile", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      const meanwhile = failureOf(select([rd], [], []));
      expect(await isPending(meanwhile)).toBe(true);
      await rd.close();
      expect(await meanwhile).toMatchObject({ name: "ClosedResourceError", code: "EBADF", syscall: "select" });
      for (const selecting of [select([rd], [], [], 0), select([], [rd], [], 0), select([wr], [], [rd], 0)]) {
        expect((await failureOf(selecting)).code).toBe("EBADF");
      }
    });

    it("test_returned_list_identity: three lists of their own, empty when the time is up, and no sooner", async () => {
      const before = performance.now();
      const lists = await select([], [], [], 0.05);
      expect(performance.now() - before).toBeGreaterThanOrEqual(50);
      expect(lists).toEqual([[], [], []]);
      expect(new Set(lists).size).toBe(3);
    });

    it("test_select: a loop of it reads everything that a peer sends now and then, and its end", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      const speaking = (async () => {
        for (let line = 0; line < 10; line += 1) {
          await wr.sendall("testing...\n");
          await settle(line);
        }
        await wr.close();
      })();
      let text = "";
      for (let ended = false; !ended; ) {
        const [readable, ...others] = await select([rd], [], [rd], 16);
        expect([readable, ...others]).toEqual([[rd], [], []]);
        const data = await rd.recv(1024);
        text += String(data);
        ended = data.length === 0;
      }
      await speaking;
      expect(text).toBe("testing...\n".repeat(10));
    });

    it("answers in the order of the lists, for both directions at once", async () => {
      await using first = await makePair(transport);
      await using second = await makePair(transport);
      const [[a, b], [c, d]] = [first, second];
      await b.sendall("x");
      await d.sendall("x");
      expect(await select([c, a], [], [])).toEqual([[c, a], [], []]);
      expect(await select([b, d, a, c], [d, a], [a])).toEqual([[a, c], [d, a], []]);
    });

    it("with a time-out of 0 sees what has arrived, wherever in its turn the event loop is", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      await wr.sendall("x");
      // What waits for a file goes on after the turn's sockets were looked at.
      await readFile(fileURLToPath(import.meta.url));
      expect(await select([rd], [], [], 0)).toEqual([[rd], [], []]);
    });

    it("lets the event loop turn, also where everything is ready at once", async () => {
      await using pair = await makePair(transport);
      const [rd, wr] = pair;
      await wr.sendall("x");
      using selector = new DefaultSelector();
      selector.register(rd, BOTH);
      const turns = await turnsDuring(async () => {
        for (let time = 0; time < 100; time += 1) await select([rd], [rd, wr], []);
        for (let time = 0; time < 100; time += 1) await selector.select(0);
      });
      expect(turns).toBeGreaterThanOrEqual(200);
    });
  });
}
