import { type BaseServer, isInetAddress, MultiplexingTCPServer } from "ts-socketserver";
import { ChatMixIn, ChatRoom, ChatServer, ChatStreamHandler } from "ts-socketserver/servers";
import { type RunningServer, StreamTestClient, serve } from "ts-socketserver/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Protocol } from "../../dist/cli/endpoint.js";
import { endpointFor } from "../cli/endpoints.js";
import { netcat, PYTHON, python, telnet } from "../clients/programs.js";
import { hearErrors } from "../robustness/support.js";
import { RunningCommand } from "../support/running-command.js";
import { within } from "../support/within.js";
import { chatRoomServer, makeServer, modelsOf, serve as serveBuilt } from "./built.js";
import { flood, MEGABYTE, unmeasured } from "./flood.js";
import { whyNot } from "./models.js";
import { refusalOf } from "./refusal.js";

const WELCOME = "* Welcome to the chat. Which nickname would you like?\n";

const serveRoom = () => serve(new ChatServer(["127.0.0.1", 0], ChatStreamHandler));

/** Takes somebody through the door. */
async function enter(client: StreamTestClient, nickname: string): Promise<void> {
  expect(await client.readLine()).toBe(WELCOME);
  await client.write(`${nickname}\n`);
  expect(await client.readLine()).toContain(`* Hello, ${nickname}.`);
}

/** Reads until a line is there. */
async function expectLine(client: StreamTestClient, line: string): Promise<void> {
  while ((await client.readLine()) !== `${line}\n`);
}

describe.each(modelsOf(chatRoomServer))("A chat room run as $name", (model) => {
  const unless = whyNot(model.name);
  const workers = model.name === "threading" ? { threads: 2 } : {};
  // One server for all tests: what a thread costs is its start. The last one closes it.
  let running: RunningServer<BaseServer>;

  async function serveRoomOver(protocol: Protocol): Promise<RunningServer<BaseServer>> {
    // Closing waits for nobody: everybody is sent off.
    const options = { shutdownTimeout: 60, ...workers };
    return await serveBuilt(makeServer({ bundled: chatRoomServer, model, endpoint: endpointFor(protocol), options }));
  }

  beforeAll(async () => {
    if (unless === "") running = await serveRoomOver("tcp");
  });
  afterAll(async () => {
    if (unless === "") await running.close();
  });

  async function expectAnswers(client: StreamTestClient): Promise<void> {
    await enter(client, "Ana");
    await client.write("/who\nhello?\n/quit\n");
    expect(await client.readAll()).toBe("* Here: Ana.\n* Goodbye.\n");
  }

  it.skipIf(unless)(`answers somebody over tcp${unless}`, async () => {
    await using client = await running.connect();
    await expectAnswers(client);
  });

  it.skipIf(unless)(`answers somebody over unix${unless}`, async () => {
    await using room = await serveRoomOver("unix");
    await using client = await room.connect();
    await expectAnswers(client);
  });

  const alone = model.name === "plain" ? " (skipped: it serves one at a time)" : unless;
  it.skipIf(alone)(`lets three people talk, and tells who comes and goes${alone}`, async () => {
    await using ana = await running.connect();
    await enter(ana, "Ana");
    await using ben = await running.connect();
    await enter(ben, "Ben");
    await using cleo = await running.connect();
    await enter(cleo, "Cleo");
    await ben.write("good morning\r\n");
    for (const other of [ana, cleo]) await expectLine(other, "Ben: good morning");
    await cleo.write("/nick Kleo\n");
    await expectLine(ben, "* Cleo is now Kleo.");
    await ana.write("/who\n");
    await expectLine(ana, "* Here: Ana, Ben, Kleo.");
    // Each goes in a way of their own.
    ben.end();
    for (const other of [ana, cleo]) await expectLine(other, "* Ben has left.");
    expect(await ben.readAll()).toBe("");
    cleo.reset();
    await expectLine(ana, "* Kleo has left.");
    await ana.write("/quit\n");
    expect(await ana.readAll()).toContain("* Goodbye.\n");
  });

  it.skipIf(unless)(`sends everybody off when the server closes, at once${unless}`, async () => {
    await using client = await running.connect();
    await enter(client, "Ana");
    await within(30, "closing", running.close());
    expect(await client.readAll()).toBe("* The chat closes. Goodbye.\n");
  });
});

