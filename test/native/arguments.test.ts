import { existsSync, readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NativeAddon } from "../../dist/core/transport/native/addon.js";
import {
  ADDRESS_SIZE,
  available,
  connected,
  datagramSocket,
  listening,
  loopback,
  native,
  pair,
  places,
  unlessAvailable,
  withLength,
} from "./support.js";

type Call = Exclude<keyof NativeAddon, "constants">;

/** An argument: one that is right, and those that are wrong, each with how the message shows it. */
interface Argument {
  readonly name: string;
  readonly right: () => unknown;
  readonly wrongType: readonly (readonly [unknown, string])[];
  readonly wrongValue: readonly (readonly [unknown, string])[];
}

const NO_NUMBERS: Argument["wrongType"] = [
  [undefined, "undefined"],
  [null, "null"],
  [true, "true"],
  ["1", '"1"'],
  [1n, "1n"],
  [{}, "an object"],
  [{ valueOf: () => 1 }, "an object"],
  [() => 1, "a function"],
  [Symbol("1"), "a symbol"],
];

/** A whole number from `minimum` to `maximum`. */
function whole(name: string, right: number, minimum = -(2 ** 31), maximum = 2 ** 31 - 1): Argument {
  const wrong = [Number.NaN, 1.5, -0.5, Infinity, -Infinity, 2 ** 40, -(2 ** 40), 1e300, minimum - 1, maximum + 1];
  return {
    name,
    right: () => right,
    wrongType: NO_NUMBERS,
    wrongValue: wrong.map((value) => [value, `whole number from ${minimum} to ${maximum}, not ${value}`] as const),
  };
}

/** The descriptor comes first in nearly every call; -1 is one that nobody has. */
const descriptor = whole("descriptor", -1);

/** A Buffer or Uint8Array, of at least so many bytes. */
function bytes(name: string, right: () => Uint8Array, needed = 0): Argument {
  const short = needed - 1;
  return {
    name,
    right,
    wrongType: [
      [undefined, "undefined"],
      [null, "null"],
      [5, "5"],
      ["text", '"text"'],
      [[1, 2], "an object"],
      [{ length: 8 }, "an object"],
      [new ArrayBuffer(8), "an object"],
      [new SharedArrayBuffer(8), "an object"],
    ],
    wrongValue: needed === 0 ? [] : [[new Uint8Array(short), `at least ${needed} bytes, not ${short}`]],
  };
}

/** An address that is bound or sent to. */
function address(): Argument {
  const memory = bytes("address", () => loopback(9), ADDRESS_SIZE);
  return {
    ...memory,
    wrongValue: [
      ...memory.wrongValue,
      ...[0, 1, 129, 2 ** 31, 2 ** 32 - 1].map(
        (length) => [withLength(loopback(9), length), `a length from 2 to 128, not ${length}`] as const,
      ),
    ],
  };
}

/** An Int32Array of at least so many elements. */
function integers(name: string, right: () => Int32Array, needed = 0): Argument {
  const short = needed - 1;
  return {
    name,
    right,
    wrongType: [
      [undefined, "undefined"],
      [null, "null"],
      [3, "3"],
      [[1, 2], "an object"],
      [new Uint32Array(8), "an object"],
      [Buffer.alloc(64), "an object"],
      [new DataView(new ArrayBuffer(64)), "an object"],
      // A kind of array that Node 20 does not have, and that Node-API may not know.
      [new (Reflect.get(globalThis, "Float16Array") ?? Float32Array)(8), "an object"],
    ],
    wrongValue: needed === 0 ? [] : [[new Int32Array(short), `at least ${needed} elements, not ${short}`]],
  };
}

/** A buffer of 8 bytes, of which those from 3 to 7 are meant. */
const part: readonly Argument[] = [
  bytes("buffer", () => Buffer.alloc(8)),
  whole("offset", 3, 0, 8),
  whole("length", 4, 0, 5),
];

const SOCKET = [whole("family", 1), whole("type", 99), whole("protocol", 0)];

