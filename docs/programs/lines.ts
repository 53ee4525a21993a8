// Reading a stream by the line, by the length and up to a separator.
import { IncompleteReadError, StreamReader } from "ts-socketserver";
import { memoryStreamPair } from "ts-socketserver/testing";

// A connection in memory; a Socket is used in the same way.
const [client, server] = memoryStreamPair();
await client.sendall(Buffer.from("first line\nsecond line\nkey: value\r\n\r\n12345and the rest"));
client.shutdown();

const reader = new StreamReader(server);
const print = (bytes: Buffer): void => console.log(JSON.stringify(bytes.toString()));

print(await reader.readline()); // with its "\n"
print(await reader.readline());
print(await reader.readuntil("\r\n\r\n"));
print(await reader.readexactly(5));
print(await reader.read()); // to the end of the stream
print(await reader.readline()); // at the end: no bytes

try {
  await reader.readexactly(1);
} catch (error) {
  console.log(error instanceof IncompleteReadError);
}
