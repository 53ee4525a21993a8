/**
 * The file that a listening Unix socket leaves in the file system: replaced when nobody listens on it any more, never
 * when somebody does, and removed on close if it is still the one that was made.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { lstatSync, renameSync, type Stats, unlinkSync } from "node:fs";
import { lstat, stat } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import { codeOf } from "../errors.js";
import { systemError } from "./node-channel.js";

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
    if (path === "") throw systemError("EINVAL");
    // libuv would cut a longer name and bind what is left of it.
    if (Buffer.byteLength(path) > MAX_PATH) throw systemError("ENAMETOOLONG");
    if (path.startsWith("\0")) return null;
    // libuv would call a missing directory EACCES.
    await stat(dirname(path));
    const file = new UnixSocketFile(path);
    const found = await lstat(path).catch(missing);
    if (found !== null) {
      if (!found.isSocket() || (await someoneListens(path))) throw systemError("EADDRINUSE");
      // Only the very file that was looked at: another server may have put its own there meanwhile.
      if (sameFile(found, identityOf(path))) unlinkSync(path);
    }
    return file;
  }

  /** The socket is bound: remembers which file it is. */
  created(): void {
    this.#identity = identityOf(this.#path);
  }

  /**
   * Closes the socket and removes its file.
   *
   * `libuv` removes whatever lies at the path when it closes the socket. Where that is somebody else's by now, it is moved
   * aside for that moment; `close` works synchronously. The socket is closed in any case: where the file cannot be moved, the
   * directory does not let `libuv` remove it either.
   */
  releaseAround(close: () => void): void {
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
    const aside = `${this.#path}.${randomUUID()}.aside`;
    return renamed(this.#path, aside) ? aside : null;
  }
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

/** Connects, as the only way to tell a live socket from one whose process has died. */
function someoneListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    // Anything but a refusal (no permission, a full backlog) is no proof that nobody is there.
    probe.once("error", (error) => resolve(codeOf(error) !== "ECONNREFUSED" && codeOf(error) !== "ENOENT"));
  });
}
