/**
 * Errors on their way between threads and processes: what a structured clone would lose is told apart.
 *
 * @module
 */

import { inspect } from "node:util";
import { ExitRequest, IncompleteReadError, LimitOverrunError, OSError, osErrorOf } from "../../core/errors.js";

/** How deep causes, and errors that an error consists of, travel with it. */
const MAX_DEPTH = 4;
/** How many errors travel at most: one, its causes, those that it consists of, and theirs. */
const MAX_ERRORS = 64;

/** An error as it travels. */
export interface ErrorMessage {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** `""` where there is none. */
  readonly code: string;
  /** `""` where there is none. */
  readonly syscall: string;
  readonly details: Details;
  readonly cause: ErrorMessage | null;
}

/** Of which class it is, and what that class knows. */
type Details =
  | { readonly kind: "error" }
  | { readonly kind: "system" }
  | { readonly kind: "exit"; readonly exitCode: number }
  | { readonly kind: "incomplete-read"; readonly partial: Uint8Array; readonly expected: number | null }
  | { readonly kind: "limit-overrun"; readonly limit: number }
  | { readonly kind: "aggregate"; readonly errors: readonly ErrorMessage[] };

/** Makes whatever was thrown into something that can travel. It never fails itself: its caller has nobody else to tell. */
export function packError(thrown: unknown): ErrorMessage {
  return pack(thrown, MAX_DEPTH, { left: MAX_ERRORS });
}

/** How many errors may still travel. */
interface Allowance {
  left: number;
}

/** Each by itself: one that cannot be read does not take with it the error that it belongs to. */
function pack(thrown: unknown, depth: number, allowance: Allowance): ErrorMessage {
  allowance.left -= 1;
  try {
    return packReadable(asError(thrown), depth, allowance);
  } catch {
    return packReadable(new Error("An error that fails itself when it is read"), 0, allowance);
  }
}

function packReadable(error: Error, depth: number, allowance: Allowance): ErrorMessage {
  const { stack } = error;
  const name = textOf(error.name);
  const message = textOf(error.message);
  return {
    name,
    message,
    stack: typeof stack === "string" ? stack : `${name}: ${message}`,
    code: "code" in error && typeof error.code === "string" ? error.code : "",
    syscall: "syscall" in error && typeof error.syscall === "string" ? error.syscall : "",
    // Before the errors that it consists of, which may use up what is left.
    cause: packAll(error.cause === undefined ? [] : [error.cause], depth - 1, allowance)[0] ?? null,
    details: detailsOf(error, depth, allowance),
  };
}

/** As many of them as may travel. */
function packAll(errors: Iterable<unknown>, depth: number, allowance: Allowance): ErrorMessage[] {
  const packed: ErrorMessage[] = [];
  if (depth < 0) return packed;
  for (const error of errors) {
    if (allowance.left <= 0) break;
    packed.push(pack(error, depth, allowance));
  }
  return packed;
}

function detailsOf(error: Error, depth: number, allowance: Allowance): Details {
  if (error instanceof ExitRequest) return { kind: "exit", exitCode: Number(error.exitCode) };
  if (error instanceof IncompleteReadError) {
    // A copy, since with a part of some memory all of that would travel.
    const { partial, expected } = error;
    return { kind: "incomplete-read", partial: new Uint8Array(partial), expected };
  }
  if (error instanceof LimitOverrunError) return { kind: "limit-overrun", limit: Number(error.limit) };
  if (error instanceof OSError) return { kind: "system" };
  if (!(error instanceof AggregateError)) return { kind: "error" };
  const errors: unknown = error.errors;
  return { kind: "aggregate", errors: packAll(Array.isArray(errors) ? errors : [], depth - 1, allowance) };
}

/**
 * The error that has travelled: one of core/errors.ts or an `AggregateError` with its class, any other as an `OSError` of its
 * name where it is one, and as an `Error` of its name where it is none.
 */
export function unpackError(packed: ErrorMessage): Error {
  const { name, stack, cause } = packed;
  const error = make(packed);
  if (error.name !== name) error.name = name;
  error.stack = stack;
  // As the constructor of an error has it: not shown among its other properties.
  if (cause !== null) {
    Object.defineProperty(error, "cause", { value: unpackError(cause), configurable: true, writable: true });
  }
  return error;
}

function make({ name, message, code, syscall, details }: ErrorMessage): Error {
  switch (details.kind) {
    case "exit":
      return new ExitRequest(details.exitCode);
    case "incomplete-read":
      return new IncompleteReadError(message, Buffer.from(details.partial), details.expected);
    case "limit-overrun":
      return new LimitOverrunError(message, details.limit);
    case "system":
      return osErrorOf(name, message, { code, syscall });
    case "aggregate":
      return new AggregateError(details.errors.map(unpackError), message);
    case "error":
      return Object.assign(new Error(message), code === "" ? {} : { code }, syscall === "" ? {} : { syscall });
  }
}

/** The words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return textOf(error instanceof Error ? error.message : error);
}

/** Whatever was thrown, as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(textOf(thrown));
}

/** Text as it is, and anything else as it is shown: `String()` fails where an object has no prototype. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return inspect(value);
  } catch {
    return "something that cannot be shown";
  }
}
