// A test of what reads and writes, without a socket: the test decides how the bytes are cut.
import assert from "node:assert/strict";
import { ConnectionResetError, StreamReader } from "ts-socketserver";
import { memoryStreamPair } from "ts-socketserver/testing";

const [client, server] = memoryStreamPair();
const reader = new StreamReader(server);

// One line that arrives in two pieces.
const line = reader.readline();
await client.sendall(Buffer.from("hel"));
await client.sendall(Buffer.from("lo\n"));
assert.equal((await line).toString(), "hello\n");

// A connection that breaks.
server.fail(new ConnectionResetError("the cable was pulled", { code: "ECONNRESET" }));
await assert.rejects(reader.readline(), ConnectionResetError);
console.log("passed");
