/**
 * The file that a listening Unix socket leaves in the file system: replaced when nobody listens on it any more, never
 * when somebody does, and removed on close if it is still the one that was made.
 *
 * @module
 */

import { lstatSync, readFileSync, renameSync, type Stats, statSync, unlinkSync } from "node:fs";
import { lstat, readFile, stat } from "node:fs/promises";
import { connect } from "node:net";
import { dirname, resolve } from "node:path";
import { AF_UNIX, SOCK_STREAM } from "../constants.js";
import { codeOf } from "../errors.js";
import type { NativeAddon } from "./native/addon.js";
import { NativeAddresses } from "./native/sockaddr.js";
import { systemError, systemErrorOf } from "./system-error.js";

/** The bytes of a path that `struct sockaddr_un` holds, less the final zero. */
const MAX_PATH = process.platform === "linux" ? 107 : 103;

/** The file of one listening socket. */
export class UnixSocketFile {
  readonly #path: string;
  #identity: Stats | null = null;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Makes way for a socket at that path.
   *
   * @returns `null` for an abstract name, which has no file.
   * @throws EADDRINUSE when somebody listens there, or when the file is no socket; ENAMETOOLONG; ENOENT for a missing
   *   directory; EINVAL for an empty path.
   */
  static async claim(path: string): Promise<UnixSocketFile | null> {
    if (!hasFile(path)) return null;
    // libuv would call a missing directory EACCES.
    await stat(dirname(path));
    const file = new UnixSocketFile(path);
    const found = await lstat(path).catch(missing);
    if (found !== null) {
      if (!found.isSocket() || (await isBound(path)) || (await someoneListens(path))) throw systemError("EADDRINUSE");
      file.#replace(found);
    }
    return file;
  }

  /** The same for a thread that blocks, by the calls of the addon. */
  static claimSync(path: string, calls: NativeAddon): UnixSocketFile | null {
    if (!hasFile(path)) return null;
    statSync(dirname(path));
    const file = new UnixSocketFile(path);
    const found = identityOf(path);
    if (found !== null) {
      if (!found.isSocket() || isBoundSync(path) || someoneListensSync(path, calls)) throw systemError("EADDRINUSE");
      file.#replace(found);
    }
    return file;
  }

  /** Removes the very file that was looked at: another server may have put its own there meanwhile. */
  #replace(found: Stats): void {
    if (sameFile(found, identityOf(this.#path))) unlinkSync(this.#path);
  }

  /** The socket is bound: remembers which file it is. */
  created(): void {
    this.#identity = identityOf(this.#path);
  }

  /** Removes the file, if it is still the one that was made: after the socket is closed. */
  remove(): void {
    if (this.#identity === null) return;
    try {
      if (sameFile(this.#identity, identityOf(this.#path))) unlinkSync(this.#path);
    } catch {
      // The directory does not allow it: the next server at this path makes way for itself.
    }
  }

  /**
   * Closes a socket of `libuv` and removes its file.
   *
   * `libuv` removes whatever lies at the path when it closes the socket. Where that is somebody else's by now, it is moved
   * aside for that moment; `close` works synchronously. The socket is closed in any case: where the file cannot be moved, the
   * directory does not let `libuv` remove it either.
   */
  closeKeepingForeignFile(close: () => void): void {
    const aside = this.#moveAside();
    try {
      close();
    } finally {
      if (aside !== null) renamed(aside, this.#path);
    }
  }

  /** Moves a file that is not ours to a name that nobody has, and tells it; `null` when there is none, or it cannot be moved. */
  #moveAside(): string | null {
    if (this.#identity === null) return null;
    try {
      const found = identityOf(this.#path);
      if (found === null || sameFile(found, this.#identity)) return null;
    } catch {
      return null;
    }
    const aside = `${this.#path}.${crypto.randomUUID()}.aside`;
    return renamed(this.#path, aside) ? aside : null;
  }
}

/** Whether a socket at that path has a file; an abstract name has none. @throws EINVAL, ENAMETOOLONG */
function hasFile(path: string): boolean {
  if (path === "") throw systemError("EINVAL");
  // libuv would cut a longer name and bind what is left of it.
  if (Buffer.byteLength(path) > MAX_PATH) throw systemError("ENAMETOOLONG");
  return !path.startsWith("\0");
}

function identityOf(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

function sameFile(one: Stats, other: Stats | null): boolean {
  return other !== null && one.dev === other.dev && one.ino === other.ino;
}

/** Whether a file could be given another name. */
function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

function missing(error: unknown): null {
  if (codeOf(error) === "ENOENT") return null;
  throw error;
}

/** Where Linux tells which sockets are bound to which paths, listening or not, of this network namespace. */
const TABLE = "/proc/net/unix";
/** How the kind and the state of a socket are written there. */
const DATAGRAMS = "0002";
const CONNECTED = "03";

/** Whether a socket is bound to the path. Unlike {@link someoneListens}, asking disturbs nobody. */
async function isBound(path: string): Promise<boolean> {
  return isListed(path, await readFile(TABLE, "utf8").catch(() => ""));
}

/** The same for a thread that blocks. */
function isBoundSync(path: string): boolean {
  try {
    return isListed(path, readFileSync(TABLE, "utf8"));
  } catch {
    // No Linux, or none of its own files: then only connecting tells.
    return false;
  }
}

function isListed(path: string, table: string): boolean {
  const names = [` ${path}`, ` ${resolve(path)}`];
  return table.split("\n").some((line) => names.some((name) => line.endsWith(name)) && !isAccepted(line));
}

/** A connection has its listener's path too, and may outlive it: then nobody is there for others any more. */
function isAccepted(line: string): boolean {
  const [, , , , type, state] = line.split(" ");
  return type !== DATAGRAMS && state === CONNECTED;
}

/** Connects, as the way to tell a live socket from one whose process has died, where nothing else is known of it. */
function someoneListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error) => resolve(!provesNobody(error)));
  });
}

/** The same for a thread that blocks. */
function someoneListensSync(path: string, calls: NativeAddon): boolean {
  const probe = calls.socket(AF_UNIX, SOCK_STREAM, 0);
  if (probe < 0) throw systemErrorOf(probe);
  const result = calls.connect(probe, new NativeAddresses().write(path).bytes);
  calls.close(probe);
  return result >= 0 || !provesNobody(systemErrorOf(result));
}

/** Anything but a refusal (no permission, a full backlog) is no proof that nobody is there. */
function provesNobody(error: unknown): boolean {
  return codeOf(error) === "ECONNREFUSED" || codeOf(error) === "ENOENT";
}