const table: Readonly<Record<Call, readonly Argument[]>> = {
  socket: SOCKET,
  socketpair: [...SOCKET, integers("out", () => new Int32Array(2), 2)],
  bind: [descriptor, address()],
  listen: [descriptor, whole("backlog", 1)],
  connect: [descriptor, address()],
  accept: [descriptor, bytes("address", places, ADDRESS_SIZE)],
  shutdown: [descriptor, whole("how", 2)],
  getsockname: [descriptor, bytes("address", places, ADDRESS_SIZE)],
  getpeername: [descriptor, bytes("address", places, ADDRESS_SIZE)],
  getsockopt: [descriptor, whole("level", 1), whole("option", 3), bytes("buffer", () => Buffer.alloc(4))],
  setsockopt: [
    descriptor,
    whole("level", 1),
    whole("option", 2),
    bytes("buffer", () => Buffer.alloc(4)),
    whole("length", 4, 0, 4),
  ],
  recvmany: [
    integers("entries", () => Int32Array.of(-1, 1, 0), 0),
    whole("first", 0, 0, 1),
    whole("count", 1, 0, 1),
    bytes("buffer", () => Buffer.alloc(8)),
    whole("offset", 3, 0, 8),
    whole("least", 0, 0, 2 ** 31 - 1),
  ],
  recv: [descriptor, ...part, whole("flags", 0)],
  setblocking: [descriptor, whole("milliseconds", 0, 0, 1000)],
  recvBlocking: [descriptor, ...part],
  send: [descriptor, ...part, whole("flags", 0)],
  sendmany: [
    integers("entries", () => Int32Array.of(-1, 1, 0), 0),
    whole("count", 1, 0, 1),
    bytes("buffer", () => Buffer.alloc(8)),
  ],
  recvfrom: [
    descriptor,
    ...part,
    whole("flags", 0),
    bytes("address", places, ADDRESS_SIZE),
    integers("result", () => new Int32Array(1), 1),
  ],
  sendto: [descriptor, ...part, whole("flags", 0), address()],
  recvmmsg: [
    descriptor,
    bytes("buffer", () => Buffer.alloc(100)),
    whole("size", 10, 0, 100),
    whole("count", 10, 0, 1024),
    bytes("addresses", () => places(10), 10 * ADDRESS_SIZE),
    integers("results", () => new Int32Array(20), 20),
  ],
  sendmmsg: [
    descriptor,
    bytes("buffer", () => Buffer.alloc(100)),
    integers("lengths", () => new Int32Array([50, 50])),
    whole("count", 2, 0, 2),
    bytes("addresses", () => Buffer.concat([loopback(9), loopback(9)]), 2 * ADDRESS_SIZE),
    whole("joinable", 0, 0, 65_535),
  ],
  sendmsg: [descriptor, ...part, whole("flags", 0), integers("descriptors", () => new Int32Array(2))],
  recvmsg: [
    descriptor,
    ...part,
    whole("flags", 0),
    integers("descriptors", () => new Int32Array(2)),
    integers("result", () => new Int32Array(2), 2),
  ],
  dup: [descriptor],
  close: [descriptor],
  adopt: [descriptor],
  release: [descriptor],
  ownerId: [],
  transfer: [descriptor, whole("owner", 1, 1)],
  claim: [descriptor],
  start: [
    {
      name: "callback",
      right: () => () => undefined,
      wrongType: [
        [undefined, "undefined"],
        [{}, "an object"],
        ["call", '"call"'],
      ],
      wrongValue: [],
    },
    integers("ready", () => new Int32Array(2), 2),
  ],
  ref: [],
  unref: [],
  watch: [descriptor, whole("slot", 0, 0, 2 ** 32 - 1), whole("events", 1, -(2 ** 31), 2 ** 32 - 1)],
  unwatch: [descriptor],
  poll: [
    integers("entries", () => new Int32Array(6)),
    whole("count", 2, 0, 2),
    whole("timeoutMilliseconds", 0, -1, 2 ** 31 - 1),
  ],
};

/** Calls with arguments of any type. */
function call(name: Call, values: readonly unknown[]): unknown {
  return Reflect.apply(native[name], undefined, values);
}

function thrownBy(name: Call, values: readonly unknown[]): unknown {
  try {
    call(name, values);
  } catch (error) {
    return error;
  }
  throw new Error(`${name}: nothing was thrown`);
}

