// A chat room with a command of its own.
import { createConnection, type Socket } from "ts-socketserver";
import { ChatRoom, ChatServer, ChatStreamHandler } from "ts-socketserver/servers";

class DancingRoom extends ChatRoom {
  constructor() {
    super({ maxNicknameLength: 10 });
    this.commands.set("dance", {
      help: "/dance dances",
      run: (member) => this.sendToOthers(member, `* ${member.nickname} dances.`),
    });
  }
}

class DancingServer extends ChatServer {
  override readonly room = new DancingRoom();
}

await using server = new DancingServer(["127.0.0.1", 0], ChatStreamHandler);
await server.open();
const serving = server.serveForever();

/** Comes in, and takes what is told at the door. */
async function enter(connection: Socket, nickname: string) {
  const file = connection.makefile("rw");
  const say = async (text: string): Promise<void> => {
    await file.write(`${text}\n`);
    await file.flush();
  };
  await say(nickname);
  for (let line = ""; !line.startsWith("* Hello"); ) line = await file.readline();
  const hear = async () => (await file.readline()).trimEnd();
  return { say, hear, [Symbol.asyncDispose]: () => file.close() };
}

await using one = await createConnection(server.serverAddress);
await using other = await createConnection(server.serverAddress);
await using ana = await enter(one, "Ana");
await using ben = await enter(other, "Ben");
console.log(`Ana hears: ${await ana.hear()}`);
await ben.say("good morning");
console.log(`Ana hears: ${await ana.hear()}`);
await ben.say("/dance");
console.log(`Ana hears: ${await ana.hear()}`);
await ana.say("bravo");
console.log(`Ben hears: ${await ben.hear()}`);

await server.serverClose(); // tells everybody, and ends their connections
await serving;
console.log(`Ana hears: ${await ana.hear()}`);
