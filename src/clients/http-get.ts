/**
 * {@link httpGet}: asks a web server, over a socket of this package.
 *
 * @module
 */

import { createConnection } from "../core/socket/connect.js";
import type { SocketOptions } from "../core/socket/event-socket.js";
import { type HttpResponse, type ReadResponseOptions, readResponse } from "./http-response.js";

/** Seconds that connecting, and each wait for bytes, may take. */
const TIMEOUT = 30;
const HTTP_PORT = 80;

/** How {@link httpGet} asks. */
export interface HttpGetOptions extends ReadResponseOptions, SocketOptions {
  /** Seconds that connecting, and each wait for bytes, may take; 30. `null` waits for ever. */
  readonly timeout?: number | null;
}

/**
 * Asks for what is at a URL: one request of HTTP/1.1 on a connection of its own. Redirects are not followed.
 *
 * The connection is closed by the response: `await using`, or `close()`.
 *
 * @param url `http://host[:port]/path`.
 * @throws RangeError for any other URL, https among them; GaiError, ConnectionRefusedError, TimeoutError and the like;
 *   as {@link readHttpResponse}.
 * @example
 * ```ts
 * await using response = await httpGet("http://127.0.0.1:8000/");
 * console.log(response.status, (await response.read()).toString());
 * ```
 */
export async function httpGet(url: string | URL, options: HttpGetOptions = {}): Promise<HttpResponse> {
  const { method = "GET", timeout = TIMEOUT, ...socketOptions } = options;
  const { hostname, port, host, pathname, search } = parseHttpUrl(url);
  // An IPv6 address stands in brackets there, and without them everywhere else.
  const name = hostname.replace(/^\[(.*)\]$/, "$1");
  const socket = await createConnection([name, port === "" ? HTTP_PORT : Number(port)], { ...socketOptions, timeout });
  try {
    await socket.sendall(
      [
        `${method} ${pathname}${search} HTTP/1.1`,
        `Host: ${host}`,
        "User-Agent: ts-socketserver",
        "Accept: */*",
        // One request is all: so the end of the connection ends a body that says nothing of its length.
        "Connection: close",
        "\r\n",
      ].join("\r\n"),
    );
    return await readResponse(socket, { method }, () => socket.close());
  } catch (error) {
    await socket.close();
    throw error;
  }
}

/**
 * Reads a URL that {@link httpGet} takes.
 *
 * @throws RangeError that says what to write instead.
 */
function parseHttpUrl(given: string | URL): URL {
  const text = String(given);
  if (!URL.canParse(text)) throw urlError(text, "write http://host[:port]/path, such as http://127.0.0.1:8000/.");
  const url = new URL(text);
  if (url.protocol === "https:") {
    throw urlError(
      text,
      "https is HTTP within TLS, and this client shows HTTP on a bare socket. Try http://, or use curl.",
    );
  }
  if (url.protocol !== "http:") throw urlError(text, `write http:// before it, such as http://127.0.0.1:8000/.`);
  if (url.username !== "" || url.password !== "") {
    throw urlError(text, "it has a name or password, which this client does not send. Leave them out.");
  }
  return url;
}

function urlError(url: string, why: string): RangeError {
  return new RangeError(`Cannot fetch "${url}": ${why}`);
}
