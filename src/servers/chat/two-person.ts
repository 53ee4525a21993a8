/**
 * The chat of two people who take turns: one of them waits, the other one calls.
 *
 * What travels: each side first sends a line with its name; then they take turns with lines, and who has called begins. So nc
 * can be either side.
 *
 * @module
 */

import type { Address } from "../../core/address/address.js";
import { SHUT_WR } from "../../core/constants.js";
import { ClosedResourceError, OSError } from "../../core/errors.js";
import { type CreateServerOptions, createConnection, createServer } from "../../core/socket/connect.js";
import type { Socket } from "../../core/socket/socket.js";
import { StreamReader } from "../../core/stream/reader.js";

/** One of the two: where the conversation gets what is to be said, and shows what was. */
export interface ChatPartner {
  /** Shown to both before what this one says. */
  readonly name: string;
  /** The two have met. */
  met(other: string): void | Promise<void>;
  /**
   * Asked when it is this one's turn.
   *
   * @param left is aborted when the other one leaves meanwhile: then what is returned is of no interest any more.
   * @returns what to say, in one line; `null` to leave.
   */
  next(left: AbortSignal): Promise<string | null>;
  /** One of the two has said something; called for both. What the other one says may hold control characters. */
  said(name: string, text: string): void | Promise<void>;
}

/** How a conversation of two has ended. */
export interface ChatEnding {
  /** Who has left. */
  readonly left: "this one" | "the other";
  /** The other one's name. */
  readonly other: string;
}

/** What there is to be set for a conversation of two. */
export interface ChatOptions {
  /** Aborted, it ends the waiting, or the conversation: this one leaves. */
  readonly signal?: AbortSignal | undefined;
}

/** How {@link hostChat} waits. */
export interface HostChatOptions extends ChatOptions, CreateServerOptions {
  /** Called when the other one can call, with the address: the real port for a port 0. */
  readonly onWaiting?: ((address: Address) => void | Promise<void>) | undefined;
  /** Seconds that somebody who calls may take to send a name, before another one is waited for; 60. */
  readonly nameTimeout?: number | undefined;
}

/** How {@link joinChat} calls. */
export interface JoinChatOptions extends ChatOptions {
  /** Seconds that an attempt to connect may take, of which a name with several addresses may need several; 10. */
  readonly timeout?: number | undefined;
  /**
   * Called where a chat room answers, with the connection, which is closed afterwards, and the first line that came. The name is
   * sent already. Without it, a room is refused.
   */
  readonly onRoom?: ((connection: Socket, firstLine: string) => Promise<void>) | undefined;
}

/** What is settled when a conversation begins. */
export interface ChatTerms {
  /** The other one's name. */
  readonly other: string;
  /** Whether it is this one's turn first: who has called, begins. */
  readonly begins: boolean;
}

const MAX_NAME_LENGTH = 32;
/** Bytes of a line, its end included: as many as a terminal lets be typed. */
const MAX_LINE = 4096;
/** Bytes of the line with a name, or of what a chat room says first. */
const MAX_FIRST_LINE = 256;
const NAME_TIMEOUT = 60;
const CONNECT_TIMEOUT = 10;
/** Seconds that the other side may take to end when this one has left. */
const LINGER_TIME = 1;
/** What stands before all that a chat room says by itself, and before no name. */
const NOTICE = "* ";

/**
 * Makes a name of what was written: 1 to 32 characters, the first neither `*` nor `/`.
 *
 * @throws RangeError naming it.
 */
export function parseChatName(text: string): string {
  const name = text.trim();
  if (isName(name)) return name;
  const what = `it takes 1 to ${MAX_NAME_LENGTH} characters of one line, the first neither * nor /`;
  throw new RangeError(`Cannot use ${JSON.stringify(text.slice(0, 100))} as a name: ${what}.`);
}

function isName(text: string): boolean {
  return text.length >= 1 && text.length <= MAX_NAME_LENGTH && !/^[*/]|\p{Cc}/u.test(text);
}

/**
 * Waits for somebody to call, and chats with them; then it is over. Meanwhile nobody else can call; and who calls without
 * sending a name is not talked with.
 *
 * @returns how it ended; `null` when the signal ended the waiting.
 * @throws OSError when the address cannot be listened at, and as {@link chatOver}.
 * @example
 * ```ts
 * await hostChat(["127.0.0.1", 9999], partner);
 * ```
 */
export async function hostChat(
  address: Address,
  partner: ChatPartner,
  options: HostChatOptions = {},
): Promise<ChatEnding | null> {
  const { signal } = options;
  const found = await waitForSomebody(address, parseChatName(partner.name), options);
  if (found === null) return null;
  await using connection = found.connection;
  const { other } = found;
  return await untilAborted(connection, signal, { left: "this one", other }, () =>
    chatOver(connection, partner, { other, begins: false }),
  );
}

/**
 * Calls somebody who waits, and chats with them.
 *
 * @returns how it ended; `null` where a room answered, or the signal came before a name.
 * @throws OSError when nobody waits there, TimeoutError when nobody answers; RangeError when it is no chat that answers; as {@link chatOver}.
 * @example
 * ```ts
 * await joinChat(["127.0.0.1", 9999], partner);
 * ```
 */
export async function joinChat(
  address: Address,
  partner: ChatPartner,
  { signal, onRoom, timeout = CONNECT_TIMEOUT }: JoinChatOptions = {},
): Promise<ChatEnding | null> {
  const name = parseChatName(partner.name);
  await using connection = await call(address, timeout, signal);
  if (connection === null) return null;
  const first = await untilAborted(connection, signal, null, () => exchangeNames(connection, name));
  if (first === null) return null;
  return await untilAborted(connection, signal, { left: "this one", other: first }, async () => {
    if (isName(first)) return await chatOver(connection, partner, { other: first, begins: true });
    if (onRoom === undefined || !first.startsWith(NOTICE)) throw noChat(first);
    await onRoom(connection, first);
    return null;
  });
}

