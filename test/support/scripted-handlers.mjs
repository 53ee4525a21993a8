/** Handlers that do what their client's first line says: a list of steps, as JSON. Threads and child processes import this module. */
import { BlockingStreamRequestHandler, StreamRequestHandler } from "ts-socketserver";

const module = import.meta.url;

/** The bytes of a step: every one of them says where it belongs. */
export function bytesOf(step, index) {
  const bytes = Buffer.alloc(step.size);
  for (let at = 0; at < step.size; at += 1) bytes[at] = 97 + ((index * 7 + at) % 26);
  return bytes;
}

/** What the data of a step is given as. */
function dataOf(step, index) {
  const bytes = bytesOf(step, index);
  return step.as === "text" ? bytes.toString() : bytes;
}

function piecesOf(step, index) {
  const data = dataOf(step, index);
  const cut = Math.floor(data.length / 3);
  return [data.slice(0, cut), data.slice(cut, 2 * cut), data.slice(2 * cut)];
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Obeys. The bytes of writes, sends and echoed lines are to arrive in the order of the steps. */
export class Scripted extends StreamRequestHandler {
  static module = module;

  async handle() {
    const { steps, wbufsize } = JSON.parse(String(await this.rfile.readline()));
    const wfile = wbufsize === undefined ? this.wfile : this.request.makefile("wb", { buffering: wbufsize });
    const pending = [];
    for (const [index, step] of steps.entries()) {
      const done = this.#perform(wfile, step, index);
      // What is not awaited is to keep its place all the same.
      if (step.awaited) await done;
      else pending.push(done);
    }
    await Promise.all(pending);
    if (wbufsize !== undefined) await wfile.close();
  }

  async #perform(wfile, step, index) {
    switch (step.kind) {
      case "write":
        return wfile.write(dataOf(step, index));
      case "writelines":
        return wfile.writelines(piecesOf(step, index));
      case "sendall":
        return this.request.sendall(dataOf(step, index));
      case "flush":
        return wfile.flush();
      case "turn":
        return turn();
      case "echo":
        return wfile.write(await this.rfile.readline());
      case "time out":
        this.request.settimeout(0.001);
        await this.request.recv(1, 2).catch(() => {});
        this.request.settimeout(null);
        return undefined;
      case "throw":
        throw new RangeError("as the script says");
      default:
        throw new TypeError(`no such step: ${step.kind}`);
    }
  }
}

/** The same, whose calls block. */
export class BlockingScripted extends BlockingStreamRequestHandler {
  static module = module;

  handle() {
    const { steps, wbufsize } = JSON.parse(String(this.rfile.readline()));
    const wfile = wbufsize === undefined ? this.wfile : this.request.makefile("wb", { buffering: wbufsize });
    for (const [index, step] of steps.entries()) this.#perform(wfile, step, index);
    if (wbufsize !== undefined) wfile.close();
  }

  #perform(wfile, step, index) {
    if (step.kind === "write") wfile.write(dataOf(step, index));
    else if (step.kind === "writelines") wfile.writelines(piecesOf(step, index));
    else if (step.kind === "sendall") {
      // Two ways to one connection: of a blocking file, the program flushes what it has collected.
      wfile.flush();
      this.request.sendall(dataOf(step, index));
    } else if (step.kind === "flush") wfile.flush();
    else if (step.kind === "echo") wfile.write(this.rfile.readline());
    else if (step.kind === "throw") throw new RangeError("as the script says");
  }
}
