/**
 * {@link SocketTimeout}: how long the calls of a socket may wait.
 *
 * @module
 */

import { isDuration, MAX_SECONDS } from "../checks.js";

let defaultTimeout: number | null = null;

/**
 * Sets the time-out that every socket made from now on begins with. Source: `socket.setdefaulttimeout`.
 *
 * @param timeout seconds; `null` to wait for ever.
 */
export function setdefaulttimeout(timeout: number | null): void {
  defaultTimeout = checkTimeout(timeout);
}

/** The time-out that new sockets begin with, in seconds, or `null`. Source: `socket.getdefaulttimeout`. */
export function getdefaulttimeout(): number | null {
  return defaultTimeout;
}

function checkTimeout(timeout: number | null): number | null {
  if (timeout !== null && !isDuration(timeout)) {
    throw new RangeError(
      `Cannot set a time-out of ${timeout}: give seconds from 0 to ${MAX_SECONDS}, or null for none.`,
    );
  }
  return timeout;
}

/** What sockets whose calls promise and sockets whose calls block have in common. */
export abstract class SocketTimeout {
  /** @internal Seconds that a call may wait. */
  protected timeout: number | null = defaultTimeout;

  /**
   * How long a call may wait before it throws a TimeoutError. Source: `socket.settimeout`.
   *
   * @param timeout seconds (fractions allowed); `null` waits for ever; 0 never waits and throws BlockingIOError instead.
   */
  settimeout(timeout: number | null): void {
    this.timeout = checkTimeout(timeout);
  }

  /** The time-out in seconds, or `null`. Source: `socket.gettimeout`. */
  gettimeout(): number | null {
    return this.timeout;
  }

  /** `true` is `settimeout(null)`, `false` is `settimeout(0)`. Source: `socket.setblocking`. */
  setblocking(flag: boolean): void {
    this.timeout = flag ? null : 0;
  }

  /** Whether calls may wait. Source: `socket.getblocking`. */
  getblocking(): boolean {
    return this.timeout !== 0;
  }
}