/** Connects; `null` when the signal comes before. It cannot be called off: a connection that comes after that is closed. */
async function call(address: Address, timeout: number, signal: AbortSignal | undefined): Promise<Socket | null> {
  if (signal?.aborted) return null;
  const connecting = createConnection(address, { timeout });
  let stop = (): void => undefined;
  const aborted = new Promise<null>((resolve) => {
    stop = () => resolve(null);
  });
  signal?.addEventListener("abort", stop);
  try {
    const connection = await Promise.race([connecting, aborted]);
    if (connection === null) connecting.then((late) => late.close()).catch(() => undefined);
    // It was for connecting: people may take their time.
    else connection.settimeout(null);
    return connection;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

function noChat(firstLine: string): RangeError {
  const what = firstLine === "" ? "with nothing" : `with ${JSON.stringify(firstLine.slice(0, 60))}`;
  return new RangeError(`Cannot chat there: the other side has begun ${what}, and not with a name.`);
}

/** Sends this one's name, and tells what the other side sends first. Nothing of what follows is read. */
async function exchangeNames(connection: Socket, name: string): Promise<string> {
  await connection.sendall(`${name}\n`);
  const reader = new StreamReader(connection, { bufferSize: 0 });
  return (await reader.readline(MAX_FIRST_LINE)).toString().trim();
}

async function waitForSomebody(
  address: Address,
  name: string,
  { signal, onWaiting, nameTimeout = NAME_TIMEOUT, ...listening }: HostChatOptions,
): Promise<{ readonly connection: Socket; readonly other: string } | null> {
  await using listener = await createServer(address, listening);
  return await untilAborted(listener, signal, null, async () => {
    await onWaiting?.(listener.getsockname());
    for (;;) {
      const [connection] = await listener.accept();
      const other = await untilAborted(connection, signal, null, () => meet(connection, name, nameTimeout));
      if (other !== null) return { connection, other };
      await connection.close();
    }
  });
}

/** The name of somebody who calls; `null` when there comes none. */
async function meet(connection: Socket, name: string, timeout: number): Promise<string | null> {
  try {
    connection.settimeout(timeout);
    const other = await exchangeNames(connection, name);
    connection.settimeout(null);
    return isName(other) ? other : null;
  } catch (error) {
    if (error instanceof OSError) return null;
    throw error;
  }
}

/** Does something with a socket that is closed when the signal comes: then that is the result, whatever fails by it. */
async function untilAborted<Result>(
  socket: Socket,
  signal: AbortSignal | undefined,
  aborted: Result,
  work: () => Promise<Result>,
): Promise<Result> {
  const stop = (): void => void socket.close();
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted && error instanceof ClosedResourceError) return aborted;
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/**
 * Chats over a connection on which the names have been exchanged, until one of the two leaves. What the other one says out of
 * turn is heard when it is their turn.
 *
 * @param connection is ended; the caller closes it.
 * @throws ConnectionResetError and the like when it breaks; LimitOverrunError when the other one says more than 4,096 bytes at
 *   once, RangeError when this one does, or more than one line; whatever the partner throws.
 */
export async function chatOver(
  connection: Socket,
  partner: ChatPartner,
  { other, begins }: ChatTerms,
): Promise<ChatEnding> {
  await partner.met(other);
  const reader = new StreamReader(connection, { maxLineLength: MAX_LINE });
  // Always under way, since it tells also that the other one leaves. Its failure is told where it is waited for.
  let hearing = reader.readline();
  hearing.catch(() => undefined);
  for (let isMine = begins; ; isMine = !isMine) {
    if (isMine) {
      const text = await nextUnlessLeft(partner, hearing);
      if (text === undefined) return { left: "the other", other };
      if (text === null) {
        await goodbye(connection, reader, hearing);
        return { left: "this one", other };
      }
      await connection.sendall(toLine(text));
      await partner.said(partner.name, text);
    } else {
      const line = await hearing;
      if (line.length === 0) return { left: "the other", other };
      await partner.said(other, line.toString().replace(/\r?\n$/, ""));
      hearing = reader.readline();
      hearing.catch(() => undefined);
    }
  }
}

/**
 * Ends the sending, and waits a little for the other side to do so. Closed with something unread, the connection would break,
 * and what was said last might be lost.
 */
async function goodbye(connection: Socket, reader: StreamReader, hearing: Promise<Buffer>): Promise<void> {
  const timer = setTimeout(() => void connection.close(), LINGER_TIME * 1000);
  try {
    await connection.shutdown(SHUT_WR);
    for (let line = await hearing; line.length > 0; ) line = await reader.read1();
  } catch (error) {
    // The other side was quicker, or takes its time.
    if (!(error instanceof OSError)) throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** What the partner says next; `undefined` when the other one leaves before. */
async function nextUnlessLeft(partner: ChatPartner, hearing: Promise<Buffer>): Promise<string | null | undefined> {
  const left = new AbortController();
  try {
    return await new Promise((resolve, reject) => {
      partner.next(left.signal).then(resolve, reject);
      // A line out of turn is heard later.
      hearing.then((line) => (line.length === 0 ? resolve(undefined) : undefined), reject);
    });
  } finally {
    left.abort();
  }
}

function toLine(text: string): string {
  if (/[\r\n]/.test(text)) throw new RangeError("Cannot say more than one line at once.");
  const line = `${text}\n`;
  if (Buffer.byteLength(line) <= MAX_LINE) return line;
  throw new RangeError(`Cannot say more than ${MAX_LINE - 1} bytes at once.`);
}
