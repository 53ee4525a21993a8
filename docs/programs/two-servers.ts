// Two servers in one program: the same answers over TCP and UDP.
import { AF_INET, createConnection, MultiplexingTCPServer, MultiplexingUDPServer, Socket } from "ts-socketserver";
import { UpperDatagramHandler, UpperStreamHandler } from "ts-socketserver/servers";
import { SOCK_DGRAM } from "ts-socketserver/socket";

await using tcp = new MultiplexingTCPServer(["127.0.0.1", 0], UpperStreamHandler);
await tcp.open();
await using udp = new MultiplexingUDPServer(["127.0.0.1", 0], UpperDatagramHandler);
await udp.open();
const stop = new AbortController();
const { signal } = stop;
const serving = Promise.all([tcp.serveForever({ signal }), udp.serveForever({ signal })]);

await using stream = await createConnection(tcp.serverAddress);
await stream.sendall("over tcp\n");
console.log((await stream.recv(1024)).toString().trim());

await using datagrams = new Socket(AF_INET, SOCK_DGRAM);
await datagrams.sendto("over udp", udp.serverAddress);
console.log((await datagrams.recv(1024)).toString());

stop.abort(); // both serveForever() return
await serving;
