// The clients and tools of the command, in a program: each is a function.
import { createConnection, MultiplexingTCPServer } from "ts-socketserver";
import { converse, findPorts, httpGet, portRangeOf, resolveName } from "ts-socketserver/clients";
import { HttpMixIn, HttpStreamHandler, UpperStreamHandler } from "ts-socketserver/servers";

// socketserver connect: any iterable of bytes is the input, such as process.stdin.
await using upper = new MultiplexingTCPServer(["127.0.0.1", 0], UpperStreamHandler);
await upper.open();
const uppering = upper.serveForever();

await using socket = await createConnection(upper.serverAddress);
const input = [Buffer.from("hello\n"), Buffer.from("goodbye\n")];
const { sent, received } = await converse(socket, input, (reply) => void process.stdout.write(reply));
console.log(`${sent} bytes sent, ${received} received`);

// socketserver fetch: the head is there at once, the body comes as it is read.
class WebServer extends HttpMixIn(MultiplexingTCPServer) {}
await using web = new WebServer(["127.0.0.1", 0], HttpStreamHandler);
await web.open();
const serving = web.serveForever();

{
  const [host, port] = web.serverAddress;
  await using response = await httpGet(`http://${host}:${port}/5062CEM.php?lecturer=Ada`);
  console.log(response.status, response.header("content-type"));
  console.log((await response.read()).toString().includes("Hello Ada"));
}

// socketserver resolve, socketserver ports
const [first] = await resolveName("127.0.0.1");
console.log(first?.family, first?.address);
console.log(findPorts("domain"), portRangeOf(60_000).name);

await web.shutdown();
await upper.shutdown();
await Promise.all([serving, uppering]);
