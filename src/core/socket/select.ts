/**
 * Which of many sockets and servers are ready: `select()` and {@link DefaultSelector}. Source: Python's `select` and
 * `selectors` modules.
 *
 * @module
 */

import { isDuration, MAX_SECONDS } from "../checks.js";
import { ClosedResourceError } from "../errors.js";
import { nextTurn } from "../turn.js";
import type { EventSocket } from "./event-socket.js";

/** Something to receive: bytes, a datagram, the end, or a connection to accept. Source: `selectors.EVENT_READ`. */
export const EVENT_READ = 1;
/** Room to send. Source: `selectors.EVENT_WRITE`. */
export const EVENT_WRITE = 2;

/** What can be selected: a socket, or a server, which stands for its own socket. It must be open. */
export type FileObject = EventSocket | { readonly socket: EventSocket };

function socketOf(file: FileObject): EventSocket {
  const socket = "socket" in file ? file.socket : file;
  if (!socket.closed) return socket;
  throw new ClosedResourceError(`Cannot select ${socket}: it is closed (EBADF). Leave it out from now on.`, {
    code: "EBADF",
    syscall: "select",
  });
}

/** `null`, or a time of `performance.now()`. */
function deadlineAfter(timeout: number | null): number | null {
  if (timeout !== null && !isDuration(timeout)) {
    throw new RangeError(`Cannot select for ${timeout} seconds: give 0 to ${MAX_SECONDS}, or null to wait for ever.`);
  }
  return timeout === null ? null : performance.now() + timeout * 1000;
}

/** Something that is set, and waited for. */
class Signal {
  #set = false;
  #wake: (() => void) | null = null;

  readonly set = (): void => {
    this.#set = true;
    this.#wake?.();
  };

