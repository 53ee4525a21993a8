/**
 * The addon under the native transport (`native/` at the top of the repository): its calls, and how it is loaded.
 *
 * It makes system calls and tells readiness, nothing else: addresses, errors, waiting and queues are built above it.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The calls of the addon.
 *
 * **Answers.** Every call returns a number: 0 or more is the system's answer, less is `-errno`, such as `-EAGAIN` for "would
 * block". Nothing is thrown for what the system refuses. A wrong argument (type, range, a buffer too small) is thrown as a
 * `TypeError` or `RangeError` that names the call, the argument and the value; no number is ever cut to fit. Arguments come first:
 * where one of them is wrong, no system call is made.
 *
 * **Ownership.** Each thread owns the descriptors that its calls made. Any other descriptor is `-EBADF`, be it open or not.
 * What a thread owns is closed when it ends, also by `worker.terminate()`.
 *
 * **Blocking.** Every descriptor made here is non-blocking and closed on exec, and no call but {@link poll} waits. Calls that
 * a signal interrupts are made again. Sending never raises `SIGPIPE`.
 *
 * **Addresses** are memory of `constants.ADDRESS_SIZE` bytes: the length as a 32-bit number in the machine's byte order, then
 * the raw `sockaddr` of that length. The addon does not look into it. As an argument to send or bind to, its length is from 2 to
 * 128; where the system has none to tell (a connected stream), it is 0.
 *
 * A `buffer` is a `Buffer` or `Uint8Array`; `offset` and `length` say which part of it is meant, in bytes.
 */
export interface NativeAddon {
  /** Makes a socket. @returns its descriptor. */
  socket(family: number, type: number, protocol: number): number;
  /** Makes two sockets that are connected to each other. @param out gets their descriptors in `[0]` and `[1]`. @returns 0 */
  socketpair(family: number, type: number, protocol: number, out: Int32Array): number;
  /** @returns 0 */
  bind(descriptor: number, address: Uint8Array): number;
  /** @returns 0 */
  listen(descriptor: number, backlog: number): number;
  /** Starts connecting. @returns 0, or `-EINPROGRESS`: the socket becomes writable when the outcome (`SO_ERROR`) is there. */
  connect(descriptor: number, address: Uint8Array): number;
  /** Takes a connection from a listener. @param address gets the peer's. @returns the connection's descriptor. */
  accept(descriptor: number, address: Uint8Array): number;
  /** Ends directions. @param how `SHUT_RD`, `SHUT_WR` or `SHUT_RDWR`. @returns 0 */
  shutdown(descriptor: number, how: number): number;
  /** @param address gets this end's address. @returns 0 */
  getsockname(descriptor: number, address: Uint8Array): number;
  /** @param address gets the other end's address. @returns 0 */
  getpeername(descriptor: number, address: Uint8Array): number;
  /** @param buffer gets the option's value, cut at its end. @returns the value's length in bytes. */
  getsockopt(descriptor: number, level: number, option: number, buffer: Uint8Array): number;
  /** @param length of the value, in bytes from the buffer's beginning. @returns 0 */
  setsockopt(descriptor: number, level: number, option: number, buffer: Uint8Array, length: number): number;

  /** @returns how many bytes were received; 0 is the end of a stream. */
  recv(descriptor: number, buffer: Uint8Array, offset: number, length: number, flags: number): number;
  /**
   * Receives from many streams, one after the other: in one call, and with the system's code for it at hand, that costs far less
   * than one call for each.
   *
   * @param entries holds `[descriptor, wanted, –]` for each, `wanted` being how many bytes at most; gets `[–, room, result]`: how
   *   many bytes there was room for, and what {@link recv} answers.
   * @param first the entry to begin with.
   * @param count of entries at most.
   * @param buffer gets the bytes end to end, from `offset` on.
   * @param minRoom where less than this is left, and less than is wanted, it stops.
   * @returns how many entries were worked on.
   * @throws RangeError for one that wants less than a byte.
   */
  recvmany(
    entries: Int32Array,
    first: number,
    count: number,
    buffer: Uint8Array,
    offset: number,
    minRoom: number,
  ): number;
  /**
   * Says how long {@link recvBlocking} may wait on a descriptor, which the system keeps (`O_NONBLOCK`, `SO_RCVTIMEO`). No other call
   * waits because of it.
   *
   * @param milliseconds up to 1,000; 0 for not at all, as every descriptor begins.
   * @returns 0
   */
  setblocking(descriptor: number, milliseconds: number): number;
  /**
   * The same as {@link recv}, but blocks the thread until there is something, or the time of {@link setblocking} is over: `-EAGAIN`.
   * Nothing else can end the wait.
   */
  recvBlocking(descriptor: number, buffer: Uint8Array, offset: number, length: number): number;
  /** @returns how many bytes the system took. */
  send(descriptor: number, buffer: Uint8Array, offset: number, length: number, flags: number): number;

