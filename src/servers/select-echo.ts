/**
 * The select-echo server: several server sockets and all their clients, served by one loop over `select()`.
 *
 * There is no handler here and no server class: this is what those are made of, written out. One task does everything, one
 * step at a time, and only with sockets that `select()` has called ready; so no step waits, and nobody is waited for.
 *
 * @module
 */

import type { Logger } from "pino";
import { formatAddress } from "../core/address/address.js";
import { MSG_DONTWAIT } from "../core/constants.js";
import { OSError } from "../core/errors.js";
import { CAPACITY_PAUSE, classifyAcceptError } from "../core/server/accept-errors.js";
import { socketpair } from "../core/socket/connect.js";
import { select } from "../core/socket/select.js";
import type { Socket } from "../core/socket/socket.js";

/** What is received at once, in bytes; also all that is held of a client. */
const CHUNK_SIZE = 65_536;
/** Seconds that a client may hold up the loop, by taking nothing where `select()` has found room. Then it is thrown out. */
const SLOW_CLIENT_TIMEOUT = 1;

/** What {@link SelectEcho} may be told. */
export interface SelectEchoOptions {
  /** Clients that are served at once; further ones wait. 1,000. */
  readonly maxClients?: number;
  /** Seconds that clients have to finish after {@link SelectEcho.shutdown}; 15. */
  readonly shutdownTimeout?: number;
  /** Where clients that come and go are told. */
  readonly logger?: Pick<Logger, "info" | "warn">;
}

/** What a client is still to get. */
interface Answer {
  readonly address: string;
  readonly data: Buffer;
}

/**
 * Echoes on several sockets at once.
 *
 * @example
 * ```ts
 * const listeners = [await createServer(["127.0.0.1", 9998]), await createServer(["127.0.0.1", 9999])];
 * await new SelectEcho(listeners).serveForever();
 * ```
 */
export class SelectEcho {
  readonly #listeners: readonly Socket[];
  readonly #maxClients: number;
  readonly #shutdownTimeout: number;
  readonly #logger: SelectEchoOptions["logger"];
  /** Clients that may send something, each with its address. */
  readonly #asking = new Map<Socket, string>();
  /** Clients that are to get something. Until they have it, nobody reads from them: so each holds one chunk at most. */
  readonly #answers = new Map<Socket, Answer>();
  /** Until when nobody is accepted, because the process has run out of something: a time of `performance.now()`. */
  #restUntil = 0;
  /** When the clients' time is up, once the end was asked for. */
  #deadline = Number.POSITIVE_INFINITY;
  #isEnding = false;
  #ring: () => void = () => {};

  /** @param listeners server sockets, which belong to this from now on. */
  constructor(listeners: readonly Socket[], options: SelectEchoOptions = {}) {
    this.#listeners = listeners;
    this.#maxClients = options.maxClients ?? 1000;
    this.#shutdownTimeout = options.shutdownTimeout ?? 15;
    this.#logger = options.logger;
  }

  /** How many clients there are. */
  get activeClients(): number {
    return this.#asking.size + this.#answers.size;
  }

  /** Ends the loop: nobody is accepted any more, and when the last client has left, or their time is up, it returns. */
  shutdown(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#deadline = performance.now() + this.#shutdownTimeout * 1000;
    this.#ring();
  }

  /** The loop. It closes the listeners when it ends. */
  async serveForever(): Promise<void> {
    // select() waits for sockets alone. So one end of a pair is listed with the others, and who wants to be heard closes the
    // other end: the trick with the pipe to oneself, which is as old as select().
    const [alarm, bell] = await socketpair();
    this.#ring = () => void bell.close();
    try {
      while (!this.#isEnding) await this.#turn([alarm, ...this.#acceptingListeners()]);
      for (const listener of this.#listeners) await listener.close();
      while (this.activeClients > 0 && performance.now() < this.#deadline) await this.#turn([]);
    } finally {
      const clients = [...this.#asking.keys(), ...this.#answers.keys()];
      for (const socket of [alarm, bell, ...this.#listeners, ...clients]) await socket.close();
    }
  }

  /** One turn: waits until something can be done, and does it. @param others what is listed beside the clients */
  async #turn(others: readonly Socket[]): Promise<void> {
    const rlist = [...others, ...this.#asking.keys()];
    const [readable, writable] = await select(rlist, [...this.#answers.keys()], [], this.#timeLeft());
    for (const socket of readable) {
      if (this.#listeners.includes(socket)) await this.#accept(socket);
      else if (this.#asking.has(socket)) await this.#receive(socket);
      // What is left is the alarm: it is looked after where the loop begins anew.
    }
    for (const client of writable) await this.#answer(client);
  }

  /** Whoever is not listed waits, in the system's queue. */
  #acceptingListeners(): readonly Socket[] {
    return this.activeClients < this.#maxClients && performance.now() >= this.#restUntil ? this.#listeners : [];
  }

  /** Seconds until something is to be done even if no socket is ready; `null` for never. */
  #timeLeft(): number | null {
    const now = performance.now();
    const next = Math.min(this.#deadline, this.#restUntil > now ? this.#restUntil : Number.POSITIVE_INFINITY);
    return Number.isFinite(next) ? Math.max(0, next - now) / 1000 : null;
  }

  async #accept(listener: Socket): Promise<void> {
    if (this.activeClients >= this.#maxClients) return;
    try {
      // Who made it ready may have left again: accept() would then wait for the next one, and everybody with it.
      const [client, address] = await listener.accept(MSG_DONTWAIT);
      client.settimeout(SLOW_CLIENT_TIMEOUT);
      this.#asking.set(client, formatAddress(address));
      this.#logger?.info({ clientAddress: formatAddress(address) }, "connection accepted");
    } catch (error) {
      const kind = classifyAcceptError(error);
      if (kind === "fatal") throw error;
      if (kind === "connection") return;
      this.#logger?.warn({ err: error, pause: CAPACITY_PAUSE }, "accepting rests");
      this.#restUntil = performance.now() + CAPACITY_PAUSE * 1000;
    }
  }

  async #receive(client: Socket): Promise<void> {
    const address = this.#asking.get(client) ?? "";
    this.#asking.delete(client);
    try {
      const data = await client.recv(CHUNK_SIZE);
      if (data.length > 0) this.#answers.set(client, { address, data });
      else await this.#close(client, address);
    } catch (error) {
      await this.#close(client, address, error);
    }
  }

  async #answer(client: Socket): Promise<void> {
    const { address, data } = this.#answers.get(client) ?? { address: "", data: Buffer.alloc(0) };
    this.#answers.delete(client);
    try {
      // As much as there is room for. The rest waits until select() has found room again.
      const sent = await client.send(data);
      if (sent < data.length) this.#answers.set(client, { address, data: data.subarray(sent) });
      else this.#asking.set(client, address);
    } catch (error) {
      await this.#close(client, address, error);
    }
  }

  /** One client's failure is nobody else's. */
  async #close(client: Socket, clientAddress: string, error?: unknown): Promise<void> {
    if (error !== undefined && !(error instanceof OSError)) throw error;
    await client.close();
    this.#logger?.info(error === undefined ? { clientAddress } : { clientAddress, err: error }, "connection closed");
  }
}
