// 34  The exercise of the name: a server that sends back each line with a name behind it, to many clients at once.
//
// The whole of the exercise: any number of clients at the same time, written as a class, and the Esc key in the server's
// terminal ends it. `npx socketserver name --name Ali` is the same as it comes with this package; it knows more about telnet,
// and leaves a terminal in good order whatever happens.
//
// Run it:     npx tsx examples/34-name-server.ts Ali
//             and in other terminals, three of them at least: `telnet 127.0.0.1 8888`, or 34-name-client.ts
//             npx tsx examples/34-name-server.ts Ali 0.0.0.0 8888   (for clients on other machines)
// It prints, for one client:
//
//     Listening at 127.0.0.1:8888
//     127.0.0.1:54321 has come
//     127.0.0.1:54321 has left

import { formatAddress, MultiplexingTCPServer, StreamRequestHandler } from "ts-socketserver";

const [name = "Ali", host = "127.0.0.1", port = "8888"] = process.argv.slice(2);

// ── The handler: one object for each client ──────────────────────────────────────────────────────────────────────────

// The parameter in angle brackets says which server this.server is, so that the compiler knows its addedName.
class NameHandler extends StreamRequestHandler<NameServer> {
  override async handle(): Promise<void> {
    console.log(`${formatAddress(this.clientAddress)} has come`);
    // The loop ends when the client does. While it waits for this one's next line, the others' handlers go on.
    for await (const line of this.rfile) {
      const text = line.toString().trimEnd();
      await this.wfile.write(`${text} ${this.server.addedName}\r\n`); // "\r\n" ends a line for telnet
    }
  }

  override async finish(): Promise<void> {
    console.log(`${formatAddress(this.clientAddress)} has left`);
    await super.finish();
  }
}

// ── The server ───────────────────────────────────────────────────────────────────────────────────────────────────────

class NameServer extends MultiplexingTCPServer {
  readonly addedName: string;
  override shutdownTimeout = 1; // seconds that clients have to finish, once the server is to end

  constructor(addedName: string, address: [host: string, port: number]) {
    super(address, NameHandler);
    this.addedName = addedName;
  }
}

// ── Esc ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Calls a function when Esc is pressed. @returns what gives the terminal back */
function onEscape(pressed: () => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => undefined; // started by another program: there is no key to press
  // A terminal hands over what is typed by the line, and Esc ends no line. In raw mode each key comes at once, and all of
  // them: also Ctrl-C, which in this mode is a key like any other.
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  const onKey = (key: string): void => {
    if (key === "\u001b" || key === "\u0003") pressed(); // the arrows send "\u001b[A" and the like: not meant
  };
  stdin.on("data", onKey);
  console.log("Esc ends it");
  return () => {
    stdin.off("data", onKey);
    stdin.setRawMode(false);
    stdin.pause(); // otherwise the program would wait for keys, and never end
  };
}

// ── All together ─────────────────────────────────────────────────────────────────────────────────────────────────────

await using server = new NameServer(name, [host, Number(port)]);
await server.open();
console.log(`Listening at ${formatAddress(server.serverAddress)}`);

const stop = new AbortController();
const giveBack = onEscape(() => stop.abort());
try {
  await server.serveForever({ signal: stop.signal }); // until Esc; or Ctrl-C, where it is no terminal
} finally {
  giveBack();
}
// Here `await using` closes the server: nobody can connect any more, and the clients that are there have their second.
