// An option can be a class field, as in Python, or an argument, which wins. Mistakes are refused.
import { type Address, BaseRequestHandler, TCPServer } from "ts-socketserver";

class SmallServer extends TCPServer {
  override requestQueueSize = 5;
}

const address: Address = ["127.0.0.1", 0];
await using server = new SmallServer(address, BaseRequestHandler, { shutdownTimeout: 2 });
await server.open();
console.log(server.requestQueueSize, server.shutdownTimeout);

try {
  // @ts-expect-error: the compiler knows it, too.
  new TCPServer(address, BaseRequestHandler, { requestQueSize: 5 });
} catch (error) {
  console.log(String(error));
}

try {
  await using wrong = new TCPServer(address, BaseRequestHandler, { shutdownTimeout: -1 });
  await wrong.open();
} catch (error) {
  console.log(String(error));
}
