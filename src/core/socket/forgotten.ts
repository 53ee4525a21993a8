/**
 * Sockets that a program has dropped without closing them: the garbage collector closes them, with a warning.
 *
 * @module
 */

import type { Address } from "../address/address.js";
import { formatAddress } from "../address/address.js";
import type { ByteReceiver } from "../stream/byte-stream.js";
import type { Channel, ChannelOwner } from "../transport/transport.js";

/** With this variable set, the warning says where the socket was made. The stack of every new socket is kept for it. */
const TRACE_VARIABLE = "SOCKETSERVER_TRACE_SOCKETS";

/** Passes the events of a channel on to a socket that may be collected while none of its calls waits. */
export class WeakOwner implements ChannelOwner {
  readonly #owner: WeakRef<ChannelOwner>;
  /** The owner, while one of its calls waits. */
  held: ChannelOwner | null = null;
  /** What its bytes move through; it changes when the socket becomes a connection. */
  channel: Channel;
  /** Where the socket was made, when that is traced. */
  readonly stack: string | undefined;

  constructor(owner: ChannelOwner, channel: Channel) {
    this.#owner = new WeakRef(owner);
    this.channel = channel;
    this.stack = process.env[TRACE_VARIABLE] ? new Error("made here").stack : undefined;
    collected.register(owner, this, this);
  }

  /** The socket is closed: there is nothing to warn of. */
  end(): void {
    this.held = null;
    collected.unregister(this);
  }

  onReadable(): void {
    this.#owner.deref()?.onReadable();
  }
  onWritable(): void {
    this.#owner.deref()?.onWritable();
  }
  onReceiveError(receiver: ByteReceiver, error: unknown): void {
    this.#owner.deref()?.onReceiveError(receiver, error);
  }
  onDrop(address: Address, error: Error | null): void {
    this.#owner.deref()?.onDrop(address, error);
  }
}

const collected = new FinalizationRegistry<WeakOwner>(({ channel, stack }) => {
  const name = nameOf(channel);
  channel.close();
  const made =
    stack === undefined ? `Set ${TRACE_VARIABLE}=1 to see where it was made.` : stack.replace(/^Error: /, "It was ");
  process.emitWarning(
    `A socket on ${name} was garbage-collected without being closed. Close it with await using or close(). ${made}`,
    {
      type: "ResourceWarning",
      code: "SOCKET_NOT_CLOSED",
    },
  );
});

function nameOf(channel: Channel): string {
  try {
    return formatAddress(channel.getsockname());
  } catch {
    return "an unknown address";
  }
}