  /**
   * Receives one datagram.
   *
   * @param address gets the sender's.
   * @param result gets the system's flags in `[0]`: `MSG_TRUNC` says that the datagram was longer than `length`.
   * @returns how many bytes were received.
   */
  recvfrom(
    descriptor: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    address: Uint8Array,
    result: Int32Array,
  ): number;
  /** Sends one datagram. @returns how many bytes the system took. */
  sendto(
    descriptor: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    address: Uint8Array,
  ): number;
  /**
   * Sends from many sockets, one message each, one after the other: in one call, as {@link recvmany} receives.
   *
   * @param entries holds `[descriptor, length, –]` for each, of whose results the third gets what {@link send} answers.
   * @param count of entries.
   * @param buffer holds the messages end to end.
   * @returns `count`
   */
  sendmany(entries: Int32Array, count: number, buffer: Uint8Array): number;
  /**
   * Receives the datagrams that are there, in their order.
   *
   * @param buffer of at least `size * count` bytes: datagram number i begins at `i * size`.
   * @param size of each datagram at most, in bytes.
   * @param count of datagrams at most: from 0 to 1024. Up to 64 no memory is allocated.
   * @param addresses of `count * ADDRESS_SIZE` bytes: gets the senders'.
   * @param results of `2 * count` elements: gets length and flags (as in {@link recvfrom}) of each datagram.
   * @returns how many datagrams were received.
   */
  recvmmsg(
    descriptor: number,
    buffer: Uint8Array,
    size: number,
    count: number,
    addresses: Uint8Array,
    results: Int32Array,
  ): number;
  /**
   * Sends several datagrams.
   *
   * @param buffer holds them end to end.
   * @param lengths of each, in bytes.
   * @param count of datagrams: from 0 to 1024. Up to 64 no memory is allocated.
   * @param addresses of `count * ADDRESS_SIZE` bytes. One with a length of 0 is left out: that datagram goes to the peer that
   *   the socket is connected to.
   * @param maxSegment up to this length, datagrams that follow each other, are equally long and go to the same address are given to
   *   the system as one, which cuts them apart at the very end (`UDP_SEGMENT`): far cheaper, for UDP sockets only, and refused
   *   where a datagram would have to be fragmented on its way. 0 for none.
   * @returns how many were sent: fewer than `count` where one of the later ones failed, whose error the next call tells.
   */
  sendmmsg(
    descriptor: number,
    buffer: Uint8Array,
    lengths: Int32Array,
    count: number,
    addresses: Uint8Array,
    maxSegment: number,
  ): number;

  /**
   * Sends bytes, and descriptors with them (`SCM_RIGHTS`; Unix sockets only).
   *
   * The receiver gets copies: the sender still owns the descriptors, and closes them when it likes.
   *
   * @param descriptors at most 253, all owned by this thread; may be empty.
   * @returns how many bytes the system took. The descriptors go with the first of them.
   */
  sendmsg(
    descriptor: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    descriptors: Int32Array,
  ): number;
  /**
   * Receives bytes, and the descriptors that came with them.
   *
   * @param descriptors gets the descriptors, which this thread then owns; sockets among them are made non-blocking. Those that
   *   it has no room for are closed.
   * @param result gets the number of descriptors in `[0]` and the system's flags in `[1]`: `MSG_CTRUNC` says that some were lost.
   * @returns how many bytes were received.
   */
  recvmsg(
    descriptor: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    descriptors: Int32Array,
    result: Int32Array,
  ): number;

  /** Copies a descriptor. @returns the copy: a descriptor for the same socket. */
  dup(descriptor: number): number;
  /** Closes a descriptor; a watched one is unwatched before. Its number may be in use again at once. @returns 0 */
  close(descriptor: number): number;
  /**
   * Takes over a socket that came from elsewhere, and makes it non-blocking and closed on exec.
   *
   * Whoever had it must not use it any more. Where this fails, it is still theirs.
   *
   * @returns 0; `-EEXIST` when this thread owns it already, `-ENOTSOCK` when it is no socket.
   */
  adopt(descriptor: number): number;
  /** Gives a descriptor up without closing it; a watched one is unwatched before. @returns 0 */
  release(descriptor: number): number;

  /** The number by which other threads name this one to {@link transfer}. */
  ownerId(): number;
  /**
   * Gives a descriptor to another thread, which owns it from then on, and closes it when it ends without having taken it.
   *
   * @param owner the other thread's {@link ownerId}. @returns 0; `-ESRCH` when that thread has ended.
   */
  transfer(descriptor: number, owner: number): number;
  /** Makes a descriptor that was given to this thread usable here. @returns 0; `-EBADF` when it was not given to it. */
  claim(descriptor: number): number;

