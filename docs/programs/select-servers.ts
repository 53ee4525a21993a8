// Servers can be selected, too: one loop for two of them, and for what is to be done now and then.
import { AF_INET, createConnection, Socket, TCPServer, UDPServer } from "ts-socketserver";
import { select } from "ts-socketserver/selectors";
import { UpperDatagramHandler, UpperStreamHandler } from "ts-socketserver/servers";
import { SOCK_DGRAM } from "ts-socketserver/socket";

await using tcp = new TCPServer(["127.0.0.1", 0], UpperStreamHandler);
await using udp = new UDPServer(["127.0.0.1", 0], UpperDatagramHandler);
await tcp.open(); // select() needs its socket
await udp.open();

async function serve(requests: number): Promise<void> {
  let idle = 0;
  while (requests > 0) {
    const [ready] = await select([tcp, udp], [], [], 0.05); // seconds
    if (ready.length === 0) idle += 1;
    for (const server of ready) {
      await server.handleRequest(); // there is one, so this does not wait for it
      requests -= 1;
    }
  }
  console.log(`nothing to do: ${idle > 0}`);
}

const serving = serve(2);

await using datagrams = new Socket(AF_INET, SOCK_DGRAM);
await datagrams.sendto("over udp", udp.serverAddress);
console.log((await datagrams.recv(1024)).toString());
await new Promise((resolve) => setTimeout(resolve, 200)); // the loop has nothing to do meanwhile

await using stream = await createConnection(tcp.serverAddress);
await stream.sendall("over tcp\n");
console.log((await stream.recv(1024)).toString().trim());
await stream.close();
await serving;
