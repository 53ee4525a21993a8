/**
 * A deadline for what must not hang: so that a deadlock fails its test, and the test can still clean up.
 *
 * @module
 */

import { once } from "node:events";

/** What the promise gives. @throws Error when that takes longer. */
export async function within<T>(seconds: number, what: string, promise: Promise<T>): Promise<T> {
  const deadline = new AbortController();
  const expired = once(AbortSignal.timeout(seconds * 1000), "abort", { signal: deadline.signal }).then(() => {
    throw new Error(`${what} has not come to an end within ${seconds} s`);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    expired.catch(() => undefined);
    deadline.abort();
  }
}
