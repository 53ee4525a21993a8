// Two UDP sockets: each datagram arrives whole, with its sender's address.
import { AF_INET, SOCK_DGRAM, Socket } from "ts-socketserver/socket";

await using alice = new Socket(AF_INET, SOCK_DGRAM);
await using bob = new Socket(AF_INET, SOCK_DGRAM);
await alice.bind(["127.0.0.1", 0]);
await bob.bind(["127.0.0.1", 0]);

await alice.sendto("one", bob.getsockname());
await alice.sendto("twenty-two", bob.getsockname());

const [first, sender] = await bob.recvfrom(1024);
console.log(first.toString(), sender[1] === alice.getsockname()[1]);

// What is longer than the size asked for is cut, and the third item says so.
const [second, , truncated] = await bob.recvfrom(6);
console.log(second.toString(), truncated);
