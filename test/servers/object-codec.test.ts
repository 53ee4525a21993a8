import { types } from "node:util";
import fc from "fast-check";
import { IncompleteReadError, LimitOverrunError } from "ts-socketserver";
import { prefixLength } from "ts-socketserver/framing";
import { classNameOf, ObjectCodec, ObjectError, UnknownObject } from "ts-socketserver/servers";
import { socketpair } from "ts-socketserver/socket";
import { memoryStreamPair } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { cutAt, cuts, sourceOf } from "./cuts.js";

/** The course's example, with more in it that a message might attack. */
class Person {
  friend: Person | null = null;
  name: string;
  male: boolean;

  static made = 0;
  static renamed: string[] = [];

  constructor(name: string, male: boolean) {
    Person.made += 1;
    this.name = name;
    this.male = male;
  }

  greet(): string {
    return `I am ${this.name}`;
  }

  set nickname(value: string) {
    Person.renamed.push(value);
  }
}

class Dog {
  readonly legs = 4;
}

/** Loads what is written by hand, as a stranger may. */
function load(text: string, codec = new ObjectCodec().register(Person).register(Dog)): unknown {
  return codec.loads(Buffer.from(text));
}

function copy(value: unknown, codec = new ObjectCodec()): unknown {
  return codec.loads(codec.dumps(value));
}

/** The most that toEqual() can compare: it takes Buffers, typed arrays, cycles and all apart. */
const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withSparseArray: true,
  withTypedArray: true,
  key: fc.string().filter((key) => key !== "__proto__"),
});

