/**
 * Every error of this package: a class by meaning under its Python name, with Node's `code`, `errno` and `syscall`.
 *
 * @module
 */

import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";

/** What an {@link OSError} knows beside its message. */
export interface OSErrorOptions {
  /** The system's short name of the error, such as `"ECONNRESET"`. */
  readonly code?: string | undefined;
  /** The system call that failed, such as `"bind"`. */
  readonly syscall?: string | undefined;
  /** The error underneath. */
  readonly cause?: unknown;
}

/**
 * A system call failed. Source: Python's `OSError`.
 *
 * The message names the action and the value: `Cannot bind tcp 127.0.0.1:80: permission denied (EACCES)`.
 */
export class OSError extends Error {
  static {
    OSError.prototype.name = "OSError";
  }
  /** The system's short name of the error, such as `"EADDRINUSE"`. */
  readonly code: string;
  /** Node's number of the error (negative, as `libuv` has it), or 0 where there is none. */
  readonly errno: number;
  /** The system call that failed, or `""`. */
  readonly syscall: string;

  constructor(message: string, options: OSErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code ?? "UNKNOWN";
    this.errno = errnoOf(this.code);
    this.syscall = options.syscall ?? "";
  }
}

/** The call would have had to wait, and the socket may not (`settimeout(0)`, `MSG_DONTWAIT`). Source: `BlockingIOError`. */
export class BlockingIOError extends OSError {}
/** A call was interrupted. Source: `InterruptedError`. */
export class InterruptedError extends OSError {}
/** The system does not allow it. Source: `PermissionError`. */
export class PermissionError extends OSError {}
/** There is no such file. Source: `FileNotFoundError`. */
export class FileNotFoundError extends OSError {}
/** A call did not finish within the time it had, or the network gave up. Source: `TimeoutError`, `socket.timeout`. */
export class TimeoutError extends OSError {}
/** The connection failed: what the four classes below have in common. Source: `ConnectionError`. */
export class ConnectionError extends OSError {}
/** The connection was given up before it was there. Source: `ConnectionAbortedError`. */
export class ConnectionAbortedError extends ConnectionError {}
/** Nobody listens at that address. Source: `ConnectionRefusedError`. */
export class ConnectionRefusedError extends ConnectionError {}
/** The peer broke the connection. Source: `ConnectionResetError`. */
export class ConnectionResetError extends ConnectionError {}
/** The peer no longer reads, or this side has ended its sending. Source: `BrokenPipeError`. */
export class BrokenPipeError extends ConnectionError {}

/** A name could not be resolved. `code` is that of getaddrinfo, such as `"ENOTFOUND"`. Source: `socket.gaierror`. */
export class GaiError extends OSError {}
/** A host look-up failed. Source: `socket.herror`. */
export class HError extends OSError {}

/**
 * This transport cannot do that. The message says what is missing and what to do. Source: `io.UnsupportedOperation`.
 */
export class UnsupportedOperation extends OSError {}
/** You closed it: the socket, stream or server was closed by this program, before or during the call. */
export class ClosedResourceError extends OSError {}
/** Two at once: another call is already waiting on this socket for the same thing. */
export class BusyResourceError extends OSError {}

/** The peer ended the stream in the middle of what was to be read. Source: `asyncio.IncompleteReadError`. */
export class IncompleteReadError extends OSError {
  /** What had arrived. */
  readonly partial: Buffer;
  /** How many bytes were asked for, or `null` where a separator was. */
  readonly expected: number | null;

  constructor(message: string, partial: Buffer, expected: number | null) {
    super(message, { code: "ENODATA", syscall: "read" });
    this.partial = partial;
    this.expected = expected;
  }
}

/** A line (or what stands before a separator) is longer than the stream allows. Source: `asyncio.LimitOverrunError`. */
export class LimitOverrunError extends OSError {
  /** The limit in bytes. */
  readonly limit: number;

  constructor(message: string, limit: number) {
    super(message, { code: "EMSGSIZE", syscall: "read" });
    this.limit = limit;
  }
}

/**
 * A handler asks the server to end. It is not an error of the request: `handleError()` is not called, the request is
 * shut down, and `serveForever()` or `handleRequest()` rejects with it. Source: Python's `SystemExit`.
 *
 * @example
 * ```ts
 * override async handle(): Promise<void> {
 *   if ((await this.rfile.readline()).toString() === "quit\n") throw new ExitRequest();
 * }
 * ```
 */
