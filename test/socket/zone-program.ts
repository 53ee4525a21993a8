/**
 * The program that zones.test.ts runs in a network of its own: servers and clients at link-local addresses. It prints what each
 * step came to, as JSON.
 */

import {
  type Address,
  AF_INET,
  AF_INET6,
  BlockingSocket,
  capabilities,
  createConnection,
  ForkingTCPServer,
  type InetAddress,
  isInetAddress,
  OSError,
  Socket,
  StreamRequestHandler,
  TCPServer,
} from "ts-socketserver";
import { getaddrinfo, IPPROTO_ICMP, IPPROTO_ICMPV6, SOCK_DGRAM, SOCK_STREAM } from "ts-socketserver/socket";
// A child takes its handler from a module of its own.
import { Names } from "../support/zone-handlers.mjs";

const outcomes: Record<string, unknown> = {};

/** Notes what a step gives, or the error that it fails with. */
async function step(name: string, run: () => unknown): Promise<void> {
  try {
    outcomes[name] = await run();
  } catch (error) {
    outcomes[name] = error instanceof OSError ? `${error.name}: ${error.message}` : String(error);
  }
}

/** An address, of which the port that the system chose is written 0. */
function withoutPort(address: Address): readonly unknown[] {
  return isInetAddress(address) ? [address[0], 0, ...address.slice(2)] : [address];
}

class Greet extends StreamRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write(JSON.stringify(withoutPort(this.clientAddress)));
  }
}

const [answer] = await getaddrinfo("fe80::1%zone0", 0);
const zone0 = answer?.[4][3] ?? 0;
outcomes.zone0 = zone0;

const FORMS: Readonly<Record<string, (port: number) => InetAddress>> = {
  "by name": (port) => ["fe80::1%zone0", port],
  "by number": (port) => [`fe80::1%${zone0}`, port],
  "in four parts": (port) => ["fe80::1", port, 0, zone0],
};

for (const [form, at] of Object.entries(FORMS)) {
  await step(`server ${form}`, async () => {
    await using server = new TCPServer(at(0), Greet, { addressFamily: AF_INET6 });
    await server.open();
    const serving = server.handleRequest();
    await using client = await createConnection(server.serverAddress);
    const seen = JSON.parse(String(await client.recv(100)));
    await serving;
    return [
      withoutPort(server.serverAddress),
      seen,
      withoutPort(client.getpeername()),
      withoutPort(client.getsockname()),
    ];
  });
}

await step("server in a child", async () => {
  await using server = new ForkingTCPServer(["fe80::1%zone0", 0], Names, { addressFamily: AF_INET6 });
  await server.open();
  const serving = server.handleRequest();
  await using client = await createConnection(server.serverAddress);
  const names: Address[] = JSON.parse(String(await client.recv(200)));
  await serving;
  return names.map(withoutPort);
});

await using listener = new Socket(AF_INET6, SOCK_STREAM);
await listener.bind(["::", 0]);
await listener.listen();
const port = portOf(listener);
await step("listener", () => withoutPort(listener.getsockname()));

function portOf(socket: Socket | BlockingSocket): number {
  return Number(socket.getsockname()[1]);
}

async function accepted(): Promise<readonly unknown[]> {
  const [connection, address] = await listener.accept();
  await using _connection = connection;
  return [withoutPort(address), withoutPort(connection.getsockname())];
}

for (const [form, at] of Object.entries(FORMS)) {
  await step(`connect ${form}`, async () => {
    await using client = new Socket(AF_INET6, SOCK_STREAM);
    await client.connect(at(port));
    return [withoutPort(client.getpeername()), ...(await accepted())];
  });
  await step(`createConnection ${form}`, async () => {
    await using client = await createConnection(at(port));
    return [withoutPort(client.getpeername()), ...(await accepted())];
  });
}
await step("connect without a zone", async () => {
  await using client = new Socket(AF_INET6, SOCK_STREAM);
  await client.connect(["fe80::1", port]);
});
await step("connect to an interface that there is not", () => createConnection(["fe80::1%nosuch0", port]));
await step("connect by a name that Node does not take", async () => {
  await using client = await createConnection(["fe80::2%zone_1", port]);
  return withoutPort(client.getpeername());
});

await step("datagrams", async () => {
  await using one = new Socket(AF_INET6, SOCK_DGRAM);
  await using other = new Socket(AF_INET6, SOCK_DGRAM);
  await one.bind(["fe80::1%zone0", 0]);
  await other.bind(["fe80::1", 0, 0, zone0]);
  await one.sendto("by name", ["fe80::1%zone0", portOf(other)]);
  const [text, sender] = await other.recvfrom(20);
  await other.sendto("answer", sender);
  const [answer, answerer] = await one.recvfrom(20);
  await one.connect(other.getsockname());
  const names = [sender, answerer, one.getsockname(), one.getpeername()].map(withoutPort);
  return [String(text), String(answer), ...names];
});

if (capabilities().blockingSockets) {
  await step("blocking", () => {
    using server = new BlockingSocket(AF_INET6);
    server.bind(["fe80::1%zone0", 0]);
    server.listen();
    using client = new BlockingSocket(AF_INET6);
    client.connect(["fe80::1", portOf(server), 0, zone0]);
    const [connection, address] = server.accept();
    using _connection = connection;
    return [server.getsockname(), address, client.getpeername()].map(withoutPort);
  });
  const PINGS = [
    ["ping", AF_INET, IPPROTO_ICMP, "127.0.0.1", 8, 0],
    ["ping over IPv6", AF_INET6, IPPROTO_ICMPV6, "fe80::1%zone0", 128, 129],
  ] as const;
  for (const [name, family, protocol, host, request, reply] of PINGS) {
    await step(name, async () => {
      await using socket = new Socket(family, SOCK_DGRAM, protocol);
      socket.settimeout(60);
      // Type, code, check sum and identifier (both the system's part), sequence number.
      const sent = await socket.sendto(Buffer.from([request, 0, 0, 0, 0, 0, 0, 1]), [host, 0]);
      const [data, address] = await socket.recvfrom(100);
      return [sent, data[0] === reply, address];
    });
    await step(`blocking ${name}`, () => {
      using socket = new BlockingSocket(family, SOCK_DGRAM, protocol);
      socket.settimeout(60);
      const sent = socket.sendto(Buffer.from([request, 0, 0, 0, 0, 0, 0, 1]), [host, 0]);
      const [data, address] = socket.recvfrom(100);
      return [sent, data[0] === reply, address];
    });
  }
}

console.log(JSON.stringify(outcomes));
process.exit(0);
