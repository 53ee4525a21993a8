// 22  Sending objects: what Python's pickle is for, and why this is something else.
//
// JSON knows no dates, no Map and no classes, and no object that is in two places at once. Python's pickle carries all of it,
// by sending instructions that the other side carries out; so whoever can send a pickle can have the other side do anything.
// An ObjectCodec carries the same things as data. Classes are registered, and an object of no other class is made; nothing
// in a message is run.
//
// Run it:     npx tsx examples/22-object-client.ts   (21-json-server.ts runs in another terminal)
// It prints:
//
//     a Person named Grace, who is greeted: Hello, Grace!
//     since 1906-12-09
//     her friend's friend is herself: true
//     a copy, and not the same object: true
//     of a class that is not registered: ObjectError

import { prefixLength } from "ts-socketserver/framing";
import { ObjectCodec, ObjectError } from "ts-socketserver/servers";
import { createConnection, SHUT_WR } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "12345"] = process.argv.slice(2);

class Person {
  name: string;
  born: Date;
  friends = new Set<Person>();

  constructor(name: string, born: Date) {
    this.name = name;
    this.born = born;
  }

  greet(): string {
    return `Hello, ${this.name}!`;
  }
}

class Stranger {
  wantsIn = true;
}

// Both ends register the same classes: methods do not travel, only what the object holds.
const codec = new ObjectCodec().register(Person);

const grace = new Person("Grace", new Date("1906-12-09"));
const ada = new Person("Ada", new Date("1815-12-10"));
grace.friends.add(ada);
ada.friends.add(grace); // a circle, which JSON could not write

await using socket = await createConnection([host, Number(port)]);

// dump() and load() write and read a message with its length before it: see 18.
await codec.dump(grace, socket);
const copy = await codec.load(socket);

// TypeScript cannot know what has come. This looks, and from here on the compiler knows, too.
if (!(copy instanceof Person)) throw new Error("That is no Person");
console.log(`a Person named ${copy.name}, who is greeted: ${copy.greet()}`);
console.log(`since ${copy.born.toISOString().slice(0, 10)}`);
const [friend] = copy.friends;
console.log(`her friend's friend is herself: ${friend?.friends.has(copy)}`);
console.log(`a copy, and not the same object: ${copy !== grace}`);

// ── What nobody has registered ───────────────────────────────────────────────────────────────────────────────────────

// Another program may well send it. It does not get in.
const careless = new ObjectCodec().register(Stranger);
await socket.sendall(prefixLength(careless.dumps(new Stranger())));
await socket.shutdown(SHUT_WR);
try {
  await codec.load(socket);
} catch (error) {
  if (!(error instanceof ObjectError)) throw error;
  console.log(`of a class that is not registered: ${error.name}`);
}
