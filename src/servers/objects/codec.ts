/**
 * {@link ObjectCodec}: objects as bytes and back, in place of Python's `pickle`, whose messages can run code.
 *
 * The work is devalue's, whose `parse()` makes values and nothing else: there is no `eval`, no constructor and no method of
 * anybody's in it. This file adds classes, bounds, and what is not to be let in.
 *
 * @module
 */

import { isUtf8 } from "node:buffer";
import { DevalueError, defaultStringifyOperations, stringify, unflatten } from "devalue";
import { checkBound } from "../../core/checks.js";
import { IncompleteReadError } from "../../core/errors.js";
import type { ByteSink, ByteSource } from "../../core/stream/byte-stream.js";
import { StreamReader } from "../../core/stream/reader.js";
import { LengthPrefixedReader, LengthPrefixedWriter, type MessageFile } from "../../framing/length-prefix.js";
import { BUFFER, CLASS, checkGraph, isClassName, MAX_BIGINT_DIGITS, ObjectError } from "./graph.js";

export { ObjectError } from "./graph.js";

/** How an {@link ObjectCodec} is made. */
export interface ObjectCodecOptions {
  /** The most bytes of a message. 1,048,576 (1 MiB) by default. */
  readonly maxSize?: number | undefined;
  /** How deep values of a message may hold each other; an object of a class counts twice. 500 by default. */
  readonly maxDepth?: number | undefined;
  /**
   * What becomes of an object whose class was not registered: `"refuse"`, the default, refuses its message; `"keep"` makes an
   * {@link UnknownObject} of it, which goes out again as what it was.
   */
  readonly unknownClasses?: "refuse" | "keep" | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: a class is registered whatever its constructor takes: it is not called.
type AnyClass = abstract new (...args: any[]) => object;

const defaults = { maxSize: 1_048_576, maxDepth: 500, unknownClasses: "refuse" } as const;

/** Names that a peer may have an {@link ObjectCodec} remember, so that what is kept can go out again. */
const MAX_UNKNOWN_NAMES = 100;
const LARGEST = 10n ** BigInt(MAX_BIGINT_DIGITS - 1);

/**
 * Turns values into bytes and bytes into values, under the names of Python's `pickle`. Both ends are to be an `ObjectCodec`, with
 * the same classes registered.
 *
 * It carries what JSON does, and `undefined`, `NaN`, `Infinity`, `-0`, `BigInt`, `Date`, `URL`, `Map`, `Set`, typed arrays,
 * `ArrayBuffer`, `Buffer`, objects without a prototype, values that are held twice or hold themselves, and objects of
 * {@link register}ed classes. It does not carry functions, symbols, promises, errors, regular expressions (a stranger's can
 * keep whoever uses it busy for ever), nor what a class keeps in `#private` fields.
 *
 * **Nothing in a message can run code.** An object of a class is revived as in Python's `pickle`: its fields are set, and its
 * constructor is not called. Unlike there, the other end chooses among the registered classes only, sets no field that the
 * class itself defines (a method, an accessor), and calls nothing. What the fields hold is the other end's choice: check it,
 * as any input.
 *
 * @example
 * ```ts
 * const codec = new ObjectCodec().register(Person);
 * const copy = codec.loads(codec.dumps(new Person("Sarah"))) as Person;
 * copy.greet();
 * ```
 */
export class ObjectCodec {
  /** The most bytes of a message. */
  readonly maxSize: number;
  /** How deep values may hold each other. */
  readonly maxDepth: number;
  readonly #keepsUnknown: boolean;
  readonly #classes = new Map<string, AnyClass>();
  readonly #unknown = new Set<string>();

  /** @throws RangeError for a bound that is not a whole number from 1. */
  constructor(options: ObjectCodecOptions = {}) {
    this.maxSize = checkBound("maxSize", options.maxSize ?? defaults.maxSize);
    this.maxDepth = checkBound("maxDepth", options.maxDepth ?? defaults.maxDepth);
    this.#keepsUnknown = (options.unknownClasses ?? defaults.unknownClasses) === "keep";
  }

  /**
   * Lets objects of a class through. Subclasses are registered by themselves.
   *
   * @param name what the class is called in messages, where its own name is not the one of the other end.
   * @returns the codec itself.
   * @throws TypeError when the name is taken by another class, or is none.
   */
  register(Class: AnyClass, name: string = Class.name): this {
    if (!isClassName(name))
      throw new TypeError(`Cannot register a class as ${JSON.stringify(name)}: give it a name, a word.`);
    const other = this.#classes.get(name);
    if (other !== undefined && other !== Class) {
      throw new TypeError(`Cannot register another class as ${name}: give one of the two a name of its own.`);
    }
    this.#classes.set(name, Class);
    return this;
  }

