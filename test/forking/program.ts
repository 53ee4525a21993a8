/** The same in TypeScript, handler and all: node --import tsx program.ts */
import { ForkingTCPServer, isMain, StreamRequestHandler } from "ts-socketserver";

export class Shout extends StreamRequestHandler {
  static override readonly module = import.meta.url;
  readonly #end: string = "!";
  override async handle(): Promise<void> {
    for await (const line of this.rfile)
      await this.wfile.write(`${line.toString().trim().toUpperCase()}${this.#end}\n`);
  }
}

if (isMain(import.meta.url)) {
  const server = new ForkingTCPServer(["127.0.0.1", 0], Shout, { children: 1 });
  process.on("SIGTERM", () => void server.serverClose());
  await server.open();
  console.log(JSON.stringify({ port: server.serverAddress[1], children: [...server.activeChildren] }));
  await server.serveForever();
  await server.serverClose();
}
