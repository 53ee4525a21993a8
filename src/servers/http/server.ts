/**
 * The http server: serves a folder, and the course's page, to browsers, curl, and the course's own client.
 *
 * @module
 */

import { setMaxListeners } from "node:events";
import { statSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { resolve } from "node:path";
import { type Address, formatAddress } from "../../core/address/address.js";
import type { BaseServer } from "../../core/server/base-server.js";
import type { Socket } from "../../core/socket/socket.js";
import { BaseRequestHandler } from "../../handlers/base.js";
import type { AnyArguments, ServerClass } from "../../mixins/multiplexing.js";
import type { BundledServer } from "../description.js";
import { HttpConnection, type HttpLimits, type HttpResponder } from "./connection.js";
import { COURSE_PAGE, coursePage, sendCoursePage } from "./course-page.js";
import { sendFromFolder } from "./folder.js";
import { refuseRequest } from "./pages.js";

/** What {@link HttpMixIn} adds to a server. Handlers in threads and processes ask the one server, too, and wait for its answer. */
export interface HttpServing {
  /** The folder that is served; the current one by default. */
  readonly root: string | Promise<string>;
  /** Settles when the server begins to close. */
  whenClosing(): Promise<void>;
  /** Has a request that was answered logged. */
  reportAnswer(answer: HttpAnswer): void | Promise<void>;
}

/** A request that was answered, for the log. */
export interface HttpAnswer {
  readonly clientAddress: Address;
  readonly method: string;
  readonly target: string;
  readonly status: number;
}

/**
 * Gives a server a folder to serve by HTTP.
 *
 * @example
 * ```ts
 * class WebServer extends HttpMixIn(ThreadingTCPServer) {
 *   override root = "/srv/www";
 * }
 * ```
 */
export function HttpMixIn<Base extends ServerClass>(
  Server: Base,
): Base & (abstract new (...args: AnyArguments) => HttpServing & { root: string }) {
  abstract class HttpServer extends Server implements HttpServing {
    root = ".";

    async whenClosing(): Promise<void> {
      const { closing } = this as BaseServer;
      if (closing.aborted) return;
      await new Promise((resolve) => closing.addEventListener("abort", resolve, { once: true }));
    }

    reportAnswer({ clientAddress, ...answer }: HttpAnswer): void {
      this.logger.info({ clientAddress: formatAddress(clientAddress), ...answer }, "request answered");
    }
  }
  return HttpServer;
}

/** One for each server, however many connections there are: what waits for the server's end waits as long as that runs. */
const closingSignals = new WeakMap<object, AbortSignal>();

function closingSignalOf(server: HttpServing): AbortSignal {
  const known = closingSignals.get(server);
  if (known !== undefined) return known;
  const closing = new AbortController();
  // Every request listens to it: Node would take more than ten listeners for a leak.
  setMaxListeners(0, closing.signal);
  closingSignals.set(server, closing.signal);
  // A server that cannot be asked any more is closing as well.
  const close = (): void => closing.abort();
  server.whenClosing().then(close, close);
  return closing.signal;
}

/** Gives its connection to node:http, and answers the requests that come on it. */
export class HttpStreamHandler extends BaseRequestHandler<Socket, HttpServing> {
  static override readonly module = import.meta.url;

  /** What a client may take, where it is not the usual. May be overridden. */
  readonly limits: Partial<HttpLimits> = {};

  override async handle(): Promise<void> {
    const stream = this.request.toNodeSocket();
    const respond: HttpResponder = (request, response) => this.#answer(request, response);
    await new HttpConnection(stream, respond, closingSignalOf(this.server), this.limits).serve();
  }

  /**
   * Answers a request: with the course's page, or from the folder. May be overridden.
   *
   * What it throws is answered by the status 500, and ends the connection.
   */
  async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = urlOf(request);
    if (request.method !== "GET" && request.method !== "HEAD") refuseRequest(response, 405, { Allow: "GET, HEAD" });
    else if (url === null) refuseRequest(response, 400);
    else if (url.pathname === COURSE_PAGE) sendCoursePage(response, url.searchParams.get("lecturer"));
    else await sendFromFolder(request, response, await this.server.root, url);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: target = "" } = request;
    response.once("finish", () => {
      const { clientAddress } = this;
      void this.#tell({ clientAddress, method, target, status: response.statusCode });
    });
    await this.respond(request, response);
  }

  async #tell(answer: HttpAnswer): Promise<void> {
    try {
      await this.server.reportAnswer(answer);
    } catch {
      // A log that cannot be written (a full disk) must not harm a request, and there is nowhere left to tell it.
    }
  }
}

/** What is asked for: `/path?query`, or the whole URL, as a proxy writes it. `null` for anything else. */
function urlOf({ url = "" }: IncomingMessage): URL | null {
  // Two slashes at its beginning are a part of the path here, and no host.
  const text = url.startsWith("/") ? `http://localhost${url}` : url;
  return URL.canParse(text) ? new URL(text) : null;
}

/** A folder that there is, as an absolute path. @throws RangeError naming it, when it is none */
function parseFolder(text: string): string {
  const folder = resolve(text);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder;
  throw new RangeError(`Cannot serve "${text}": there is no such folder.`);
}

/** `socketserver http` */
export const httpServer: BundledServer = {
  name: "http",
  summary: "serves a folder, and the course's page, by HTTP",
  streamHandler: HttpStreamHandler,
  extend: HttpMixIn,
  options: [
    {
      flags: "--root <folder>",
      description: "the folder that is served (default: the current one)",
      property: "root",
      parse: parseFolder,
    },
  ],
  example: { send: `GET ${COURSE_PAGE}`, receive: coursePage(null).trimEnd() },
  notes: [
    "Other clients: a browser, curl, or socketserver fetch, at",
    "  http://127.0.0.1:9999/",
    `  http://127.0.0.1:9999${COURSE_PAGE}?lecturer=Ian%20Cornelius`,
    "A folder without an index.html is listed. Files whose names begin with a dot",
    "are not served, nor is anything outside of the folder, wherever links lead.",
  ].join("\n"),
};
