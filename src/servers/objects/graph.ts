/**
 * {@link checkGraph}: looks through a message of an `ObjectCodec` before anything is made of it.
 *
 * devalue writes a value as a list. Its first item is the value itself; where that holds others, their places in the list stand
 * for them, so that a value that is held twice is written once, and may hold itself. Items that begin with a word are of the
 * type that the word names: `["Date", "2026-01-01T00:00:00.000Z"]`.
 *
 * @module
 */

/** A message that is none, or has what this end does not take. */
export class ObjectError extends Error {
  static {
    ObjectError.prototype.name = "ObjectError";
  }
}

/** What stands before the name of a class. */
export const CLASS = "class ";
/** What the bytes of a `Buffer` are written as. */
export const BUFFER = "Buffer";

/** Longer whole numbers take noticeable time to read. */
export const MAX_BIGINT_DIGITS = 10_000;
/** What devalue puts first in an array that is mostly empty; its length follows. */
const SPARSE = -7;
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]{0,99}$/u;

/** The types that hold others, and which of their items are places. */
const CONTAINERS: Readonly<Record<string, (items: readonly unknown[]) => readonly unknown[]>> = {
  Set: (items) => items,
  Map: (items) => items,
  null: (items) => items.filter((_, index) => index % 2 === 1),
};

/** The types that hold exactly one other. */
const WRAPPERS = new Set([
  "Object",
  "DataView",
  ...["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array"],
  ...["Float16Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array"],
]);

/** The types that are made of a text, with those of `Temporal`. */
const TEXTS = new Set(["ArrayBuffer", "Date", "URL", "URLSearchParams"]);

/** What is to be known of a message. */
export interface GraphBounds {
  /** How deep values may hold each other. */
  readonly maxDepth: number;
  /** The most items that an empty array may pretend to have. */
  readonly maxLength: number;
  /** Called with the class and the fields of each object. */
  readonly onClass: (name: string, fields: readonly string[]) => void;
}

/**
 * Looks through the list, in the order in which devalue does, so that nothing is left to find out when values are made.
 *
 * @throws ObjectError when there is a type that is unknown or not taken, or values are nested too deep.
 */
export function checkGraph(list: readonly unknown[], bounds: GraphBounds): void {
  const seen = new Uint8Array(list.length);
  /** For each value on the way to the one at hand: the places that are still to be visited. */
  const path: Iterator<unknown>[] = [];

  function visit(place: unknown): void {
    // Places below 0 stand for undefined, NaN and the like. Those that are none, devalue refuses.
    if (typeof place !== "number" || !(place in list) || seen[place] === 1) return;
    seen[place] = 1;
    const held = placesIn(list[place], list, bounds);
    if (held.length === 0) return;
    path.push(held.values());
    if (path.length > bounds.maxDepth) throw new ObjectError(`Nested more than ${bounds.maxDepth} deep`);
  }

  visit(0);
  for (let values = path.at(-1); values !== undefined; values = path.at(-1)) {
    const { value, done } = values.next();
    if (done) path.pop();
    else visit(value);
  }
}

/** The places that an item holds. */
function placesIn(item: unknown, list: readonly unknown[], bounds: GraphBounds): readonly unknown[] {
  if (typeof item !== "object" || item === null) return [];
  if (!Array.isArray(item)) return Object.values(item);
  const [type, ...rest] = item as unknown[];
  if (typeof type === "string") return placesInTyped(type, rest, list, bounds);
  if (type !== SPARSE) return item;
  const [length] = rest;
  if (!(typeof length === "number" && length <= bounds.maxLength)) {
    throw new ObjectError(`An array of ${String(length)} items, nearly all of them empty`);
  }
  return rest.filter((_, index) => index % 2 === 0 && index > 0);
}

function placesInTyped(
  type: string,
  items: readonly unknown[],
  list: readonly unknown[],
  bounds: GraphBounds,
): readonly unknown[] {
  const [first] = items;
  if (type.startsWith(CLASS)) {
    checkClass(type.slice(CLASS.length), first, list, bounds);
    return [first];
  }
  if (type === BUFFER) {
    if (!isTyped(first, "Uint8Array", list)) throw new ObjectError("A Buffer without bytes");
    return [first];
  }
  if (WRAPPERS.has(type)) return [first];
  const places = CONTAINERS[type];
  if (places !== undefined && Object.hasOwn(CONTAINERS, type)) return places(items);
  if (type === "BigInt") checkBigInt(first);
  else if (!TEXTS.has(type) && !type.startsWith("Temporal."))
    throw new ObjectError(`A value of the type ${printable(type)}, which is not taken`);
  else if (typeof first !== "string") throw new ObjectError(`A ${type} that is not written as a text`);
  return [];
}

function checkClass(name: string, fields: unknown, list: readonly unknown[], { onClass }: GraphBounds): void {
  if (!isClassName(name)) throw new ObjectError(`A class with the name ${printable(name)}, which is none`);
  const item = typeof fields === "number" ? list[fields] : undefined;
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    throw new ObjectError(`An object of the class ${name} without fields`);
  }
  onClass(name, Object.keys(item));
}

function checkBigInt(digits: unknown): void {
  if (typeof digits === "string" && /^-?\d+$/.test(digits) && digits.length <= MAX_BIGINT_DIGITS) return;
  throw new ObjectError(`A BigInt that is no whole number of at most ${MAX_BIGINT_DIGITS} digits`);
}

function isTyped(place: unknown, type: string, list: readonly unknown[]): boolean {
  const item = typeof place === "number" ? list[place] : undefined;
  return Array.isArray(item) && item[0] === type;
}

/** Whether a class may be called so: a word, as in the source. */
export function isClassName(name: string): boolean {
  return IDENTIFIER.test(name);
}

/** A stranger's text, as it may stand in a message: short, and with nothing that steers a terminal. */
function printable(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