export class ExitRequest extends Error {
  static {
    ExitRequest.prototype.name = "ExitRequest";
  }
  /** The exit code that the program should leave with. */
  readonly exitCode: number;

  constructor(exitCode = 0) {
    super(`A handler asked the server to end (exit code ${exitCode})`);
    this.exitCode = exitCode;
  }
}

type OSErrorClass = new (message: string, options?: OSErrorOptions) => OSError;

/** The one table: which class stands for which code. What is not listed is a plain {@link OSError}. Source: PEP 3151. */
const classOfCode: Readonly<Record<string, OSErrorClass>> = {
  EAGAIN: BlockingIOError,
  EWOULDBLOCK: BlockingIOError,
  EALREADY: BlockingIOError,
  EINPROGRESS: BlockingIOError,
  EINTR: InterruptedError,
  EACCES: PermissionError,
  EPERM: PermissionError,
  ENOENT: FileNotFoundError,
  ETIMEDOUT: TimeoutError,
  ECONNABORTED: ConnectionAbortedError,
  ECONNREFUSED: ConnectionRefusedError,
  ECONNRESET: ConnectionResetError,
  EPIPE: BrokenPipeError,
  ESHUTDOWN: BrokenPipeError,
  ENOTSUP: UnsupportedOperation,
};

const classOfName: Readonly<Record<string, OSErrorClass>> = {
  BlockingIOError,
  InterruptedError,
  PermissionError,
  FileNotFoundError,
  TimeoutError,
  ConnectionError,
  ConnectionAbortedError,
  ConnectionRefusedError,
  ConnectionResetError,
  BrokenPipeError,
  GaiError,
  HError,
  UnsupportedOperation,
  ClosedResourceError,
  BusyResourceError,
};

for (const [name, errorClass] of Object.entries({ ...classOfName, IncompleteReadError, LimitOverrunError })) {
  // On the prototype, as the built-in errors have it: not an own property that every print of the error shows.
  errorClass.prototype.name = name;
}

const systemErrors = new Map<string, { errno: number; message: string }>();
for (const [errno, [code, message]] of getSystemErrorMap()) systemErrors.set(code, { errno, message });
// libuv never returns these, and so does not know them.
systemErrors.set("EINPROGRESS", { errno: -constants.errno.EINPROGRESS, message: "operation now in progress" });
systemErrors.set("EOPNOTSUPP", { errno: -constants.errno.EOPNOTSUPP, message: "operation not supported on socket" });

/** Node's number of a system error's code, or 0. */
export function errnoOf(code: string): number {
  return systemErrors.get(code)?.errno ?? 0;
}

/** The system's words for a code: `"ECONNREFUSED"` → `"connection refused"`. Source: Python's `os.strerror`. */
export function strerror(code: string): string {
  return systemErrors.get(code)?.message ?? "unknown error";
}

/** The `code` of whatever was thrown, or `""`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/**
 * Makes the error for a failed action.
 *
 * @param action what was tried, in words and with its value: `"bind tcp 127.0.0.1:80"`.
 * @param code the system's code, or an error that carries one.
 * @param syscall the system call.
 * @returns an {@link OSError} of the class that the code stands for; an error that already is one is returned as it is.
 */
export function osError(action: string, code: unknown, syscall: string): OSError {
  if (code instanceof OSError) return code;
  const name = typeof code === "string" ? code : codeOf(code) || "UNKNOWN";
  const detail = systemErrors.get(name)?.message ?? (code instanceof Error ? code.message : "unknown error");
  const ErrorClass = classOfCode[name] ?? OSError;
  return new ErrorClass(`Cannot ${action}: ${detail} (${name})`, {
    code: name,
    syscall,
    cause: code instanceof Error ? code : undefined,
  });
}

/** The error of a class, for one that comes from another thread or process, where it was made with these words. */
export function osErrorOf(name: string, message: string, options: OSErrorOptions): OSError {
  return new (classOfName[name] ?? OSError)(message, options);
}

/** The error for a call on something this program has closed. */
export function closedError(action: string, syscall: string): ClosedResourceError {
  return new ClosedResourceError(`Cannot ${action}: it was closed by this program (EBADF)`, { code: "EBADF", syscall });
}

/** The error for what a transport lacks. `remedy` is a whole sentence that says what to do. */
export function unsupported(what: string, remedy: string, syscall: string): UnsupportedOperation {
  return new UnsupportedOperation(`${what} (ENOTSUP). ${remedy}`, { code: "ENOTSUP", syscall });
}