  /**
   * Turns a value into bytes. Source: `pickle.dumps`.
   *
   * @throws TypeError for what is not carried, naming its place; RangeError for more than `maxSize` bytes, and for values that
   *   hold each other so deep that they cannot be written (the other end's `maxDepth` is the other end's business).
   */
  dumps(value: unknown): Buffer {
    let text: string;
    try {
      const lengthOf = (array: readonly unknown[]): number => this.#checkLength(array.length);
      const viewInfo = this.#makeViewInfo();
      text = stringify(value, this.#reducers(), { operations: { viewInfo, toPrimitive, regExpInfo, lengthOf } });
    } catch (error) {
      throw explainDump(error);
    }
    this.#checkSize(Buffer.byteLength(text));
    return Buffer.from(text);
  }

  /**
   * Turns bytes into a value. Source: `pickle.loads`.
   *
   * @throws ObjectError that says what is wrong: bytes that {@link dumps} does not make, a class that is not registered, more
   *   than `maxSize` or `maxDepth`.
   */
  loads(bytes: Uint8Array): unknown {
    if (bytes.length > this.maxSize) {
      throw new ObjectError(`Cannot load ${bytes.length} bytes: they may be ${this.maxSize}`);
    }
    try {
      const list = parseList(bytes);
      if (typeof list === "number") return unflatten(list);
      const revivers: Record<string, (value: object) => object> = { [BUFFER]: reviveBuffer };
      const onClass = (name: string, fields: readonly string[]): void => {
        const { prototype } = this.#classes.get(name) ?? UnknownObject;
        refuseShadows(prototype, fields, name);
        revivers[CLASS + name] ??= this.#reviverFor(name);
      };
      checkGraph(list, { maxDepth: this.maxDepth, maxLength: this.maxSize, onClass });
      return unflatten(list, revivers);
    } catch (error) {
      throw explainLoad(error);
    }
  }

  /**
   * Writes a value to a stream, its length before it. Source: `pickle.dump`.
   *
   * @param file a handler's `wfile`, what `makefile("wb")` returns, or a `Socket`.
   * @throws as {@link dumps}; then nothing was written. What the file throws.
   */
  async dump(value: unknown, file: MessageFile | ByteSink): Promise<void> {
    await new LengthPrefixedWriter(file, { maxLength: this.maxSize }).write(this.dumps(value));
  }

  /**
   * Reads a value from a stream. Source: `pickle.load`.
   *
   * @param file a handler's `rfile`, what `makefile("rb")` returns, or a `Socket`, of which no more is taken than the value's.
   * @throws IncompleteReadError at the end of the stream; LimitOverrunError when a length is over `maxSize`, after which the
   *   stream is of no more use; as {@link loads}, after which the next value can be read. What the file throws.
   */
  async load(file: StreamReader | ByteSource): Promise<unknown> {
    const source = "recv" in file ? new StreamReader(file, { bufferSize: 0 }) : file;
    const message = await new LengthPrefixedReader(source, { maxLength: this.maxSize }).read();
    if (message !== null) return this.loads(message);
    throw new IncompleteReadError("Cannot load a value: the stream has ended (ENODATA)", Buffer.alloc(0), null);
  }

  #checkSize(size: number): void {
    if (size <= this.maxSize) return;
    throw new RangeError(`Cannot dump a value as ${size} bytes: they may be ${this.maxSize}. Raise maxSize.`);
  }

  /**
   * Only the bytes of a view leave, not those around it in the memory that it is a part of.
   *
   * They are counted before they are copied, since a thousand views of the same memory take a thousand times its size: the
   * finished text would be too late to notice it.
   */
  #makeViewInfo(): typeof defaultStringifyOperations.viewInfo {
    let copied = 0;
    return (view) => {
      const { buffer, byteOffset, byteLength } = view;
      const info = defaultStringifyOperations.viewInfo(view);
      if (byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) return info;
      copied += byteLength;
      this.#checkSize(copied);
      const own = new Uint8Array(buffer, byteOffset, byteLength).slice().buffer;
      return { ...info, buffer: own, byteOffset: 0, bufferByteLength: byteLength };
    };
  }

