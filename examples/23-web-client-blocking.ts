// 23  Asking a web server for a page: the blocking twin. Needs the native transport.
//
// Run it:     npx tsx examples/23-web-client-blocking.ts   (`npx socketserver http` runs in another terminal)
// It prints:
//
//     HTTP/1.1 200 OK
//     the page: <html> ... 105 bytes

import { AF_INET, BlockingSocket, OSError, SOCK_STREAM } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "9999", path = "/5062CEM.php"] = process.argv.slice(2);

const socket = new BlockingSocket(AF_INET, SOCK_STREAM);
try {
  socket.settimeout(10);
  socket.connect([host, Number(port)]);
  socket.sendall(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);

  const fragments: Buffer[] = [];
  for (let data = socket.recv(1024); data.length > 0; data = socket.recv(1024)) fragments.push(data);
  const [head = "", page = ""] = Buffer.concat(fragments).toString().split("\r\n\r\n");
  console.log(head.split("\r\n")[0]);
  console.log(`the page: ${page.split("\n")[0]} ... ${Buffer.byteLength(page)} bytes`);
} catch (error) {
  if (!(error instanceof OSError)) throw error;
  console.error(`Connection error: ${error.message}`);
  process.exitCode = 1;
} finally {
  socket.close();
}