describe("A chat room run as plain", () => {
  it("lets one person in at a time", async () => {
    const [model] = modelsOf(chatRoomServer);
    if (model?.name !== "plain") throw new Error("plain is not the first model.");
    await using running = await serveBuilt(
      makeServer({ bundled: chatRoomServer, model, endpoint: endpointFor("tcp") }),
    );
    await using ana = await running.connect();
    await enter(ana, "Ana");
    await using ben = await running.connect();
    await ben.write("Ben\n/who\n");
    await ana.write("/who\n");
    expect(await ana.readLine()).toBe("* Here: Ana.\n");
    expect(ben.available).toBe(0);
    await ana.write("/quit\n");
    await expectLine(ben, "* Here: Ben.");
  });
});

describe("ChatStreamHandler", () => {
  it("tells who ends the sending all that is still to be told", async () => {
    await using running = await serveRoom();
    await using client = await running.connect();
    await client.write("Ana\n/who\n/who");
    client.end();
    const said = "* Hello, Ana. Nobody else is here. /help tells what you can do.\n* Here: Ana.\n* Here: Ana.\n";
    expect(await client.readAll()).toBe(WELCOME + said);
  });

  it("tells it also to who reads slowly, and has ended the sending meanwhile", async () => {
    class Patient extends ChatServer {
      override readonly room = new ChatRoom({ maxWaiting: 100_000, maxTextLength: 8000 });
    }
    class Unhurried extends ChatStreamHandler {
      override sendTimeout = 300;
    }
    await using running = await serve(new Patient(["127.0.0.1", 0], Unhurried));
    await using ana = await running.connect();
    await enter(ana, "Ana");
    await using slow = await running.connect();
    await enter(slow, "Slow");
    slow.pause();
    // More than the system keeps for both.
    const said = Array.from({ length: 1900 }, (_, number) => `${number} ${"x".repeat(7900)}\n`);
    await ana.write(said.join(""));
    await ana.write("/nick Anna\n");
    await expectLine(ana, "* You are now Anna.");
    slow.end();
    await expectLine(ana, "* Slow has left.");
    slow.resume();
    const heard = (await slow.readAll()).match(/.*\n/g) ?? [];
    expect(heard.slice(0, -1)).toEqual(said.map((line) => `Ana: ${line}`));
    expect(heard.at(-1)).toBe("* Ana is now Anna.\n");
  });

  it("replaces invalid UTF-8, and goes on", async () => {
    await using running = await serveRoom();
    await using ana = await running.connect();
    await enter(ana, "Ana");
    await using ben = await running.connect();
    await enter(ben, "Ben");
    await ben.write(Buffer.from([0x61, 0xc3, 0x28, 0x0a]));
    await expectLine(ana, "Ben: a\ufffd(");
  });

  it("ends the connection at a line that is too long, and tells why; the others stay", async () => {
    await using running = await serveRoom();
    using errors = hearErrors(running.server);
    await using ana = await running.connect();
    await enter(ana, "Ana");
    await using ben = await running.connect();
    await enter(ben, "Ben");
    await ben.write("x".repeat(8193));
    expect(await ben.readAll()).toBe("* That line is too long. Goodbye.\n");
    await expectLine(ana, "* Ben has left.");
    expect(errors.heard).toEqual([]);
  });

  it("drops who does not read, without holding up the others or keeping what is said", async () => {
    class LongLines extends ChatServer {
      override readonly room = new ChatRoom({ maxTextLength: 8000 });
    }
    await using running = await serve(new LongLines(["127.0.0.1", 0], ChatStreamHandler));
    using errors = hearErrors(running.server);
    await using ana = await running.connect();
    await enter(ana, "Ana");
    await using slow = await running.connect();
    await enter(slow, "Slow");
    slow.pause();
    await using ben = await running.connect();
    await enter(ben, "Ben");
    const text = "x".repeat(8000);
    let dropped = false;
    for (let said = 0; !dropped; said += 1) {
      expect(said).toBeLessThan(5000);
      await ana.write(`${text}\n`);
      const line = await ben.readLine();
      dropped = line === "* Slow was too slow and has been dropped.\n";
      if (!dropped) expect(line).toBe(`Ana: ${text}\n`);
    }
    expect(running.server.room.nicknames).toEqual(["Ana", "Ben"]);
    // It may still read what the system has kept for it.
    slow.resume();
    expect(await slow.readAll()).toMatch(/\n\* You did not take what was said in time, and have been dropped\.\n$/);
    expect(errors.heard).toEqual([]);
  });

  it("gives up who takes nothing at all, after sendTimeout, also where little is said", async () => {
    class Impatient extends ChatStreamHandler {
      override sendTimeout = 0.1;
    }
    class Waiting extends ChatServer {
      override readonly room = new ChatRoom({ maxWaiting: 1_000_000 });
    }
    await using running = await serve(new Waiting(["127.0.0.1", 0], Impatient));
    using errors = hearErrors(running.server);
    await using ana = await running.connect();
    await enter(ana, "Ana");
    await using slow = await running.connect();
    await enter(slow, "Slow");
    slow.pause();
    const text = `${"x".repeat(1000)}\n`.repeat(1000);
    const said = within(60, "being told", expectLine(ana, "* Slow was too slow and has been dropped."));
    for (let sent = 0; sent < 20 && running.server.room.nicknames.includes("Slow"); sent += 1) await ana.write(text);
    await said;
    expect(errors.heard).toEqual([]);
  });

  it("drops nobody who reads when somebody says a thousand things at once", async () => {
    await using running = await serveRoom();
    await using ana = await running.connect();
    await enter(ana, "Ana");
    await using ben = await running.connect();
    await enter(ben, "Ben");
    const lines = Array.from({ length: 1000 }, (_, number) => `line ${number}\n`);
    await ana.write(lines.join(""));
    for (const line of lines) expect(await ben.readLine()).toBe(`Ana: ${line}`);
    expect(running.server.room.nicknames).toEqual(["Ana", "Ben"]);
  });

  it("is subclassed, as its server and its room are", async () => {
    class Shouting extends ChatRoom {
      override refuseNickname(): null {
        return null;
      }
    }
    class MyServer extends ChatMixIn(MultiplexingTCPServer) {
      override readonly room = new Shouting();
    }
    class MyHandler extends ChatStreamHandler {
      override maxLineLength = 10;
    }
    await using running = await serve(new MyServer(["127.0.0.1", 0], MyHandler));
    await using client = await running.connect();
    expect(await client.readLine()).toBe(WELCOME);
    await client.write("two words\n");
    expect(await client.readLine()).toContain("* Hello, two words.");
    await client.write("0123456789a\n");
    expect(await client.readLine()).toBe("* That line is too long. Goodbye.\n");
  });
});

