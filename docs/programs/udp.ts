// A UDP server: each datagram is a request, and the handler's answer is one datagram.
import { AF_INET, DatagramRequestHandler, Socket, UDPServer } from "ts-socketserver";
import { SOCK_DGRAM } from "ts-socketserver/socket";

class Upper extends DatagramRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write(this.packet.toString().toUpperCase());
  }
}

await using server = new UDPServer(["127.0.0.1", 0], Upper);
await server.open();
const serving = server.serveForever();

await using client = new Socket(AF_INET, SOCK_DGRAM); // there is no connection to make
await client.sendto("hello", server.serverAddress);
const [data] = await client.recvfrom(1024);
console.log(data.toString());

await server.shutdown();
await serving;
