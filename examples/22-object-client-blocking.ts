// 22  Sending objects: the blocking twin. Needs the native transport.
//
// dumps() and loads() turn an object into bytes and bytes into an object. They wait for nobody, so they go with any socket.
//
// Run it:     npx tsx examples/22-object-client-blocking.ts   (either server of 21 runs in another terminal)
// It prints:
//
//     a Person named Grace, who is greeted: Hello, Grace!

import { ObjectCodec } from "ts-socketserver/servers";
import { AF_INET, BlockingSocket, SHUT_WR, SOCK_STREAM } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "12345"] = process.argv.slice(2);

class Person {
  name: string;

  constructor(name: string) {
    this.name = name;
  }

  greet(): string {
    return `Hello, ${this.name}!`;
  }
}

const codec = new ObjectCodec().register(Person);

using socket = new BlockingSocket(AF_INET, SOCK_STREAM);
socket.connect([host, Number(port)]);
socket.sendall(codec.dumps(new Person("Grace")));
socket.shutdown(SHUT_WR); // one object is all: so its end is the end of the stream, and it needs no length before it
const copy = codec.loads(socket.makefile("rb").read());

if (!(copy instanceof Person)) throw new Error("That is no Person");
console.log(`a Person named ${copy.name}, who is greeted: ${copy.greet()}`);
