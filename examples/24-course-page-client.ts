// 24  The shortest request: one line, and the page comes back.
//
// Before HTTP had versions, a request was the word GET and a path, and the reply was the page and nothing else. The bundled
// web server still understands it, and has a page to try it on. What stands behind a question mark is told to the page; a
// blank in it is written %20, since a blank would end the path.
//
// Run it:     npx tsx examples/24-course-page-client.ts   (`npx socketserver http` runs in another terminal)
// It prints:
//
//     <html>
//     <head>
//     	<title>5062CEM - Networking Demo</title>
//     </head>
//     <body>
//     Hello, welcome to 5062CEM!</body>
//     the first ten bytes: "<html>\n<he"
//     the next ten bytes: "ad>\n\t<titl"
//     Hello Grace Hopper, and welcome to 5062CEM!
//     Hello Ada Lovelace, and welcome to 5062CEM!

import { AF_INET, SOCK_STREAM, Socket } from "ts-socketserver/socket";

const [ip = "127.0.0.1", port = "9999"] = process.argv.slice(2);

/** Asks, and receives once. @param size bytes, at most */
async function ask(message: string, size: number): Promise<Buffer> {
  await using socket = new Socket(AF_INET, SOCK_STREAM);
  await socket.connect([ip, Number(port)]);
  await socket.sendall(message);
  return await socket.recv(size);
}

// ── Retrieving data ──────────────────────────────────────────────────────────────────────────────────────────────────

// A page so short comes in one piece: 1,024 bytes are more than it has.
const page = await ask("GET /5062CEM.php\r\n", 1024);
process.stdout.write(page);

// With a smaller size recv() returns the beginning. The rest is not lost: it waits for the next recv().
{
  await using socket = new Socket(AF_INET, SOCK_STREAM);
  await socket.connect([ip, Number(port)]);
  await socket.sendall("GET /5062CEM.php\r\n");
  console.log(`the first ten bytes: ${JSON.stringify((await socket.recv(10)).toString())}`);
  console.log(`the next ten bytes: ${JSON.stringify((await socket.recv(10)).toString())}`);
}

// ── Sending data ─────────────────────────────────────────────────────────────────────────────────────────────────────

for (const lecturer of ["Grace Hopper", "Ada Lovelace"]) {
  // Whatever comes from outside is to be encoded, not only blanks: otherwise a line end in a name would begin a request of
  // its own.
  const greeting = await ask(`GET /5062CEM.php?lecturer=${encodeURIComponent(lecturer)} \r\n`, 1024);
  console.log(/Hello.*5062CEM!/.exec(greeting.toString())?.[0]);
}
