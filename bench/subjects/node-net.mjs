// The measure over TCP: raw node:net, as one writes it by hand.
//
//   node-net.mjs echo|once|lines|idle|fairness      prints {"port":N} when it listens
import { createServer } from "node:net";
import { answerCommands, collectGarbage, tell } from "./control.mjs";
import { watchEventLoop } from "./event-loop-delay.mjs";

const kind = process.argv[2];

function echo(socket) {
  socket.on("data", (chunk) => socket.write(chunk));
}

/** Echo with a bound: a client that does not read its echo is not read from either. */
function boundedEcho(socket) {
  socket.pipe(socket);
}

function once(socket) {
  socket.once("data", (chunk) => socket.end(chunk));
}

function lines(socket) {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (text) => {
    const complete = (rest + text).split("\n");
    rest = complete.pop();
    for (const line of complete) socket.write(`${line.toUpperCase()}\n`);
  });
}

const serve = { echo, once, lines, idle: echo, fairness: boundedEcho }[kind];

// Without noDelay, small answers to the lines of one write would wait for the client's acknowledgements.
const server = createServer({ noDelay: kind === "lines" }, (socket) => {
  serve(socket);
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => tell({ port: server.address().port }));

if (kind === "idle") answerCommands({ collect: collectGarbage });
if (kind === "fairness") answerCommands({ delay: watchEventLoop() });
