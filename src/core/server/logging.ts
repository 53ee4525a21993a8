/**
 * The log: pino, listening to the server's events.
 *
 * A library is quiet: the default logger begins at `warn`, and only the channels whose lines would be written are listened
 * to, so that the others go on costing nothing.
 *
 * @module
 */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type Logger, pino, stdSerializers } from "pino";
import { type Address, formatAddress } from "../address/address.js";
import { ConnectionError } from "../errors.js";
import type {
  ClientEvent,
  CloseEvent,
  ConnectionCloseEvent,
  DatagramEvent,
  ErrorEvent,
  ListenEvent,
  PauseEvent,
  ReplyDropEvent,
  ServerEvent,
} from "./events.js";
import { events } from "./events.js";

/** A server, as far as its log needs to know it. */
interface Logged {
  readonly logger: Logger;
}

/**
 * How errors are written: as pino does it, but with the message as it is, since the messages of this project hold the words of
 * their causes already; and with the error's own name as its type, which an error from a thread or child keeps, but not its class.
 */
export const serializers = {
  err(thrown: unknown): unknown {
    // It gives back as it is what is no error; the types do not know that handlers can throw that.
    const written = stdSerializers.err(thrown as Error);
    if (!(thrown instanceof Error)) return written;
    const { type, ...fields } = written;
    return { type: thrown.name === "Error" ? type : thrown.name, ...fields, message: thrown.message };
  },
};

/** The logger of a server that was given none: warnings and errors, as lines of JSON on stderr. */
export function defaultLogger(name: string): Logger {
  return pino({ name, level: "warn", serializers }, pino.destination({ dest: 2, sync: true }));
}

interface Line<Message> {
  readonly channel: { readonly name: string };
  readonly level: "debug" | "info" | "warn" | "error";
  write(logger: Logger, message: Message): void;
}

function line<Message extends ServerEvent>(
  channel: { readonly name: string; publish(message: Message): void },
  level: Line<Message>["level"],
  write: (logger: Logger, message: Message) => void,
): Line<ServerEvent> {
  // The channel's own type vouches for what arrives on it.
  return { channel, level, write: (logger, message) => write(logger, message as Message) };
}

function client(address: Address): { clientAddress: string } {
  return { clientAddress: formatAddress(address) };
}

/** Whether the peer broke the connection: everyday life of a server, not a fault of the handler, and no stack helps. */
function isLostConnection(error: unknown): error is ConnectionError {
  return error instanceof ConnectionError;
}

/** What is written for which event. */
const LINES: readonly Line<ServerEvent>[] = [
  line<ListenEvent>(events.serverListen, "info", (logger, { serverAddress }) =>
    logger.info({ serverAddress: formatAddress(serverAddress) }, "listening"),
  ),
  line<CloseEvent>(events.serverClose, "info", (logger, { serverAddress }) =>
    logger.info({ serverAddress: formatAddress(serverAddress) }, "closed"),
  ),
  line<CloseEvent>(events.serverClose, "warn", (logger, { aborted }) => {
    if (aborted.length > 0)
      logger.warn({ aborted: aborted.slice(0, 20), count: aborted.length }, "handlers were cut off");
  }),
  line<PauseEvent>(events.serverPause, "error", (logger, { error, pause }) =>
    logger.error({ err: error, pause }, "cannot accept for now: out of descriptors or memory"),
  ),
  line<ClientEvent>(events.connectionAccept, "info", (logger, { clientAddress }) =>
    logger.info(client(clientAddress), "connection accepted"),
  ),
  line<ConnectionCloseEvent>(events.connectionClose, "info", (logger, { clientAddress, duration, counters }) => {
    const { bytesRead, bytesWritten } = counters;
    logger.info({ ...client(clientAddress), duration, bytesRead, bytesWritten }, "connection closed");
  }),
  line<ConnectionCloseEvent>(events.connectionClose, "debug", (logger, { clientAddress, counters }) => {
    const { unreadBytes } = counters;
    if (unreadBytes > 0) logger.debug({ ...client(clientAddress), unreadBytes }, "closed with bytes nobody read");
  }),
  line<ClientEvent>(events.requestReject, "info", (logger, { clientAddress }) =>
    logger.info(client(clientAddress), "request refused by verifyRequest"),
  ),
  line<ClientEvent>(events.requestDrop, "warn", (logger, { clientAddress }) =>
    logger.warn(client(clientAddress), "request dropped: the queue is full"),
  ),
  line<ReplyDropEvent>(events.replyDrop, "warn", (logger, { clientAddress, error }) =>
    logger.warn({ ...client(clientAddress), err: error }, "answer dropped: it could not be sent"),
  ),
  line<DatagramEvent>(events.datagramReceive, "debug", (logger, { clientAddress, size, truncated }) => {
    logger.debug(
      { ...client(clientAddress), size, truncated },
      truncated ? "datagram received, cut" : "datagram received",
    );
  }),
  line<ErrorEvent>(events.error, "error", (logger, { error, clientAddress }) => {
    const from = clientAddress === null ? "" : ` of request from ${formatAddress(clientAddress)}`;
    if (!isLostConnection(error)) logger.error({ err: error }, `Exception occurred during processing${from}`);
  }),
  line<ErrorEvent>(events.error, "info", (logger, { error, clientAddress }) => {
    if (isLostConnection(error)) logger.info({ ...client(clientAddress ?? ""), reason: error.code }, "connection lost");
  }),
];

/**
 * Has a server's logger write what happens in it, as far as the logger's level lets it through.
 *
 * @returns ends it.
 */
export function attachLogging(server: Logged): () => void {
  const { logger } = server;
  const subscriptions = LINES.filter(({ level }) => logger.isLevelEnabled(level)).map(({ channel, write }) => {
    const listener = (message: unknown): void => {
      const event = message as ServerEvent;
      if (event.server !== server) return;
      try {
        write(logger, event);
      } catch {
        // A log that cannot be written (a full disk) must not harm a request, and there is nowhere left to tell it.
      }
    };
    subscribe(channel.name, listener);
    return (): void => {
      unsubscribe(channel.name, listener);
    };
  });
  return () => {
    for (const end of subscriptions) end();
  };
}
