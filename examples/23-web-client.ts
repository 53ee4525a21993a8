// 23  What a browser does first: it asks a web server for a page.
//
// Connect, send a request, read the reply: that is all. HTTP is text, line by line, each of which ends with "\r\n"; an empty
// line ends the request, and in the reply it stands between the head, which tells about the page, and the page.
//
// Run it:     npx tsx examples/23-web-client.ts                     (`npx socketserver http` runs in another terminal)
//             npx tsx examples/23-web-client.ts www.python.org 80 /  (any web server that speaks HTTP without TLS)
// It prints:
//
//     HTTP/1.1 200 OK
//     Content-Type: text/html; charset=utf-8
//     Content-Length: 105
//     the page: <html> ... 105 bytes
//     the same with the library: 200 OK, 105 bytes

import { httpGet } from "ts-socketserver/clients";
import { AF_INET, OSError, SOCK_STREAM, Socket } from "ts-socketserver/socket";

// The usual port of the web is 80; where it is tried out, some other one.
const [host = "127.0.0.1", port = "9999", path = "/5062CEM.php"] = process.argv.slice(2);
const MAX_SIZE = 1024;

// ── Create a socket ──────────────────────────────────────────────────────────────────────────────────────────────────

const socket = new Socket(AF_INET, SOCK_STREAM);
try {
  // ── Connect ────────────────────────────────────────────────────────────────────────────────────────────────────────

  socket.settimeout(10); // the network is full of servers that do not answer
  await socket.connect([host, Number(port)]);

  // ── Send ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  // What is wanted, and in which version of the protocol. One server may have many sites, and so has to be told which one.
  // "close": it is to close the connection after this page, so that the end of the stream is the end of the reply. Browsers
  // keep it for the next request, and count bytes instead.
  const request = [`GET ${path} HTTP/1.1`, `Host: ${host}`, "Connection: close", "", ""].join("\r\n");
  await socket.sendall(request);

  // ── Receive ────────────────────────────────────────────────────────────────────────────────────────────────────────

  // In a loop: a page is longer than what one recv() returns. See 13.
  const fragments: Buffer[] = [];
  for (;;) {
    const fragment = await socket.recv(MAX_SIZE);
    if (fragment.length === 0) break;
    fragments.push(fragment);
  }
  const reply = Buffer.concat(fragments);

  const headEnd = reply.indexOf("\r\n\r\n");
  const [statusLine, ...headers] = reply.subarray(0, headEnd).toString("latin1").split("\r\n");
  console.log(statusLine);
  for (const header of headers) if (/^content-/i.test(header)) console.log(header); // there are more: print them all once

  const page = reply.subarray(headEnd + 4);
  console.log(`the page: ${page.toString().split("\n")[0]} ... ${page.length} bytes`);
} catch (error) {
  // Whatever the network does is an OSError: no such host, nobody there, too slow, broken off.
  if (!(error instanceof OSError)) throw error;
  console.error(`Connection error: ${error.message}`);
  process.exitCode = 1;
} finally {
  // The way without `await using`: whatever happens, this is done.
  await socket.close();
}

// ── With the library ─────────────────────────────────────────────────────────────────────────────────────────────────

// It knows also what this program has left out, such as pages that come in chunks. `npx socketserver fetch URL` is made of it.
await using response = await httpGet(`http://${host}:${port}${path}`);
const body = await response.read();
console.log(`the same with the library: ${response.status} ${response.reason}, ${body.length} bytes`);
