// TLS on a connection that has begun without: the client asks for it, and the handler gives the connection to node:tls.
import { once } from "node:events";
import { connect, createServer } from "node:tls";
import { createConnection, StreamRequestHandler, TCPServer } from "ts-socketserver";

// A key that both sides know spares this program a certificate: a server of yours has { key, cert } instead of all this.
const psk = Buffer.from("correct horse battery staple");
const options = { ciphers: "PSK", maxVersion: "TLSv1.2" } as const;

// It listens nowhere by itself.
const secure = createServer({ ...options, pskCallback: () => psk }, (connection) => {
  connection.once("data", (question) => {
    console.log(`server reads: ${question} (${connection.getProtocol()})`);
    connection.end("it is a secret");
  });
});

class Mail extends StreamRequestHandler {
  override rbufsize = 0; // reads nothing ahead: what comes after the line belongs to TLS

  override async handle(): Promise<void> {
    const line = await this.rfile.readline();
    console.log(`server reads: ${line.toString().trim()}`);
    await this.wfile.write("go ahead\n");
    const stream = this.request.toNodeSocket();
    secure.emit("connection", stream);
    await new Promise((resolve) => stream.once("close", resolve));
  }
}

await using server = new TCPServer(["127.0.0.1", 0], Mail);
await server.open();
const handled = server.handleRequest();

const client = await createConnection(server.serverAddress);
await client.sendall("STARTTLS\n");
console.log(`client reads: ${(await client.recv(1024)).toString().trim()}`);

const secured = connect({
  ...options,
  socket: client.toNodeSocket(),
  pskCallback: () => ({ psk, identity: "ada" }),
  checkServerIdentity: () => undefined, // there is no certificate to look at
});
secured.write("what is it?");
const [answer] = await once(secured, "data");
console.log(`client reads: ${answer}`);
secured.end();
await handled;
