// Every step of a server that may be overridden, in the order in which they are called.
import { type Address, createConnection, type Socket, StreamRequestHandler, TCPServer } from "ts-socketserver";

class Handler extends StreamRequestHandler {
  override async setup(): Promise<void> {
    console.log("      setup");
    await super.setup();
  }
  override async handle(): Promise<void> {
    console.log("      handle");
    await this.rfile.readline();
    throw new Error("the handler failed");
  }
  override async finish(): Promise<void> {
    console.log("      finish");
    await super.finish();
  }
}

class TalkativeServer extends TCPServer {
  override async serverBind(): Promise<void> {
    console.log("serverBind");
    await super.serverBind();
  }
  override async serverActivate(): Promise<void> {
    console.log("serverActivate");
    await super.serverActivate();
  }
  override async getRequest(): Promise<[Socket, Address]> {
    console.log("getRequest");
    return super.getRequest();
  }
  override async verifyRequest(): Promise<boolean> {
    console.log("  verifyRequest");
    return true;
  }
  override async processRequest(request: Socket, clientAddress: Address): Promise<void> {
    console.log("  processRequest");
    await super.processRequest(request, clientAddress);
  }
  override async finishRequest(request: Socket, clientAddress: Address): Promise<void> {
    console.log("    finishRequest");
    await super.finishRequest(request, clientAddress);
  }
  override handleError(error: unknown): void {
    console.log(`    handleError: ${error instanceof Error ? error.message : String(error)}`);
  }
  override async shutdownRequest(request: Socket): Promise<void> {
    console.log("    shutdownRequest");
    await super.shutdownRequest(request);
  }
  override async closeRequest(request: Socket): Promise<void> {
    console.log("    closeRequest");
    await super.closeRequest(request);
  }
  override async serverClose(): Promise<void> {
    console.log("serverClose");
    await super.serverClose();
  }
}

await using server = new TalkativeServer(["127.0.0.1", 0], Handler);
await server.open();
const handled = server.handleRequest(); // one request; serveForever() does the same again and again

await using client = await createConnection(server.serverAddress);
await client.sendall("hello\n");
await handled;
