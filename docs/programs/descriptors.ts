// Descriptors: a connection can have two sockets, and move from one to another. Needs the native transport.
import { AF_UNIX, SOCK_STREAM, Socket, socketpair } from "ts-socketserver/socket";

const [one, other] = await socketpair();
console.log(one.fileno() > 2); // a number of this process; 0 to 2 are its own input and output

const copy = one.dup(); // a second socket for the same connection
await one.close(); // the connection goes on
await copy.sendall("from the copy");
console.log((await other.recv(1024)).toString());

const fileno = copy.detach(); // gives the number away; whoever gets it closes it
console.log(copy.closed, copy.fileno());

const again = new Socket(AF_UNIX, SOCK_STREAM, 0, { fileno }); // takes it over
await again.sendall("from the third");
console.log((await other.recv(1024)).toString());
await again.close(); // the last one: now the other end reads the end
console.log((await other.recv(1024)).length);
await other.close();
