import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NumberTable } from "../../dist/core/server/number-table.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes in the old part of the heap, where only a full collection frees anything. */
function oldBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === "old_space")?.space_used_size ?? 0;
}

describe("A NumberTable", () => {
  it("is a Map that gives the numbers itself, whatever is added and deleted in whichever order", () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 40, arbitrary: fc.record({ add: fc.string() }) },
        { weight: 30, arbitrary: fc.record({ delete: fc.nat() }) },
        { weight: 10, arbitrary: fc.record({ set: fc.nat(), to: fc.string() }) },
        { weight: 1, arbitrary: fc.constant({ clear: true }) },
      ),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const table = new NumberTable<string>();
        const map = new Map<number, string>();
        const given = new Set<number>();
        for (const step of all) {
          if ("add" in step) {
            const number = table.add(step.add);
            expect(given.has(number)).toBe(false);
            given.add(number);
            map.set(number, step.add);
          } else if ("clear" in step) {
            table.clear();
            map.clear();
          } else {
            const number = [...given][("set" in step ? step.set : step.delete) % Math.max(1, given.size)] ?? 0;
            if (!("set" in step)) expect(table.delete(number)).toBe(map.delete(number));
            else if (map.has(number)) table.set(number, step.to);
            if ("set" in step && map.has(number)) map.set(number, step.to);
          }
        }
        expect(table.size).toBe(map.size);
        for (const number of [0, -1, ...given]) {
          expect([table.has(number), table.get(number)]).toEqual([map.has(number), map.get(number)]);
        }
        expect(table.values()).toEqual([...map].sort(([one], [other]) => one - other).map(([, value]) => value));
      }),
    );
  });

  it("keeps values by the numbers of another one, and grows no larger than that", () => {
    const [given, kept] = [new NumberTable<string>(), new NumberTable<string>()];
    const numbers: number[] = [];
    for (let round = 0; round < 10_000; round += 1) {
      const number = given.add("");
      kept.set(number, `${number}`);
      numbers.push(number);
      // Ten that stay, and ten that come and go.
      if (numbers.length <= 20) continue;
      const [gone = 0] = numbers.splice(10, 1);
      kept.delete(gone);
      given.delete(gone);
    }
    expect(kept.values()).toEqual(numbers.map(String));
  });

  it("leaves the garbage of what comes and goes to small collections, which a Map does not", () => {
    const churn = (add: (value: object) => number, remove: (number: number) => void): number => {
      const numbers: number[] = [];
      const turn = (times: number): void => {
        for (let time = 0; time < times; time += 1) {
          numbers.push(add({ bytes: new Array(100).fill(time) }));
          if (numbers.length > 32) remove(numbers.shift() ?? 0);
        }
      };
      turn(1000);
      collectGarbage();
      const before = oldBytes();
      turn(20_000);
      return oldBytes() - before;
    };
    const table = new NumberTable<object>();
    expect(
      churn(
        (value) => table.add(value),
        (number) => table.delete(number),
      ),
    ).toBeLessThan(2_000_000);
    // Should this fail one day, V8 has changed, and a Map will do.
    const map = new Map<number, object>();
    let next = 0;
    expect(
      churn(
        (value) => {
          next += 1;
          map.set(next, value);
          return next;
        },
        (number) => map.delete(number),
      ),
    ).toBeGreaterThan(2_000_000);
  });
});