describe("ObjectCodec", () => {
  it("loads what it has dumped, whatever it is", () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(copy(value)).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    undefined,
    null,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -0,
    12345678901234567890n,
    -1n,
    "größe \u{1f600} \ud800",
    new Date(Date.UTC(2026, 0, 2)),
    new Date(Number.NaN),
    new URL("http://127.0.0.1:9999/path?query"),
    new Map<unknown, unknown>([[{ key: 1 }, new Set([1, "1", undefined])]]),
    Object.assign(Object.create(null), { a: 1 }),
    Uint8Array.of(1, 2, 3).buffer,
    Object.assign([1], { 2: 3 }),
    Object.fromEntries(["constructor", "toString", "hasOwnProperty", "then", ""].map((key) => [key, "data"])),
  ])("carries %o", (value) => {
    expect(copy(value)).toEqual(value);
    expect(Object.getPrototypeOf(Object(copy(value)))).toBe(Object.getPrototypeOf(Object(value)));
  });

  it.each([
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
  ])("carries a %o", (TypedArray) => {
    const array = TypedArray.of(1, 2, 255);
    expect(copy(array)).toEqual(array);
    expect(copy(array)).toBeInstanceOf(TypedArray);
  });

  it("carries typed arrays of BigInt, and a DataView", () => {
    expect(copy(BigInt64Array.of(-1n))).toEqual(BigInt64Array.of(-1n));
    expect(copy(BigUint64Array.of(2n ** 64n - 1n))).toEqual(BigUint64Array.of(2n ** 64n - 1n));
    const view = copy(new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2)) as DataView;
    expect(types.isDataView(view)).toBe(true);
    expect([view.byteLength, view.getUint8(0), view.getUint8(1)]).toEqual([2, 2, 3]);
  });

  it("carries a Buffer as a Buffer, and nothing of the memory around it", () => {
    const secret = Buffer.from("secret-xyz-secret");
    for (const bytes of [secret.subarray(7, 10), new Uint8Array(secret.buffer, secret.byteOffset + 7, 3)]) {
      const dumped = new ObjectCodec().dumps(bytes);
      expect(dumped.toString()).not.toContain(Buffer.from("secret").toString("base64").slice(0, 6));
      expect(dumped.length).toBeLessThan(60);
      expect(Buffer.from(copy(bytes) as Uint8Array).toString()).toBe("xyz");
    }
    expect(Buffer.isBuffer(copy(Buffer.from("a")))).toBe(true);
    expect(Buffer.isBuffer(copy(Uint8Array.of(1)))).toBe(false);
  });

  it("keeps what is held twice one, and what holds itself", () => {
    const shared = { a: 1 };
    const list: unknown[] = [shared, shared];
    list.push(list, new Map([[list, list]]));
    const [one, other, itself, map] = copy(list) as [unknown, unknown, unknown, Map<unknown, unknown>];
    expect(one).toEqual({ a: 1 });
    expect(other).toBe(one);
    const again = itself as unknown[];
    expect(again[0]).toBe(one);
    expect(again[2]).toBe(again);
    expect(map.get(again)).toBe(again);
  });

  it.each([
    {
      what: "a function",
      value: { list: [1, () => 1] },
      message: "Cannot dump the value's list[1]: it is a function.",
    },
    { what: "a symbol", value: Symbol("x"), message: "Cannot dump the value: it is a symbol." },
    {
      what: "an object of an unknown class",
      value: { pet: new Dog() },
      message: /value's pet: its class Dog is not reg/,
    },
    { what: "a subclass", value: new (class Child extends Person {})("x", true), message: /its class Child is not/ },
    { what: "a promise", value: Promise.resolve(1), message: /its class Promise is not/ },
    { what: "a regular expression", value: /a+/, message: "Cannot dump a regular expression" },
    { what: "an error", value: new Error("x"), message: /its class Error is not/ },
    { what: "symbols as keys", value: { [Symbol("x")]: 1 }, message: /it has what objects of a message do not have/ },
    { what: "the key __proto__", value: JSON.parse('{"__proto__": 1}'), message: "Cannot dump the value" },
  ])("refuses to dump $what, and says where it is", ({ value, message }) => {
    const codec = new ObjectCodec().register(Person);
    expect(() => codec.dumps(value)).toThrow(TypeError);
    expect(() => codec.dumps(value)).toThrow(message);
  });

  it("carries the bytes of shared memory, and once those that Buffers hold as one", () => {
    const shared = Buffer.from(new SharedArrayBuffer(3)).fill("xyz");
    expect((copy(shared) as Buffer).toString()).toBe("xyz");
    const { buffer } = Uint8Array.of(1, 2, 3);
    const [one, other] = copy([Buffer.from(buffer), Buffer.from(buffer)]) as [Buffer, Buffer];
    one[0] = 4;
    expect([...other]).toEqual([4, 2, 3]);
  });

  it("refuses to dump more than maxSize, an endless chain, an empty array that is too long, and a BigInt too large", () => {
    const codec = new ObjectCodec({ maxSize: 100 });
    expect(codec.dumps("x".repeat(96))).toHaveLength(100);
    expect(() => codec.dumps("x".repeat(97))).toThrow("Cannot dump a value as 101 bytes: they may be 100");
    const far: number[] = [];
    far[100] = 1;
    expect(() => codec.dumps(far)).toThrow("Cannot dump an array of 101 items: it may have 100");
    expect(() => codec.dumps(10n ** 10_000n)).toThrow("Cannot dump a BigInt of 10000 digits or more");
    let chain: unknown = null;
    for (let depth = 0; depth < 100_000; depth += 1) chain = [chain];
    expect(() => codec.dumps(chain)).toThrow("hold each other so deep");
  });

  it.each([0, 1.5, Number.NaN])("refuses %d as a bound", (bound) => {
    expect(() => new ObjectCodec({ maxSize: bound })).toThrow(`Cannot use ${bound} as maxSize`);
    expect(() => new ObjectCodec({ maxDepth: bound })).toThrow(`Cannot use ${bound} as maxDepth`);
  });
});