describe.skipIf(!available)(`Arguments of the addon${unlessAvailable}`, () => {
  it("stand here for every call that there is", () => {
    const names = Object.keys(native).filter((name) => name !== "constants");
    expect(names.sort()).toEqual(Object.keys(table).sort());
  });

  for (const [name, given] of Object.entries(table) as [Call, readonly Argument[]][]) {
    // Three are begun by start() only, which would change this thread for all tests; one has nothing to refuse; and two tell
    // of each descriptor in its place.
    if (!["start", "ref", "unref", "watch", "ownerId", "recvmany", "sendmany"].includes(name)) {
      it(`${name} takes those that are right`, () => {
        expect(
          call(
            name,
            given.map(({ right }) => right()),
          ),
        ).toBeLessThan(0);
      });
    }

    for (const [position, argument] of given.entries()) {
      const values = (wrong: unknown): unknown[] =>
        given.map(({ right }, index) => (index === position ? wrong : right()));

      it(`${name} refuses a wrong ${argument.name} with an error that names call, argument and value`, () => {
        const wrong = [
          ...argument.wrongType.map((entry) => [...entry, "ERR_INVALID_ARG_TYPE", TypeError] as const),
          ...argument.wrongValue.map((entry) => [...entry, "ERR_OUT_OF_RANGE", RangeError] as const),
        ];
        for (const [value, shown, code, type] of wrong) {
          const error = thrownBy(name, values(value));
          expect(error).toBeInstanceOf(type);
          expect(error).toMatchObject({ code, message: expect.stringContaining(`${name}: ${argument.name} must `) });
          expect((error as Error).message.endsWith(shown)).toBe(true);
        }
      });
    }

    if (given.length > 0) {
      it(`${name} refuses to be called with fewer arguments`, () => {
        for (let count = 0; count < given.length; count += 1) {
          const values = given.slice(0, count).map(({ right }) => right());
          const missing = given[count]?.name ?? "";
          expect(thrownBy(name, values)).toMatchObject({
            message: expect.stringContaining(`${name}: ${missing} must `),
          });
        }
      });
    }
  }

  it("are refused when a batch has no room for its datagrams", () => {
    expect(() => native.recvmmsg(-1, Buffer.alloc(99), 10, 10, places(10), new Int32Array(20))).toThrow(
      "recvmmsg: buffer must have at least 100 bytes, not 99",
    );
  });

  it("are refused when the lengths of a batch go beyond its buffer, or an address is none", () => {
    const addresses = Buffer.concat([loopback(9), loopback(9)]);
    const send =
      (lengths: readonly number[], to = addresses) =>
      () =>
        native.sendmmsg(-1, Buffer.alloc(10), Int32Array.from(lengths), 2, to, 0);
    expect(send([5, 6])).toThrow("sendmmsg: lengths[1] must be within what is left of buffer, not 6");
    expect(send([-1, 5])).toThrow("sendmmsg: lengths[0] must be within what is left of buffer, not -1");
    expect(send([5, 5], Buffer.concat([loopback(9), withLength(loopback(9), 129)]))).toThrow(
      "sendmmsg: addresses[1] must be an address with a length from 2 to 128, not 129",
    );
    expect(send([5, 5])()).toBeLessThan(0);
  });

  it("are refused when poll is asked for what are no events", () => {
    for (const events of [-1, 2 ** 15, 2 ** 31 - 1]) {
      expect(() => native.poll(new Int32Array([-1, 1, 0, -1, events, 0]), 2, 0)).toThrow(
        `poll: entries[4] must be a set of POLL events, not ${events}`,
      );
    }
  });

  it("that are long are cut in the message", () => {
    const error = thrownBy("close", ["é".repeat(10_000)]) as Error;
    expect(error.message.length).toBeLessThan(256);
    expect(error.message).toMatch(/not "é+"$/);
  });

  it("whose memory was taken away are buffers of no bytes", () => {
    const buffer = new Uint8Array(8);
    structuredClone(buffer, { transfer: [buffer.buffer] });
    const { client } = connected();
    expect(() => native.recv(client, buffer, 0, 8, 0)).toThrow(
      "recv: length must be a whole number from 0 to 0, not 8",
    );
    expect(native.send(client, buffer, 0, 0, 0)).toBe(0);
    const out = new Int32Array(2);
    structuredClone(out, { transfer: [out.buffer] });
    expect(() => native.socketpair(1, 1, 0, out)).toThrow("socketpair: out must have at least 2 elements, not 0");
  });

  describe("of any kind", () => {
    const numbers = [
      -(2 ** 31),
      -1,
      0,
      1,
      2,
      3,
      4,
      8,
      10,
      16,
      17,
      64,
      65,
      132,
      1024,
      1025,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32,
    ];
    const sizes = fc.constantFrom(0, 1, 7, 131, 132, 1000, 9000, 140_000);
    const anything = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...numbers) },
      { weight: 1, arbitrary: fc.double() },
      { weight: 1, arbitrary: fc.anything({ withBigInt: true, withTypedArray: true, withSparseArray: true }) },
      { weight: 3, arbitrary: sizes.map((size) => Buffer.alloc(size)) },
      { weight: 3, arbitrary: sizes.map((size) => new Uint8Array(new SharedArrayBuffer(size))) },
      {
        weight: 4,
        arbitrary: fc.array(fc.constantFrom(...numbers), { maxLength: 40 }).map((values) => Int32Array.from(values)),
      },
      { weight: 1, arbitrary: fc.constantFrom(2, 2048).map((length) => new Int32Array(length)) },
      // None but this machine's: an address at random would be somebody's.
      { weight: 3, arbitrary: fc.constantFrom(9, 0).map(loopback) },
      { weight: 1, arbitrary: fc.constantFrom(0, 1, 2, 128, 129).map((length) => withLength(places(), length)) },
    );

    /** One socket of each kind, with something to receive. */
    function sockets(): readonly number[] {
      const { listener } = listening();
      const { client, server } = connected();
      const [one, other] = pair();
      native.send(client, Buffer.from("something"), 0, 9, 0);
      native.sendmsg(one, Buffer.from("x"), 0, 1, 0, new Int32Array([one, other]));
      return [listener, client, server, one, other, datagramSocket().descriptor];
    }

    /** The arguments, less what would harm the test runner: taking its own sockets from it, or blocking it. */
    function tamed(name: Call, values: readonly unknown[], descriptor: number | undefined): unknown[] {
      const [first, ...rest] = values;
      if (name === "adopt") return typeof first === "number" ? [first + 100_000] : [first];
      if (name === "poll") return [first, rest[0], typeof rest[1] === "number" ? 0 : rest[1]];
      // The package in this thread, and its threads, have environments as well: what they are given they keep.
      if (name === "transfer" && typeof rest[0] === "number" && rest[0] >= 1 && rest[0] < 1025)
        rest[0] = native.ownerId();
      // SO_LINGER: closing would wait for as long as the value says.
      if (name === "setsockopt" && rest[1] === 13) rest[1] = 2;
      return descriptor === undefined ? [...values] : [descriptor, ...rest];
    }

    /** An answer is a whole number; whatever is thrown names the call. */
    function expectManners(name: Call, values: readonly unknown[]): void {
      let answer: unknown;
      try {
        answer = call(name, values);
      } catch (error) {
        expect((error as Error).message).toMatch(new RegExp(`^${name}: `));
        return;
      }
      expect(answer).toSatisfy(Number.isInteger);
    }

    /** All that are open, but for the one that the listing itself needed. */
    function openDescriptors(): Set<number> {
      const listed = readdirSync("/proc/self/fd").map(Number);
      return new Set(listed.filter((descriptor) => existsSync(`/proc/self/fd/${descriptor}`)));
    }

    /** Closes what was opened since. What the addon had lost sight of it would refuse to close. */
    function closeAllBut(before: ReadonlySet<number>, name: Call): void {
      for (const descriptor of openDescriptors()) {
        if (before.has(descriptor)) continue;
        if (name === "release") native.adopt(descriptor);
        if (name === "transfer") native.claim(descriptor);
        native.close(descriptor);
      }
      expect(openDescriptors()).toEqual(before);
    }

    it.each(
      (Object.keys(table) as Call[]).filter((name) => name !== "start"),
    )("are answered or refused by %s, and no descriptor is lost", (name) => {
      const count = Math.max(1, table[name].length);
      const values = fc.array(anything, { minLength: count - 1, maxLength: count + 1 });
      const before = openDescriptors();
      fc.assert(
        fc.property(fc.nat({ max: 6 }), values, (which, given) => {
          expectManners(name, tamed(name, given, sockets()[which]));
          closeAllBut(before, name);
        }),
        { numRuns: 50 },
      );
    });
  });
});
