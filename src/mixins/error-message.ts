/**
 * Errors on their way between threads and processes: what a structured clone would lose is told apart.
 *
 * @module
 */

import { ExitRequest, OSError, osErrorOf } from "../core/errors.js";

/** An error as it travels. */
export interface ErrorMessage {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly code: string;
  readonly syscall: string;
  readonly exitCode: number | null;
}

/** Makes whatever was thrown into something that can travel. */
export function packError(thrown: unknown): ErrorMessage {
  const error = asError(thrown);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const syscall = "syscall" in error && typeof error.syscall === "string" ? error.syscall : "";
  const exitCode = error instanceof ExitRequest ? error.exitCode : null;
  return { name: error.name, message: error.message, stack: error.stack ?? "", code, syscall, exitCode };
}

/** The error that has travelled: an {@link ExitRequest}, an {@link OSError} of its class, or an `Error` of that name. */
export function unpackError(packed: ErrorMessage): Error {
  const { name, message, stack, code, syscall, exitCode } = packed;
  const error =
    exitCode !== null
      ? new ExitRequest(exitCode)
      : code !== "" && syscall !== ""
        ? osErrorOf(name, message, { code, syscall })
        : Object.assign(new Error(message), code === "" ? {} : { code });
  if (!(error instanceof OSError) && !(error instanceof ExitRequest)) error.name = name;
  error.stack = stack;
  return error;
}

/** The words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whatever was thrown, as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
