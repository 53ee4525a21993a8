// A test of a server, on a real socket; here with Node's own assertions.
import assert from "node:assert/strict";
import { MultiplexingTCPServer } from "ts-socketserver";
import { UpperStreamHandler } from "ts-socketserver/servers";
import { serve } from "ts-socketserver/testing";

await using running = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], UpperStreamHandler));
await using client = await running.connect();

await client.write("hello\n");
assert.equal(await client.readLine(), "HELLO\n");

client.end();
assert.equal(await client.readAll(), "");
console.log("passed");
