// A connection as a text file, read and written.
import { socketpair } from "ts-socketserver/socket";

const [one, other] = await socketpair();

const writer = one.makefile("w", { newline: "\r\n" }); // "\n" is sent as "\r\n"
await writer.write("Grüße\n");
await writer.write("second line\n");
await writer.close(); // flushes; the socket stays open
await one.close();

for await (const line of other.makefile("r")) console.log(JSON.stringify(line)); // any line end is read as "\n"
await other.close();