  /** An array that is mostly empty would be written in a few bytes, and be long where it is read. */
  #checkLength(length: number): number {
    if (length <= this.maxSize) return length;
    throw new RangeError(`Cannot dump an array of ${length} items: it may have ${this.maxSize}. Raise maxSize.`);
  }

  /** How each class, and a Buffer, is taken apart: `undefined` says that a value is none. */
  #reducers(): Record<string, (value: unknown) => object | undefined> {
    const reducers: Record<string, (value: unknown) => object | undefined> = {
      [BUFFER]: (value) => (Buffer.isBuffer(value) ? bytesOf(value) : undefined),
    };
    for (const [name, { prototype }] of this.#classes) {
      reducers[CLASS + name] = (value) => (isMadeBy(prototype, value) ? fieldsOf(value, name) : undefined);
    }
    for (const name of this.#unknown) {
      const isOne = (value: unknown): value is object =>
        isMadeBy(UnknownObject.prototype, value) && unknownNames.get(value) === name;
      reducers[CLASS + name] ??= (value) => (isOne(value) ? { ...value } : undefined);
    }
    return reducers;
  }

  #reviverFor(name: string): (fields: object) => object {
    const Class = this.#classes.get(name);
    if (Class !== undefined) return (fields) => revive(fields, Class.prototype, name);
    if (!this.#keepsUnknown) throw new ObjectError(`The class ${name} is not registered`);
    if (this.#unknown.size >= MAX_UNKNOWN_NAMES && !this.#unknown.has(name)) {
      throw new ObjectError(`More than ${MAX_UNKNOWN_NAMES} classes that are not registered`);
    }
    this.#unknown.add(name);
    return (fields) => {
      const known = unknownNames.get(fields);
      if (known !== undefined && known !== name) throw mixedUp(name);
      unknownNames.set(fields, name);
      return revive(fields, UnknownObject.prototype, name);
    };
  }
}

function isMadeBy(prototype: object, value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === prototype;
}

/**
 * Makes the fields themselves the object of the class: where an object holds itself, this is called again for it before its
 * fields are complete, and must give the same object.
 */
function revive(fields: object, prototype: object, name: string): object {
  const current = Object.getPrototypeOf(fields);
  if (current === prototype) return fields;
  if (current !== Object.prototype) throw mixedUp(name);
  return Object.setPrototypeOf(fields, prototype);
}

function mixedUp(name: string): ObjectError {
  return new ObjectError(`An object of the class ${name} that is of another class as well`);
}

function fieldsOf(object: object, name: string): object {
  const fields = { ...object };
  refuseShadows(Object.getPrototypeOf(object), Object.keys(fields), name);
  return fields;
}

/** A field that stands before what the class itself defines would replace a method, or have a setter run. */
function refuseShadows(prototype: object, fields: readonly string[], name: string): void {
  const shadow = fields.find((field) => field in prototype);
  if (shadow === undefined) return;
  throw new ObjectError(`An object of the class ${name} with the field ${shadow}, which the class defines itself`);
}

function bytesOf({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function reviveBuffer(bytes: object): Buffer {
  const { buffer, byteOffset, byteLength } = bytes as Uint8Array;
  return Buffer.from(buffer, byteOffset, byteLength);
}

type Primitive = Parameters<typeof defaultStringifyOperations.toPrimitive>[0];

function toPrimitive(value: Primitive): Primitive {
  if (typeof value !== "bigint" || (value < LARGEST && -value < LARGEST)) return value;
  throw new RangeError(`Cannot dump a BigInt of ${MAX_BIGINT_DIGITS} digits or more.`);
}

function regExpInfo(): never {
  throw new TypeError("Cannot dump a regular expression: no codec would load it. Dump its source and flags.");
}

function parseList(bytes: Uint8Array): unknown[] | number {
  if (!isUtf8(bytes)) throw new ObjectError("Not a message of an ObjectCodec: it is not UTF-8");
  const list: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  if (typeof list === "number" || Array.isArray(list)) return list;
  throw new ObjectError("Not a message of an ObjectCodec: it is no list");
}

function explainDump(error: unknown): unknown {
  if (isStackOverflow(error)) return new RangeError("Cannot dump a value whose values hold each other so deep.");
  if (error instanceof ObjectError) return new TypeError(`Cannot dump a value. ${error.message}.`);
  if (!(error instanceof DevalueError)) return error;
  const where = error.path === "" ? "the value" : `the value's ${error.path.replace(/^\./, "")}`;
  return new TypeError(`Cannot dump ${where}: ${whyNot(error.value)}`, { cause: error });
}

function whyNot(value: unknown): string {
  if (typeof value === "function") return "it is a function.";
  if (typeof value === "symbol") return "it is a symbol.";
  const { name } = Object(value).constructor ?? {};
  if (typeof name !== "string" || name === "" || name === "Object")
    return "it has what objects of a message do not have.";
  return `its class ${name} is not registered. Call codec.register(${name}) at both ends.`;
}

function explainLoad(error: unknown): ObjectError {
  if (error instanceof ObjectError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new ObjectError(`Not a message of an ObjectCodec: ${why}`, { cause: error });
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.startsWith("Maximum call stack");
}

/** The name of each one's class: no property, which might be a field. */
const unknownNames = new WeakMap<object, string>();

/**
 * An object of a class that this end has not registered. Its properties are the fields; {@link classNameOf} tells the name.
 */
export class UnknownObject {}

/** The name of the class that an {@link UnknownObject} belongs to at the other end. */
export function classNameOf(object: UnknownObject): string {
  return unknownNames.get(object) ?? UnknownObject.name;
}
