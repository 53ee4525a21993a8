/**
 * {@link converse} and {@link converseInDatagrams}: what is typed goes to the other side, and its replies come back.
 *
 * @module
 */

import { pipeline } from "node:stream/promises";
import { ClosedResourceError, ConnectionError } from "../core/errors.js";
import type { Socket } from "../core/socket/socket.js";
import { endSending } from "./end-sending.js";
import { linesOf } from "./lines-of.js";

const CHUNK_SIZE = 65_536;
/** More than a datagram can have. */
const MAX_DATAGRAM = 65_536;
/** Seconds of silence that end a conversation in datagrams. */
const SILENCE = 1;

/** Where the words come from: `process.stdin`, a file, an array of Buffers. */
export type ConversationInput = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Takes a reply. Until it is done, nothing more is received: a slow screen slows the other side down. */
export type ReplyTaker = (reply: Buffer) => void | Promise<void>;

/** How a conversation went. */
export interface Conversation {
  /** Bytes, or datagrams, that were sent. */
  readonly sent: number;
  /** Bytes, or datagrams, that came. */
  readonly received: number;
}

/**
 * Talks over a connection: sends the input as it comes, gives away the replies as they come, and at the input's end ends
 * the sending (`SHUT_WR`) and goes on reading.
 *
 * The conversation is over when the other side has ended its sending. What the input may still have is not sent then.
 *
 * @param socket a connected stream. The caller closes it.
 * @throws ConnectionResetError and the like, when the other side breaks it off; whatever the input or `onReply` throws.
 * @example
 * ```ts
 * await using socket = await createConnection(["127.0.0.1", 9999]);
 * await converse(socket, process.stdin, (reply) => void process.stdout.write(reply));
 * ```
 */
export async function converse(socket: Socket, input: ConversationInput, onReply: ReplyTaker): Promise<Conversation> {
  const over = new AbortController();
  let sent = 0;
  const send = async (pieces: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const piece of pieces) {
      await socket.sendall(piece);
      sent += piece.length;
    }
    await endSending(socket);
  };
  const sending = pipeline(input, send, { signal: over.signal });
  sending.catch((error: unknown) => {
    // A side that takes nothing more may still have something to say. But when the input fails, nobody is to wait for
    // replies to what was never said.
    if (!over.signal.aborted && !(error instanceof ConnectionError)) socket.abort();
  });
  try {
    const received = await receiveAll(socket, onReply);
    return { sent, received };
  } catch (error) {
    // Why it was broken off here says more than that it was.
    if (error instanceof ClosedResourceError) await sending;
    throw error;
  } finally {
    // Not waited for: what is being sent may never be taken, and ends with the socket.
    over.abort();
  }
}

async function receiveAll(socket: Socket, onReply: ReplyTaker): Promise<number> {
  let received = 0;
  for (;;) {
    const reply = await socket.recv(CHUNK_SIZE);
    if (reply.length === 0) return received;
    received += reply.length;
    await onReply(reply);
  }
}

/** How {@link converseInDatagrams} ends. */
export interface DatagramConversationOptions {
  /** Seconds without a reply, once the input has ended, after which the conversation is over; 1. */
  readonly silence?: number;
}

/**
 * Talks in datagrams: each line of the input is one, without its line end, and each reply is given away as it comes.
 *
 * Datagrams have no end. So the conversation is over when the input has ended, and no reply has come for a while.
 *
 * @param socket a datagram socket that is connected (`await socket.connect(address)`). It is closed by this.
 * @throws ConnectionRefusedError, when the system has been told that nobody is there; LimitOverrunError for a line that is
 *   longer than a datagram; whatever the input or `onReply` throws.
 * @example
 * ```ts
 * const socket = new Socket(AF_INET, SOCK_DGRAM);
 * await socket.connect(["127.0.0.1", 9999]);
 * await converseInDatagrams(socket, process.stdin, (reply) => console.log(reply.toString()));
 * ```
 */
export async function converseInDatagrams(
  socket: Socket,
  input: ConversationInput,
  onReply: ReplyTaker,
  { silence = SILENCE }: DatagramConversationOptions = {},
): Promise<Conversation> {
  const over = new AbortController();
  let sent = 0;
  let received = 0;
  let ending = null as NodeJS.Timeout | null;
  const send = async (pieces: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const line of linesOf(pieces)) {
      await socket.send(line);
      sent += 1;
    }
    // From now on each reply begins the silence anew.
    ending = setTimeout(() => void socket.close(), silence * 1000);
  };
  const sending = pipeline(input, send, { signal: over.signal });
  sending.catch(() => socket.close());
  try {
    for (;;) {
      const reply = await socket.recv(MAX_DATAGRAM);
      ending?.refresh();
      received += 1;
      await onReply(reply);
    }
  } catch (error) {
    if (!(error instanceof ClosedResourceError)) throw error;
    await sending;
    return { sent, received };
  } finally {
    over.abort();
    if (ending !== null) clearTimeout(ending);
    await socket.close();
  }
}
