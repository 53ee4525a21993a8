/**
 * The file that a listening Unix socket leaves in the file system: replaced when nobody listens on it any more, never
 * when somebody does, and removed on close if it is still the one that was made.
 *
 * @module
 */

import { lstatSync, readFileSync, renameSync, type Stats, statSync, unlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { isAbstract, type UnixAddress, unixBytes } from "../address/unix.js";
import { systemError } from "./system-error.js";

/** A path as `node:fs` takes it: bytes, where it is not UTF-8. */
type Path = string | Buffer;

/** The file of one listening socket. */
export class UnixSocketFile {
  readonly #path: Path;
  #identity: Stats | null = null;

  private constructor(path: Path) {
    this.#path = path;
  }

  /**
   * Makes way for a socket at that path.
   *
   * @returns `null` for an abstract name, which has no file.
   * @throws EADDRINUSE when another socket listens there, or when the file is no socket; ENOENT for a missing directory; EINVAL
   *   for an empty path.
   */
  static claim(address: UnixAddress): UnixSocketFile | null {
    if (address.length === 0) throw systemError("EINVAL");
    if (isAbstract(address)) return null;
    const path = typeof address === "string" ? address : unixBytes(address);
    // libuv would call a missing directory EACCES.
    statSync(Buffer.from(dirname(rawText(path)), "latin1"));
    const file = new UnixSocketFile(path);
    const found = identityOf(path);
    if (found !== null) {
      if (!found.isSocket() || isBound(path) || isAlive(path)) throw systemError("EADDRINUSE");
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
  #moveAside(): Path | null {
    if (this.#identity === null) return null;
    try {
      const found = identityOf(this.#path);
      if (found === null || sameFile(found, this.#identity)) return null;
    } catch {
      return null;
    }
    const aside = Buffer.concat([unixBytes(this.#path), Buffer.from(`.${crypto.randomUUID()}.aside`)]);
    return renamed(this.#path, aside) ? aside : null;
  }
}

/** The bytes of a path, each as one character: text would lose what is not UTF-8. */
function rawText(path: Path): string {
  return unixBytes(path).toString("latin1");
}

function identityOf(path: Path): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

function sameFile(one: Stats, other: Stats | null): boolean {
  return other !== null && one.dev === other.dev && one.ino === other.ino;
}

/** Whether a file could be given another name. */
function renamed(from: Path, to: Path): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

/** Where Linux tells which sockets are bound to which paths, listening or not, of this network namespace. */
const TABLE = "/proc/net/unix";
/** How the kind and the state of a socket are written there. */
const DATAGRAMS = "0002";
const CONNECTED = "03";

/** Whether a socket is bound to the path. Unlike {@link isAlive}, asking disturbs nobody. */
function isBound(path: Path): boolean {
  let table: string;
  try {
    table = readFileSync(TABLE, "latin1");
  } catch {
    // No Linux, or none of its own files: then only connecting tells.
    return false;
  }
  const given = rawText(path);
  const names = [` ${given}`, ` ${resolve(rawText(process.cwd()), given)}`];
  return table.split("\n").some((line) => names.some((name) => line.endsWith(name)) && !isAccepted(line));
}

/** A connection has its listener's path too, and may outlive it: the path is then free for others. */
function isAccepted(line: string): boolean {
  const [, , , , type, state] = line.split(" ");
  return type !== DATAGRAMS && state === CONNECTED;
}

/** What a thread answers that has tried to connect; 0 is no answer yet. */
const REFUSED = 1;
/** Milliseconds to wait for that answer. */
const PROBE_LIMIT_MS = 5000;
const PROBE = `
const { path, answer } = require("node:worker_threads").workerData;
const tell = (alive) => {
  Atomics.store(answer, 0, alive ? 2 : ${REFUSED});
  Atomics.notify(answer, 0);
};
const probe = require("node:net").connect(path, () => {
  tell(true);
  probe.destroy();
});
probe.on("error", ({ code }) => tell(code !== "ECONNREFUSED" && code !== "ENOENT"));`;

/**
 * Whether a socket takes connections at the path: the way to tell one of another namespace from one whose process has died.
 * Anything but a refusal (no permission, a full backlog) is no proof that it has.
 *
 * Node connects asynchronously only, so a thread does it while this one waits. A file that was left behind is rare. Node has no
 * way to connect to a path that is not UTF-8: such a file stays.
 */
function isAlive(path: Path): boolean {
  if (typeof path !== "string") return true;
  const answer = new Int32Array(new SharedArrayBuffer(4));
  const thread = new Worker(PROBE, {
    eval: true,
    workerData: { path, answer },
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  thread.unref();
  Atomics.wait(answer, 0, 0, PROBE_LIMIT_MS);
  return answer[0] !== REFUSED;
}