/** A room by the command, and where it is. */
async function startRoom(...options: string[]) {
  const command = RunningCommand.start("chat", "--room", "--tcp", "127.0.0.1:0", ...options);
  const { serverAddress, tryIt } = await command.started();
  const [host = "", port = ""] = serverAddress.split(":");
  return { command, host, port, tryIt, address: [host, Number(port)] as const };
}

describe("socketserver chat --room", () => {
  let room: Awaited<ReturnType<typeof startRoom>>;
  beforeAll(async () => {
    room = await startRoom();
  });
  afterAll(async () => {
    await room.command[Symbol.asyncDispose]();
  });

  it("says in its first line how to come in", () => {
    expect(room.tryIt).toBe(`socketserver chat --connect ${room.host}:${room.port}`);
  });

  it.skipIf(unmeasured)(`ends 100 MB without a line's end, in little memory${unmeasured}`, async () => {
    await using ana = await StreamTestClient.connect(room.address);
    await enter(ana, "Ana");
    expect(await flood(room, Buffer.alloc(MEGABYTE, "x"))).toContain("* That line is too long. Goodbye.\n");
    expect(await flood(room, Buffer.alloc(MEGABYTE, "x"), "Ben\n")).toContain("* That line is too long. Goodbye.\n");
    await expectLine(ana, "* Ben has left.");
    await ana.write("/quit\n");
    expect(await ana.readAll()).toBe("* Goodbye.\n");
  });

  it("refuses --model forking, and says what it cannot do", async () => {
    expect(await refusalOf("chat", "--room", "--model", "forking")).toEqual({
      exitCode: 1,
      text:
        'socketserver: Cannot use "forking" as --model of chat: it takes plain, multiplexing or threading. ' +
        "A room and its people are in one process: one for several processes or machines is yet to come.\n",
    });
  });

  // The last one: it ends the command of all.
  it("ends with SIGTERM, everybody told", async () => {
    await using ana = await StreamTestClient.connect(room.address);
    await enter(ana, "Ana");
    room.command.signal("SIGTERM");
    expect(await ana.readAll()).toBe("* The chat closes. Goodbye.\n");
    expect(await room.command.exit).toEqual({ code: 0, signal: null });
  });
});

