/**
 * {@link HttpConnection}: a connection on which node:http reads the requests and writes the answers.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Socket as NodeSocket } from "node:net";
import { type Duplex, duplexPair, finished, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { codeOf } from "../../core/errors.js";
import { refuseRequest, statusText } from "./pages.js";

/** What a client of HTTP may take. Durations are seconds. */
export interface HttpLimits {
  /** Bytes that the first line and the headers of a request may have together; 16,384, as with node:http. */
  readonly maxHeadSize: number;
  /** Within which the head of a request has to be there, from when it could have begun; 15. */
  readonly headTime: number;
  /** That a client may keep a connection open between two requests; 5. */
  readonly keepAliveTime: number;
  /** Without a byte in either direction, after which a client that is being answered counts as gone; 60. */
  readonly idleTime: number;
  /** That a client has to end its side when it was answered for the last time; 1. */
  readonly lingerTime: number;
  /** Requests on one connection; 100. */
  readonly maxRequests: number;
}

const LIMITS: HttpLimits = {
  maxHeadSize: 16_384,
  headTime: 15,
  keepAliveTime: 5,
  idleTime: 60,
  lingerTime: 1,
  maxRequests: 100,
};

/** Requests that may wait for their turn before no more is read: each takes memory. (One piece may hold a few more.) */
const MAX_WAITING = 10;

const NEWLINE = 0x0a;
const END_OF_HEAD = "\r\n\r\n";

/** What is no request: where it came from, and the status that says what is wrong. */
interface Garbled {
  readonly stream: Duplex;
  readonly status: number;
}

/** Answers a request. */
export type HttpResponder = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/**
 * Serves HTTP on one connection, to its end.
 *
 * Requests that come together are answered one after the other. What a client sends that is no request gets the status that
 * says so, and the connection ends. A line such as `GET /path`, without a version, is a request of HTTP as it was in 1991: it
 * gets the body alone, and the connection ends.
 */
export class HttpConnection {
  readonly #connection: Duplex;
  readonly #respond: HttpResponder;
  readonly #closing: AbortSignal;
  readonly #limits: HttpLimits;
  readonly #http: Server;
  readonly #gone: Promise<void>;
  #headTimer: NodeJS.Timeout | null = null;
  #requests = 0;
  /** Requests that have not been answered. */
  #waiting = 0;
  /** The answers to the requests so far. */
  #answers: Promise<void> = Promise.resolve();
  /** What came is no request, nor can anything be understood that comes from now on. */
  #garbled: Garbled | null = null;
  #isEnding = false;
  #failure: { readonly error: unknown } | null = null;

  /**
   * @param connection belongs to this from now on.
   * @param closing aborted when the server closes: then the connection ends when what is being asked has been answered.
   * @param limits those that are not the usual ones.
   */
  constructor(connection: Duplex, respond: HttpResponder, closing: AbortSignal, limits: Partial<HttpLimits> = {}) {
    this.#connection = connection;
    this.#respond = respond;
    this.#closing = closing;
    this.#limits = { ...LIMITS, ...limits };
    this.#http = this.#makeHttp();
    this.#gone = new Promise((resolve) => connection.once("close", () => resolve()));
    // A client that breaks off is no error: there is nobody left to be told.
    connection.on("error", () => {});
  }

