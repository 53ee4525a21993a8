// Messages over a stream: four bytes that say how long the message is, then the message.
import {
  createConnection,
  MultiplexingTCPServer,
  type StreamReader,
  StreamRequestHandler,
  type StreamWriter,
} from "ts-socketserver";

const MAX_LENGTH = 1024 * 1024; // a peer must not decide how much memory it takes

async function readMessage(reader: StreamReader): Promise<unknown> {
  const length = (await reader.readexactly(4)).readUInt32BE();
  if (length > MAX_LENGTH) throw new RangeError(`A message of ${length} bytes is too long`);
  return JSON.parse((await reader.readexactly(length)).toString());
}

async function writeMessage(writer: StreamWriter, message: unknown): Promise<void> {
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  await writer.writelines([head, body]); // sent as one
}

class Mirror extends StreamRequestHandler {
  override async handle(): Promise<void> {
    const message = await readMessage(this.rfile);
    await writeMessage(this.wfile, { youSent: message });
  }
}

await using server = new MultiplexingTCPServer(["127.0.0.1", 0], Mirror);
await server.open();
const handled = server.handleRequest();

await using client = await createConnection(server.serverAddress);
await using writer = client.makefile("wb");
await using reader = client.makefile("rb");
await writeMessage(writer, { text: "hello", numbers: [1, 2] });
console.log(await readMessage(reader));
await handled;