const PYTHON_CLIENT = `
import socket, sys, threading
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def show():
    with s.makefile("r", encoding="utf-8") as lines:
        for line in lines:
            print(line, end="", flush=True)
threading.Thread(target=show, daemon=True).start()
for line in sys.stdin:
    s.sendall(line.encode())
`;

describe.skipIf(netcat.missing || python.missing || telnet.missing)(
  `socketserver chat --room with nc, telnet and CPython at once${netcat.reason}${telnet.reason}${python.reason}`,
  () => {
    // The other one is the default, which the tests above run.
    const model = whyNot("threading") === "" ? "threading" : "multiplexing";
    it(`lets them talk (${model})`, async () => {
      const { command, host, port } = await startRoom("--model", model);
      await using _command = command;
      await using nc = RunningCommand.startProgram("nc", host, port);
      await using telnetClient = RunningCommand.startProgram("telnet", host, port);
      await using pythonClient = RunningCommand.startProgram(PYTHON, "-u", "-c", PYTHON_CLIENT, host, port);
      await using own = RunningCommand.start("chat", "--connect", `${host}:${port}`, "--name", "Olga");
      await own.output(/^\* Hello, Olga\./m);
      for (const [client, nickname] of [
        [nc, "Nick"],
        [telnetClient, "Tilda"],
        [pythonClient, "Monty"],
      ] as const) {
        await client.output(/^\* Welcome/m);
        client.type(`${nickname}\n`);
        await client.output(new RegExp(`^\\* Hello, ${nickname}\\.`, "m"));
        await own.output(new RegExp(`^\\* ${nickname} has joined\\.$`, "m"));
      }
      const all = [nc, telnetClient, pythonClient, own];
      for (const [index, name] of ["Nick", "Tilda", "Monty", "Olga"].entries()) {
        all[index]?.type(`größe from ${name}\n`);
        const others = all.filter((_, other) => other !== index);
        await Promise.all(others.map((other) => other.output(new RegExp(`^${name}: größe from ${name}\\r?$`, "m"))));
      }
      nc.type("/quit\n");
      await nc.output(/^\* Goodbye\.$/m);
      await own.output(/^\* Nick has left\.$/m);
      own.type("/quit\n");
      expect(await own.exit).toEqual({ code: 0, signal: null });
      await pythonClient.output(/^\* Olga has left\.$/m);
    });
  },
);

describe("The description of the room", () => {
  it("is no part of the catalogue's commands, but has what makeServer() needs", () => {
    const [model] = modelsOf(chatRoomServer);
    if (model === undefined) throw new Error("There is no model.");
    const server = makeServer({ bundled: chatRoomServer, model, endpoint: endpointFor("tcp") });
    expect(isInetAddress(server.serverAddress)).toBe(true);
    expect(server.RequestHandlerClass.name).toBe("ChatStreamHandler");
  });
});