  /** node:http listens nowhere by itself: it is given the connection. */
  #makeHttp(): Server {
    const { maxHeadSize, keepAliveTime, idleTime } = this.#limits;
    const http = createServer({ maxHeaderSize: maxHeadSize, keepAliveTimeout: keepAliveTime * 1000 });
    http.timeout = idleTime * 1000;
    // Who ends its sending behind a request wants the answer all the same. Node has this switch, and no page about it.
    Object.assign(http, { httpAllowHalfOpen: true });
    http.on("request", (request, response) => this.#onRequest(request, response));
    http.on("clientError", (error, stream) => this.#onClientError(error, stream));
    return http;
  }

  /** Serves until the connection is closed. @throws what the responder has thrown; the client has got the status 500 then */
  async serve(): Promise<void> {
    const onClosing = (): void => {
      if (this.#waiting === 0) this.#end(this.#connection);
    };
    this.#closing.addEventListener("abort", onClosing);
    try {
      if (this.#closing.aborted) onClosing();
      this.#startPatience();
      const line = await this.#firstLine();
      const target = bareTargetOf(line ?? "");
      if (line === null) this.#end(this.#connection);
      else if (target === null) this.#http.emit("connection", this.#connection);
      else await this.#answerBare(target);
      await this.#gone;
    } finally {
      this.#closing.removeEventListener("abort", onClosing);
      this.#endPatience();
    }
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** A client that has to say something and does not is cut off after a while. */
  #startPatience(): void {
    this.#headTimer = setTimeout(() => this.#connection.destroy(), this.#limits.headTime * 1000);
  }

  #endPatience(): void {
    if (this.#headTimer !== null) clearTimeout(this.#headTimer);
    this.#headTimer = null;
  }

  // ── the first line ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Waits for the first line, or for as much as it may have, and leaves it to be read. `null` when the client ends before. */
  #firstLine(): Promise<string | null> {
    const connection = this.#connection;
    let start = Buffer.alloc(0);
    return new Promise((resolve) => {
      const finish = (line: string | null): void => {
        connection.off("readable", look).off("end", onEnd).off("close", onEnd);
        resolve(line);
      };
      const onEnd = (): void => finish(null);
      const look = (): void => {
        for (let piece = connection.read(); piece !== null; piece = connection.read()) {
          start = Buffer.concat([start, piece]);
        }
        if (!start.includes(NEWLINE) && start.length < this.#limits.maxHeadSize) return;
        // At once: a stream that has told its end takes nothing back.
        connection.unshift(start);
        finish(start.toString("latin1"));
      };
      connection.on("readable", look).on("end", onEnd).on("close", onEnd);
    });
  }

  /**
   * Answers as in 1991. node:http is asked in the words of 1996, on a connection of its own in memory, and what it answers
   * loses its head: without a length it would not know how to go on, so the end of the connection ends the body. Half of one
   * must therefore not end in good order.
   */
  async #answerBare(target: string): Promise<void> {
    const [near, far] = duplexPair();
    // An answer that is broken off is broken off here, too: the pair does not pass that on. And before the pipeline hears of it,
    // which since Node 24 closes the connection then, in good order.
    finished(near, { readable: false }, (error) => {
      if (!error) return;
      this.#abort();
      far.destroy();
    });
    this.#startIdleTime();
    this.#http.emit("connection", near);
    far.write(`GET ${target} HTTP/1.0${END_OF_HEAD}`, "latin1");
    try {
      await pipeline(far, withoutHead(), this.#connection, { end: false });
      this.#end(this.#connection);
    } catch (error) {
      this.#abort();
      // The client has left, or took nothing; or respond() has failed, whose error is kept.
      if (codeOf(error) === "") throw error;
    } finally {
      near.destroy();
    }
  }

  /** For an answer whose bytes do not pass by node:http, which watches the others. */
  #startIdleTime(): void {
    const connection = this.#connection;
    // A connection whose client has ended its sending may be a stream without a clock; node:http does without one there.
    if (connection instanceof NodeSocket) {
      connection.setTimeout(this.#limits.idleTime * 1000, () => this.#abort());
    }
  }

  #abort(): void {
    const connection = this.#connection;
    if (connection.destroyed) return;
    // Only TCP has resets, and addresses; Node refuses to make one of a Unix stream.
    if (connection instanceof NodeSocket && connection.remoteAddress !== undefined) connection.resetAndDestroy();
    else connection.destroy();
  }

  // ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { maxRequests } = this.#limits;
    this.#requests += 1;
    // Behind the last one, whose answer ends the connection.
    if (this.#requests > maxRequests) return;
    if (this.#requests === maxRequests) response.setHeader("Connection", "close");
    this.#endPatience();
    this.#waiting += 1;
    // Not at once: node:http, which is in the middle of what has been read, would go on reading behind it.
    if (this.#waiting === MAX_WAITING) setImmediate(() => this.#pause());
    const answered = new Promise<void>((resolve) => response.once("close", () => resolve()));
    this.#answers = this.#answers.then(async () => {
      await this.#answer(request, response);
      // What waits behind an answer is told nothing when the connection breaks.
      await Promise.race([answered, this.#gone]);
      this.#waiting -= 1;
      // Where the client has gone, nothing tells of an end any more: what would wait for it would wait in vain.
      if (this.#waiting > 0 || this.#connection.destroyed) return;
      if (this.#connection.isPaused()) this.#connection.resume();
      if (this.#garbled !== null) this.#refuse(this.#garbled);
      else if (this.#closing.aborted) this.#end(this.#connection);
      else this.#startPatience();
    });
  }

  /** Reads no more for the time being. */
  #pause(): void {
    if (this.#waiting >= MAX_WAITING) this.#connection.pause();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#connection.destroyed || this.#isEnding) return;
    if (this.#closing.aborted) response.setHeader("Connection", "close");
    try {
      await this.#respond(request, response);
    } catch (error) {
      this.#failure ??= { error };
      refuseRequest(response, 500, { Connection: "close" });
    }
  }

  /** The client has broken off, or sent what is no request. */
  #onClientError(error: Error, stream: Duplex): void {
    // The parser complains about everything that comes behind it, too.
    if (this.#garbled !== null) return;
    this.#garbled = { stream, status: codeOf(error) === "HPE_HEADER_OVERFLOW" ? 431 : 400 };
    if (!stream.writable || codeOf(error) === "ECONNRESET") stream.destroy();
    // What came before it is answered first.
    if (!stream.destroyed && this.#waiting === 0) this.#refuse(this.#garbled);
  }

  /** Tells what is wrong, unless the last answer has ended the sending. */
  #refuse({ stream, status }: Garbled): void {
    const text = statusText(status);
    const headers = `Content-Type: text/plain\r\nContent-Length: ${text.length}\r\nConnection: close`;
    if (stream.writable) stream.write(`HTTP/1.1 ${text.trimEnd()}\r\n${headers}${END_OF_HEAD}${text}`);
    this.#end(stream);
  }

  /**
   * Ends the sending, and throws away what still comes until the client has ended its own, or its time is up. Closed at once,
   * with bytes unread, the connection would be reset, and the client might lose the answer.
   */
  #end(stream: Duplex): void {
    if (stream === this.#connection) {
      if (this.#isEnding) return;
      this.#isEnding = true;
      const { idleTime, lingerTime } = this.#limits;
      let timer = setTimeout(() => this.#abort(), idleTime * 1000);
      stream.once("close", () => clearTimeout(timer));
      // Only from then on all has left, and the client's own end is what is waited for.
      stream.once("finish", () => {
        clearTimeout(timer);
        timer = setTimeout(() => stream.destroy(), lingerTime * 1000);
      });
    }
    stream.end();
    stream.resume();
  }
}

/** The target of `GET /path`, where no version follows; else `null`. */
function bareTargetOf(firstLine: string): string | null {
  return /^GET +(\S+)[ \t]*\r?\n/.exec(firstLine)?.[1] ?? null;
}

/** Lets through what stands behind the first empty line. */
function withoutHead(): Transform {
  let head: Buffer | null = Buffer.alloc(0);
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      if (head === null) return done(null, piece);
      head = Buffer.concat([head, piece]);
      const end = head.indexOf(END_OF_HEAD);
      if (end < 0) return done();
      const body = head.subarray(end + END_OF_HEAD.length);
      head = null;
      done(null, body);
    },
  });
}
