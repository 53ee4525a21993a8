import { MultiplexingTCPServer, StreamRequestHandler } from "ts-socketserver";

class Hello extends StreamRequestHandler {
  override async handle(): Promise<void> {
    const name = (await this.rfile.readline()).toString().trim();
    await this.wfile.write(`Hello, ${name}!\n`);
  }
}

await using server = new MultiplexingTCPServer(["127.0.0.1", 9999], Hello);
await server.serveForever();