  /**
   * Begins to tell readiness, from this thread's event loop. Once in a thread.
   *
   * One call carries everything that is ready, at most 1024 descriptors; the rest comes in the loop's next turn.
   * Promises and `process.nextTick()` run after it. What it throws is an uncaught exception.
   *
   * An event was true when it was collected. An earlier one of the same batch may have closed its descriptor meanwhile, so the
   * callback has to know which slots are still in use.
   *
   * @param callback is told how many pairs `ready` holds.
   * @param ready gets `[token, events]` for each: its length is twice the number of events that one call can carry. A token
   *   of 2**31 or more shows as a negative number; `>>> 0` mends that.
   * @returns 0
   * @throws Error when it was called before.
   */
  start(callback: (count: number) => void, ready: Int32Array): number;
  /** Lets watching keep the process alive. It does not, to begin with. @returns 0 @throws Error before {@link start}. */
  ref(): number;
  /** Lets the process end in spite of watching. @returns 0 @throws Error before {@link start}. */
  unref(): number;
  /**
   * Begins to watch a descriptor, or changes what is watched for.
   *
   * @param token is given back with each event: a whole number from 0 to 2**32 - 1.
   * @param events of the `EPOLL…` constants, joined by `|`.
   * @returns 0; `-EPERM` for a file that is always ready.
   * @throws Error before {@link start}.
   */
  watch(descriptor: number, token: number, events: number): number;
  /** Ends watching a descriptor; one that is not watched is no error. @returns 0 */
  unwatch(descriptor: number): number;
  /**
   * Blocks this thread until a descriptor is ready. For worker threads: nothing else runs in this thread meanwhile, and
   * `worker.terminate()` has to wait for it.
   *
   * @param entries holds `[descriptor, events, revents]` for each, in the `POLL…` constants; gets the `revents`.
   * @param count of entries.
   * @param timeoutMilliseconds 0 asks without waiting, -1 waits for ever.
   * @returns how many entries are ready; 0 when the time is over.
   */
  poll(entries: Int32Array, count: number, timeoutMilliseconds: number): number;

  readonly constants: NativeConstants;
}

/** Sizes and bits that the addon's calls use, as this system has them. */
export interface NativeConstants {
  /** The size of an address in memory, in bytes. */
  readonly ADDRESS_SIZE: number;
  readonly EPOLLIN: number;
  readonly EPOLLOUT: number;
  readonly EPOLLRDHUP: number;
  readonly EPOLLPRI: number;
  readonly EPOLLERR: number;
  readonly EPOLLHUP: number;
  /** Edge-triggered: told once for each change. 2**31, which `|` turns into a negative number; {@link NativeAddon.watch} takes both. */
  readonly EPOLLET: number;
  readonly POLLIN: number;
  readonly POLLOUT: number;
  readonly POLLPRI: number;
  readonly POLLERR: number;
  readonly POLLHUP: number;
  readonly POLLNVAL: number;
}

/** The addon, or why it is not there, in a sentence that says what to do. */
export type LoadedAddon = { readonly addon: NativeAddon } | { readonly reason: string };

/** The directory of package.json. */
const packageRoot = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..");

const require = createRequire(import.meta.url);

let loaded: LoadedAddon | undefined;

/**
 * Loads the addon; the second call in a thread gives what the first gave.
 *
 * It never throws. `SOCKETSERVER_TRANSPORT=node` leaves it unloaded.
 */
export function loadNativeAddon(): LoadedAddon {
  loaded ??= load();
  return loaded;
}

function load(): LoadedAddon {
  if (process.env.SOCKETSERVER_TRANSPORT === "node") {
    return { reason: "SOCKETSERVER_TRANSPORT asks for the Node transport." };
  }
  if (process.platform !== "linux") {
    return { reason: `The native transport runs on Linux only; this is ${process.platform}.` };
  }
  let path: string;
  try {
    path = require("node-gyp-build").resolve(packageRoot);
  } catch {
    return { reason: whyNotBuilt() };
  }
  try {
    return { addon: require(path) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { reason: `The native addon cannot be loaded: ${message}. Run npm rebuild ts-socketserver.` };
  }
}

/** What native/install.mjs has left behind: the reason, and what to do. */
function whyNotBuilt(): string {
  try {
    return readFileSync(join(packageRoot, "build", "unavailable.txt"), "utf8").trim();
  } catch {
    return "The native addon has not been built. Install a C compiler and run npm rebuild ts-socketserver.";
  }
}
