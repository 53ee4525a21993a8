/**
 * Errors on their way between threads and processes: what a structured clone would lose is told apart.
 *
 * @module
 */

import { inspect } from "node:util";
import { ExitRequest, IncompleteReadError, LimitOverrunError, OSError, osErrorOf } from "../core/errors.js";

/** How deep causes, and errors that an error consists of, travel with it. */
const MAX_DEPTH = 4;
/** How many of the errors that an error consists of travel with it. */
const MAX_ERRORS = 16;

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
  try {
    return pack(asError(thrown), MAX_DEPTH);
  } catch {
    return pack(new Error("An error that fails itself when it is read"), 0);
  }
}

function pack(error: Error, depth: number): ErrorMessage {
  const { stack, cause } = error;
  const name = textOf(error.name);
  const message = textOf(error.message);
  return {
    name,
    message,
    stack: typeof stack === "string" ? stack : `${name}: ${message}`,
    code: "code" in error && typeof error.code === "string" ? error.code : "",
    syscall: "syscall" in error && typeof error.syscall === "string" ? error.syscall : "",
    details: detailsOf(error, depth),
    cause: cause === undefined || depth === 0 ? null : pack(asError(cause), depth - 1),
  };
}

function detailsOf(error: Error, depth: number): Details {
  if (error instanceof ExitRequest) return { kind: "exit", exitCode: Number(error.exitCode) };
  if (error instanceof IncompleteReadError) {
    // A copy, since with a part of some memory all of that would travel.
    const { partial, expected } = error;
    return { kind: "incomplete-read", partial: new Uint8Array(partial), expected };
  }
  if (error instanceof LimitOverrunError) return { kind: "limit-overrun", limit: Number(error.limit) };
  if (error instanceof OSError) return { kind: "system" };
  if (!(error instanceof AggregateError)) return { kind: "error" };
  const errors = depth === 0 ? [] : error.errors.slice(0, MAX_ERRORS);
  return { kind: "aggregate", errors: errors.map((each) => pack(asError(each), depth - 1)) };
}

/**
 * The error that has travelled: one of this package or an `AggregateError` with its class, any other as an `Error` of that name.
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