  /** Waits until it is set (and unsets it), or until the deadline. Tells which. */
  async wait(deadline: number | null): Promise<boolean> {
    while (!this.#set) {
      const left = deadline === null ? null : deadline - performance.now();
      if (left !== null && left <= 0) return false;
      await new Promise<void>((resolve) => {
        // A timer may be early by a part of a millisecond; the time asked for is the least that is waited.
        const timer = left === null ? null : setTimeout(resolve, Math.ceil(left));
        this.#wake = () => {
          if (timer !== null) clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
    this.#set = false;
    return true;
  }
}

/**
 * Looks until something is found, or the time is up.
 *
 * The event loop turns before anything is returned. An empty result is believed only after two turns: looking begins the
 * reading where nobody has read before, and what begins after this turn has asked the system is answered in the next.
 */
async function lookUntil<Ready>(
  look: () => Ready,
  found: (ready: Ready) => boolean,
  changed: Signal,
  deadline: number | null,
): Promise<Ready> {
  for (let turns = 0; ; turns += 1) {
    const ready = look();
    if (turns > 0 && found(ready)) return ready;
    if (turns < 2) await nextTurn();
    else if (!(await changed.wait(deadline))) return ready;
  }
}

/**
 * Waits until some of the sockets are ready. Source: `select.select`.
 *
 * It lets the event loop turn at least once, so that a loop around it never keeps the process for itself.
 *
 * @param rlist sockets and servers to receive or accept from.
 * @param wlist sockets to send to.
 * @param xlist sockets that may get urgent bytes (`MSG_OOB`).
 * @param timeout seconds to wait at most; 0 only looks; `null` waits for ever.
 * @returns those of each list that are ready, in the order of the lists; three empty lists when the time is up.
 * @throws ClosedResourceError for one that is closed, also while it waits; RangeError for a time-out that is negative, or
 *   longer than 2,147,483 seconds.
 * @example
 * ```ts
 * const [readable] = await select([listener, ...clients], [], [], 0.5);
 * for (const ready of readable) await serve(ready);
 * ```
 */
export async function select<R extends FileObject, W extends FileObject, X extends FileObject>(
  rlist: readonly R[],
  wlist: readonly W[],
  xlist: readonly X[],
  timeout: number | null = null,
): Promise<[readable: R[], writable: W[], exceptional: X[]]> {
  const deadline = deadlineAfter(timeout);
  const look = (): [R[], W[], X[]] => [
    rlist.filter((file) => socketOf(file).readable),
    wlist.filter((file) => socketOf(file).writable),
    xlist.filter((file) => socketOf(file).exceptional),
  ];
  const changed = new Signal();
  const unwatch: (() => void)[] = [];
  try {
    const sockets = new Set([...rlist, ...wlist, ...xlist].map(socketOf));
    for (const socket of sockets) unwatch.push(socket.watch(changed.set));
    return await lookUntil(look, (ready) => ready.some((list) => list.length > 0), changed, deadline);
  } finally {
    for (const end of unwatch) end();
  }
}

/** What is registered with a selector. Source: `selectors.SelectorKey`. */
export interface SelectorKey<Data = unknown> {
  /** What was registered. */
  readonly fileobj: FileObject;
  /** Its descriptor when it was registered; -1 where it had none. */
  readonly fd: number;
  /** What is waited for: {@link EVENT_READ}, {@link EVENT_WRITE} or both (`|`). */
  readonly events: number;
  /** Whatever the program wanted to find again. */
  readonly data: Data;
}

interface Registration<Data> {
  key: SelectorKey<Data>;
  readonly socket: EventSocket;
  readonly unwatch: () => void;
}

/**
 * Watches many sockets and servers, which stay registered from one {@link select} to the next. Source:
 * `selectors.DefaultSelector`.
 *
 * What is ready is told again by every `select()` until it was taken, as by Python's. It holds no descriptor; `close()`
 * (or `using`) ends the watching, and closes no socket.
 *
 * @example
 * ```ts
 * using selector = new DefaultSelector<() => Promise<void>>();
 * selector.register(listener, EVENT_READ, accept);
 * for (;;) for (const [key] of await selector.select()) await key.data();
 * ```
 */
export class DefaultSelector<Data = unknown> implements Disposable {
  readonly #registrations = new Map<FileObject, Registration<Data>>();
  /** Those that may be ready: only they are looked at. */
  readonly #candidates = new Set<Registration<Data>>();
  /** One for each `select()` that is under way. */
  readonly #waiting = new Set<Signal>();
  #closed = false;

  /**
   * Registers a socket or server. Source: `register`.
   *
   * @param events {@link EVENT_READ}, {@link EVENT_WRITE} or both (`|`).
   * @param data whatever is to be found again in the key.
   * @throws RangeError for other events, or when it is registered already; ClosedResourceError.
   */
  register(fileobj: FileObject, events: number, data: Data = undefined as Data): SelectorKey<Data> {
    this.#assertOpen();
    if (this.#registrations.has(fileobj)) {
      throw new RangeError(`Cannot register ${socketOf(fileobj)}: it is registered already. Call modify() instead.`);
    }
    const socket = socketOf(fileobj);
    const key = { fileobj, fd: socket.fileno(), events: checkEvents(events), data };
    const unwatch = socket.watch(() => this.#mayBeReady(registration));
    const registration: Registration<Data> = { key, socket, unwatch };
    this.#registrations.set(fileobj, registration);
    this.#mayBeReady(registration);
    return key;
  }

  /**
   * Forgets a socket or server, which may be closed by now. Source: `unregister`. @throws RangeError when it is unknown;
   * ClosedResourceError when the selector is closed.
   */
  unregister(fileobj: FileObject): SelectorKey<Data> {
    const registration = this.#find(fileobj);
    registration.unwatch();
    this.#registrations.delete(fileobj);
    this.#candidates.delete(registration);
    return registration.key;
  }

  /** Waits for other events, or keeps other data. Source: `modify`. @throws RangeError, ClosedResourceError as {@link unregister} */
  modify(fileobj: FileObject, events: number, data: Data = undefined as Data): SelectorKey<Data> {
    const registration = this.#find(fileobj);
    registration.key = { ...registration.key, events: checkEvents(events), data };
    this.#mayBeReady(registration);
    return registration.key;
  }

  /**
   * Waits until something is ready. Source: `select`.
   *
   * @param timeout seconds to wait at most; 0 only looks; `null` waits for ever.
   * @returns the keys that are ready, each with its events; none when the time is up.
   * @throws ClosedResourceError when a registered socket is closed: unregister it first; RangeError.
   */
  async select(timeout: number | null = null): Promise<[key: SelectorKey<Data>, events: number][]> {
    const deadline = deadlineAfter(timeout);
    const changed = new Signal();
    this.#waiting.add(changed);
    try {
      const look = (): [SelectorKey<Data>, number][] => this.#look();
      return await lookUntil(look, (ready) => ready.length > 0, changed, deadline);
    } finally {
      this.#waiting.delete(changed);
    }
  }

  #mayBeReady(registration: Registration<Data>): void {
    this.#candidates.add(registration);
    for (const changed of this.#waiting) changed.set();
  }

  #look(): [SelectorKey<Data>, number][] {
    this.#assertOpen();
    const ready: [SelectorKey<Data>, number][] = [];
    for (const registration of this.#candidates) {
      const { key } = registration;
      const socket = socketOf(registration.socket);
      let events = 0;
      if ((key.events & EVENT_READ) !== 0 && socket.readable) events |= EVENT_READ;
      if ((key.events & EVENT_WRITE) !== 0 && socket.writable) events |= EVENT_WRITE;
      if (events !== 0) ready.push([key, events]);
      // It said no, so its watcher is called when that has changed.
      else this.#candidates.delete(registration);
    }
    return ready;
  }

  /** The key of a registered socket or server. Source: `get_key`. @throws RangeError, ClosedResourceError as {@link unregister} */
  getKey(fileobj: FileObject): SelectorKey<Data> {
    return this.#find(fileobj).key;
  }

  /** Every registered socket and server with its key. Source: `get_map`. */
  getMap(): ReadonlyMap<FileObject, SelectorKey<Data>> {
    return new Map(Array.from(this.#registrations, ([fileobj, { key }]) => [fileobj, key]));
  }

  /** Ends the watching; a `select()` that waits rejects with a ClosedResourceError. Source: `close`. */
  close(): void {
    this.#closed = true;
    for (const { unwatch } of this.#registrations.values()) unwatch();
    this.#registrations.clear();
    this.#candidates.clear();
    for (const changed of this.#waiting) changed.set();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #find(fileobj: FileObject): Registration<Data> {
    this.#assertOpen();
    const registration = this.#registrations.get(fileobj);
    if (registration !== undefined) return registration;
    // A server that is not open has no socket to name.
    const name = "socket" in fileobj ? fileobj.constructor.name : fileobj;
    throw new RangeError(`Cannot find ${name}: it is not registered.`);
  }

  #assertOpen(): void {
    if (!this.#closed) return;
    throw new ClosedResourceError("Cannot use the selector: it was closed by this program (EBADF)", {
      code: "EBADF",
      syscall: "select",
    });
  }
}

function checkEvents(events: number): number {
  if (events === EVENT_READ || events === EVENT_WRITE || events === (EVENT_READ | EVENT_WRITE)) return events;
  throw new RangeError(`Cannot wait for the events ${events}: pass EVENT_READ, EVENT_WRITE, or both (|).`);
}
