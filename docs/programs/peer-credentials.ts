// Who is at the other end of a Unix socket? The system knows. Needs the native transport.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection, type Socket, StreamRequestHandler, UnixStreamServer } from "ts-socketserver";
import { SO_PEERCRED, SOL_SOCKET } from "ts-socketserver/socket";

/** Process, user and group of the peer, when it connected: C's `struct ucred`, three numbers of 32 bits. */
function peerCredentials(socket: Socket): { pid: number; uid: number; gid: number } {
  const bytes = socket.getsockopt(SOL_SOCKET, SO_PEERCRED, 12);
  const [pid = 0, uid = 0, gid = 0] = new Uint32Array(new Uint8Array(bytes).buffer); // in the machine's byte order
  return { pid, uid, gid };
}

class Doorkeeper extends StreamRequestHandler {
  override async handle(): Promise<void> {
    const { pid, uid } = peerCredentials(this.request);
    const answer = uid === process.getuid?.() ? "come in" : "not you";
    await this.wfile.write(`${pid === process.pid ? "you are me: " : ""}${answer}\n`);
  }
}

const path = join(mkdtempSync(join(tmpdir(), "docs-")), "door.sock");
await using server = new UnixStreamServer(path, Doorkeeper);
await server.open();
const handled = server.handleRequest();

await using client = await createConnection(path);
console.log((await client.recv(1024)).toString().trim());
await handled;