describe("Classes of an ObjectCodec", () => {
  const codec = new ObjectCodec().register(Person);

  it("revives an object as one of its class, whose constructor is not called", () => {
    const bytes = codec.dumps(new Person("Sarah", true));
    Person.made = 0;
    const person = codec.loads(bytes) as Person;
    expect(person).toBeInstanceOf(Person);
    expect(person.greet()).toBe("I am Sarah");
    expect({ ...person }).toEqual({ friend: null, name: "Sarah", male: true });
    expect(Person.made).toBe(0);
  });

  it("keeps an object that holds itself, by way of another, one", () => {
    const sarah = new Person("Sarah", true);
    const tom = new Person("Tom", true);
    sarah.friend = tom;
    tom.friend = sarah;
    const [first, second] = copy([sarah, tom], codec) as [Person, Person];
    expect(first.friend).toBe(second);
    expect(second.friend).toBe(first);
    expect([first, second].map((person) => person.greet())).toEqual(["I am Sarah", "I am Tom"]);
  });

  it("writes the name that was given, and reads it", () => {
    const mine = new ObjectCodec().register(Person, "Human");
    expect(mine.dumps(new Person("Sarah", true)).toString()).toContain('"class Human"');
    expect(copy(new Person("Sarah", true), mine)).toBeInstanceOf(Person);
  });

  it("refuses two classes under a name, and a name that is none; the same once more is no harm", () => {
    expect(() => new ObjectCodec().register(Person).register(Dog, "Person")).toThrow(
      "register another class as Person",
    );
    expect(() => new ObjectCodec().register(class {})).toThrow('Cannot register a class as ""');
    expect(() => new ObjectCodec().register(Dog, 'a","b')).toThrow("give it a name, a word");
    expect(() => new ObjectCodec().register(Dog).register(Dog)).not.toThrow();
  });

  it("refuses to dump an object that has a field where its class has a method", () => {
    const person = Object.assign(new Person("Sarah", true), { greet: "no method" });
    expect(() => codec.dumps(person)).toThrow("with the field greet, which the class defines itself");
  });

  it("keeps an object of an unknown class where it is told to, as data that goes out again as what it was", () => {
    const between = new ObjectCodec({ unknownClasses: "keep" });
    const sarah = new Person("Sarah", true);
    sarah.friend = sarah;
    const kept = between.loads(codec.dumps([sarah, sarah])) as UnknownObject[];
    expect(kept[0]).toBeInstanceOf(UnknownObject);
    expect(kept[0]).toBe(kept[1]);
    expect(classNameOf(kept[0] as UnknownObject)).toBe("Person");
    expect(kept[0]).toMatchObject({ name: "Sarah", male: true });
    const [person] = codec.loads(between.dumps(kept)) as [Person];
    expect(person.greet()).toBe("I am Sarah");
    expect(person.friend).toBe(person);
  });

  it("keeps 100 names of unknown classes, and refuses more", () => {
    const between = new ObjectCodec({ unknownClasses: "keep" });
    for (let number = 0; number < 100; number += 1) load(`[["class A${number}",1],{}]`, between);
    expect(() => load('[["class A0",1],{}]', between)).not.toThrow();
    expect(() => load('[["class A100",1],{}]', between)).toThrow("More than 100 classes");
  });
});

