// Bun's own sockets.
//
//   bun.mjs echo|once|echo-lines|lines|idle|udp      prints {"port":N} when it serves
import { tell } from "./control.mjs";

const kind = process.argv[2];

/** Sends it all: what the system does not take now is kept until it drains. */
function send(socket, bytes) {
  if (socket.data.unsent !== null) {
    socket.data.unsent = Buffer.concat([socket.data.unsent, bytes]);
    return;
  }
  const count = socket.write(bytes);
  if (count >= 0 && count < bytes.length) socket.data.unsent = Buffer.from(bytes.subarray(count));
}

function drain(socket) {
  const { unsent } = socket.data;
  if (unsent === null) return;
  socket.data.unsent = null;
  send(socket, unsent);
}

function sendLines(socket, bytes, answer) {
  const complete = (socket.data.rest + bytes.toString()).split("\n");
  socket.data.rest = complete.pop();
  for (const line of complete) send(socket, Buffer.from(`${answer(line)}\n`));
}

const data = {
  echo: send,
  once: (socket, bytes) => socket.end(bytes),
  "echo-lines": (socket, bytes) => sendLines(socket, bytes, (line) => line),
  lines: (socket, bytes) => sendLines(socket, bytes, (line) => line.toUpperCase()),
  idle: send,
}[kind];

if (kind === "udp") {
  const socket = await Bun.udpSocket({
    hostname: "127.0.0.1",
    socket: { data: (self, bytes, port, address) => self.send(bytes, port, address) },
  });
  tell({ port: socket.port });
} else {
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        socket.data = { unsent: null, rest: "" };
      },
      data,
      drain,
      error: (socket) => socket.end(),
    },
  });
  tell({ port: server.port });
}
