/**
 * What the tests of `select()` and `DefaultSelector` share.
 *
 * @module
 */

import { AF_UNIX, type Socket } from "ts-socketserver";
import { type DefaultSelector, EVENT_READ, EVENT_WRITE, type FileObject } from "ts-socketserver/selectors";
import { socketpair } from "ts-socketserver/socket";
import type { Transport } from "ts-socketserver/transport";

/** To receive and to send. */
export const BOTH = EVENT_READ | EVENT_WRITE;

/** Two connected sockets. */
export type Pair = [Socket, Socket] & AsyncDisposable;

/** Two connected sockets, closed at the end of the block. */
export async function makePair(transport: Transport): Promise<Pair> {
  const pair = await socketpair(AF_UNIX, undefined, { transport });
  return Object.assign(pair, {
    [Symbol.asyncDispose]: async (): Promise<void> => {
      for (const socket of pair) await socket.close();
    },
  });
}

/** What a selector tells, without what the keys say beside: each socket with its events. */
export async function ready(selector: DefaultSelector, timeout: number | null = 0): Promise<[FileObject, number][]> {
  return (await selector.select(timeout)).map(([{ fileobj }, events]) => [fileobj, events]);
}