describe("A message that a stranger has written", () => {
  it.each([
    { what: "an unknown class", text: '[["class Cat",1],{}]', why: "The class Cat is not registered" },
    { what: "a class called __proto__", text: '[["class __proto__",1],{}]', why: "__proto__ is not registered" },
    { what: "a class called constructor", text: '[["class constructor",1],{}]', why: "constructor is not registered" },
    { what: "a class called toString", text: '[["class toString",1],{}]', why: "toString is not registered" },
    { what: "a class of the language", text: '[["class Function",1],{}]', why: "Function is not registered" },
    { what: "a class whose name is code", text: '[["class Person();x",1],{}]', why: "which is none" },
    { what: "a class without a name", text: '[["class ",1],{}]', why: "which is none" },
    { what: "a type called __proto__", text: '[["__proto__",1],{}]', why: 'type "__proto__", which is not taken' },
    { what: "a type called constructor", text: '[["constructor",1],{}]', why: "which is not taken" },
    { what: "a type called toString", text: '[["toString",1],{}]', why: "which is not taken" },
    { what: "an unknown type", text: '[["Function",1],"return 1"]', why: "which is not taken" },
    { what: "a regular expression", text: '[["RegExp","(a+)+$"]]', why: "which is not taken" },
    { what: "the key __proto__", text: '[{"__proto__":1},{"polluted":2},true]', why: "__proto__" },
    { what: "it in an object without prototype", text: '[["null","__proto__",1],{"x":2},1]', why: "__proto__" },
    { what: "it in a class", text: '[["class Person",1],{"__proto__":2},{}]', why: "the field __proto__" },
    { what: "a field for the constructor", text: '[["class Person",1],{"constructor":2},1]', why: "field constructor" },
    { what: "a field for toString", text: '[["class Person",1],{"toString":2},1]', why: "field toString" },
    { what: "a field for a method", text: '[["class Person",1],{"greet":2},"x"]', why: "field greet" },
    { what: "a field for a setter", text: '[["class Person",1],{"nickname":2},"x"]', why: "field nickname" },
    { what: "a class with a list as fields", text: '[["class Person",1],[]]', why: "without fields" },
    { what: "a class with a number as fields", text: '[["class Person",1],7]', why: "without fields" },
    { what: "a class with a date as fields", text: '[["class Person",1],["Date",""]]', why: "without fields" },
    { what: "a class with itself as fields", text: '[["class Person",0]]', why: "without fields" },
    { what: "a class with no fields", text: '[["class Person"]]', why: "without fields" },
    { what: "fields beyond the end", text: '[["class Person",9]]', why: "without fields" },
    {
      what: "the fields of two classes",
      text: '[[1,2],["class Person",3],["class Dog",3],{}]',
      why: "another class as well",
    },
    { what: "a Buffer of nothing", text: '[["Buffer",1],5]', why: "A Buffer without bytes" },
    { what: "a typed array of a number", text: '[["Uint8Array",1],1000000000]', why: "Invalid input" },
    { what: "a typed array of itself", text: '[["Uint8Array",0]]', why: "Invalid input" },
    { what: "a view beyond its bytes", text: '[["Uint8Array",1,0,99],["ArrayBuffer","AAAA"]]', why: "length" },
    { what: "bytes that are no text", text: '[["ArrayBuffer",7]]', why: "not written as a text" },
    { what: "a date that is an object", text: '[["Date",{"toString":1}]]', why: "not written as a text" },
    { what: "a URL that is none", text: '[["URL","http://["]]', why: "Invalid URL" },
    { what: "a BigInt that is none", text: '[["BigInt","x"]]', why: "A BigInt that is no whole number" },
    { what: "a BigInt in a list", text: '[["BigInt",["1"]]]', why: "A BigInt that is no whole number" },
    { what: "a BigInt that takes its time", text: `[["BigInt","${"9".repeat(20_000)}"]]`, why: "at most 10000 digits" },
    { what: "a box of an object", text: '[["Object",1],{}]', why: "Invalid input" },
    { what: "an empty array that is long", text: "[[-7,4294967295,0,1],1]", why: "4294967295 items" },
    { what: "a place beyond the end", text: "[[5]]", why: "Invalid input" },
    { what: "a place that is none", text: "[[1.5]]", why: "" },
    { what: "a place that is a word", text: '[{"a":"b"}]', why: "Invalid input" },
    { what: "no list", text: '{"a":1}', why: "it is no list" },
    { what: "an empty list", text: "[]", why: "Invalid input" },
    { what: "no JSON", text: "hello", why: "JSON" },
    { what: "nothing", text: "", why: "JSON" },
    { what: "half a message", text: '[{"a":1},', why: "JSON" },
    { what: "Python's pickle", text: "\x80\x04\x95\x0b", why: "" },
  ])("is refused with an ObjectError: $what", ({ text, why }) => {
    let error: unknown;
    try {
      load(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ObjectError);
    expect(String(error)).toContain(why);
    expect("polluted" in {}).toBe(false);
    expect(Person.renamed).toEqual([]);
  });

  it("is refused with the same words where unknown classes are kept", () => {
    const keeping = new ObjectCodec({ unknownClasses: "keep" });
    expect(() => load('[["class Cat",1],{"toString":2},1]', keeping)).toThrow("the field toString");
    expect(() => load('[["class Cat",1],{"constructor":2},1]', keeping)).toThrow("the field constructor");
    expect(() => load('[[1,2],["class Cat",3],["class Cow",3],{}]', keeping)).toThrow("another class as well");
    expect(load('[["class __proto__",1],{"a":2},1]', keeping)).toEqual(Object.assign(new UnknownObject(), { a: 1 }));
  });

  it("may not be UTF-8", () => {
    expect(() => new ObjectCodec().loads(Buffer.from([0x22, 0xff, 0x22]))).toThrow("it is not UTF-8");
  });

  it("is refused when values hold each other deeper than maxDepth, however that is written", () => {
    const chain = (depth: number): string =>
      JSON.stringify(Array.from({ length: depth }, (_, place) => [place + 1]).concat([[]]));
    expect(() => load(chain(500))).not.toThrow();
    expect(() => load(chain(501))).toThrow("Nested more than 500 deep");
    expect(() => load(chain(10_000))).toThrow("Nested more than 500 deep");
    expect(() => load(`${"[".repeat(10_000)}${"]".repeat(10_000)}`)).toThrow(ObjectError);
    // Every value holds every other: the way through them is as long as their number.
    const all = Array.from({ length: 510 }, (_, place) => place);
    expect(() => load(JSON.stringify(all.map(() => all)))).toThrow("Nested more than 500 deep");
    const maps = Array.from({ length: 1000 }, (_, place) => ["Map", place + 1, place + 1]);
    expect(() => load(JSON.stringify([...maps, 1]))).toThrow("Nested more than 500 deep");
    const persons = Array.from({ length: 1000 }, (_, place) =>
      place % 2 === 0 ? ["class Person", place + 1] : { friend: place + 1 },
    );
    expect(() => load(JSON.stringify([...persons, 1]))).toThrow("Nested more than 500 deep");
    expect(() => load('[[1],[2],"x"]', new ObjectCodec({ maxDepth: 1 }))).toThrow("Nested more than 1 deep");
  });

  it("is refused when it is longer than maxSize", () => {
    const codec = new ObjectCodec({ maxSize: 10 });
    expect(codec.loads(Buffer.from('["hello"] '))).toBe("hello");
    expect(() => codec.loads(Buffer.from('["hello"]  '))).toThrow("Cannot load 11 bytes: they may be 10");
  });

  it("makes an object or an ObjectError, and runs nothing, whatever it is", () => {
    const item = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.array(fc.oneof(fc.integer({ min: -8, max: 8 }), fc.string({ maxLength: 3 })), { maxLength: 5 }),
      fc.tuple(
        fc.constantFrom(
          "class Person",
          "class Dog",
          "Map",
          "Set",
          "Date",
          "null",
          "Buffer",
          "Uint8Array",
          "ArrayBuffer",
        ),
        fc.integer({ min: -8, max: 8 }),
      ),
      fc.dictionary(
        fc.constantFrom("name", "friend", "greet", "nickname", "__proto__"),
        fc.integer({ min: -1, max: 8 }),
      ),
    );
    fc.assert(
      fc.property(fc.array(item, { maxLength: 9 }), (list) => {
        Person.made = 0;
        try {
          load(JSON.stringify(list));
        } catch (error) {
          expect(error).toBeInstanceOf(ObjectError);
        }
        expect(Person.made).toBe(0);
        expect(Person.renamed).toEqual([]);
        expect(Object.keys(Person.prototype)).toEqual([]);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("dump and load", () => {
  it("carry values over a stream, wherever its bytes are cut", async () => {
    const codec = new ObjectCodec();
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 4 }), cuts, async (values, places) => {
        const bytes = Buffer.concat(values.map((value) => prefixLength(codec.dumps(value))));
        const source = sourceOf(cutAt(bytes, places));
        for (const value of values) expect(await codec.load(source)).toEqual(value);
        await expect(codec.load(source)).rejects.toThrow(IncompleteReadError);
      }),
    );
  });

  it("carry them over sockets, and their files", async () => {
    const codec = new ObjectCodec().register(Person);
    const [one, other] = await socketpair();
    await using _one = one;
    await using _other = other;
    await codec.dump(new Person("Sarah", true), one);
    expect(await codec.load(other)).toBeInstanceOf(Person);
    const file = one.makefile("rwb");
    await codec.dump(new Map([[1, 2]]), file);
    await file.flush();
    expect(await codec.load(other.makefile("rb"))).toEqual(new Map([[1, 2]]));
  });

  it("go on after a message that is none, and end at a length that lies", async () => {
    const codec = new ObjectCodec({ maxSize: 100 });
    const [here, there] = memoryStreamPair();
    await here.sendall(prefixLength(Buffer.from("hello")));
    await codec.dump(1, here);
    await here.sendall(Buffer.from([0, 0, 1, 0]));
    await expect(codec.load(there)).rejects.toThrow(ObjectError);
    expect(await codec.load(there)).toBe(1);
    await expect(codec.load(there)).rejects.toThrow(LimitOverrunError);
  });

  it("write nothing of a value that cannot be dumped", async () => {
    const [here, there] = memoryStreamPair();
    await expect(new ObjectCodec().dump(() => 1, here)).rejects.toThrow(TypeError);
    here.shutdown();
    expect(await there.recv(10)).toHaveLength(0);
  });
});
