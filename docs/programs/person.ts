// Objects between two ends, in place of Python's pickle: each end registers the classes that it knows.
import { createConnection, MultiplexingTCPServer } from "ts-socketserver";
import { ObjectCodec, ObjectsStreamHandler } from "ts-socketserver/servers";

class Person {
  constructor(
    readonly name: string,
    readonly male: boolean,
    readonly friends = new Set<Person>(),
  ) {}

  greet(): string {
    return `I am ${this.name}, a friend of ${[...this.friends].map(({ name }) => name).join(" and ")}`;
  }
}

// It sends back what it gets, and knows no Person: there it is data, under the name of its class.
await using server = new MultiplexingTCPServer(["127.0.0.1", 0], ObjectsStreamHandler);
await server.open();
const serving = server.serveForever();

const codec = new ObjectCodec().register(Person);
const sarah = new Person("Sarah", false);
const tom = new Person("Tom", true);
sarah.friends.add(tom);
tom.friends.add(sarah); // each holds the other

const socket = await createConnection(server.serverAddress);
await codec.dump(sarah, socket); // as pickle.dump(): with the length before it
const copy = (await codec.load(socket)) as Person;
console.log(copy.greet());
const [friend] = copy.friends;
console.log(friend?.greet(), friend?.friends.has(copy));

// What no codec writes is refused: here, a field in the place of a method.
try {
  codec.loads(Buffer.from('[["class Person",1],{"greet":2},"no method"]'));
} catch (error) {
  console.log(String(error));
}

await socket.close();
await server.shutdown();
await serving;
