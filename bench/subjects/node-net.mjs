// The measure over TCP: raw node:net, as one writes it by hand.
//
//   node-net.mjs echo|once|echo-lines|lines|idle|fairness|fairness-lines      prints {"port":N} when it listens
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

/** Calls a function with each line, without its end. */
function onLines(socket, take) {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (text) => {
    const complete = (rest + text).split("\n");
    rest = complete.pop();
    for (const line of complete) take(line);
  });
}

function echoLines(socket) {
  onLines(socket, (line) => socket.write(`${line}\n`));
}

function lines(socket) {
  onLines(socket, (line) => socket.write(`${line.toUpperCase()}\n`));
}

function echoFilledLines(socket) {
  onLines(socket, (line) => {
    if (line !== "") socket.write(`${line}\n`);
  });
}

const serve = {
  echo,
  once,
  "echo-lines": echoLines,
  lines,
  idle: echo,
  fairness: boundedEcho,
  "fairness-lines": echoFilledLines,
}[kind];

// Without noDelay, small answers to the lines of one write would wait for the client's acknowledgements.
const server = createServer({ noDelay: kind === "lines" }, (socket) => {
  serve(socket);
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => tell({ port: server.address().port }));

if (kind === "idle") answerCommands({ collect: collectGarbage });
if (kind.startsWith("fairness")) answerCommands({ delay: watchEventLoop() });
