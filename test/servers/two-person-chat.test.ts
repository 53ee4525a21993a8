import {
  type Address,
  ConnectionRefusedError,
  ConnectionResetError,
  createConnection,
  LimitOverrunError,
  TimeoutError,
} from "ts-socketserver";
import {
  type ChatEnding,
  type ChatPartner,
  ChatServer,
  ChatStreamHandler,
  chatOver,
  type HostChatOptions,
  hostChat,
  joinChat,
  parseChatName,
} from "ts-socketserver/servers";
import { createServer, socketpair } from "ts-socketserver/socket";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { Gate } from "../robustness/support.js";
import { FullBacklog } from "../socket/full-backlog.js";
import { isPending } from "../support/settle.js";
import { temporaryPath } from "../support/temporary-path.js";
import { within } from "../support/within.js";

/** Says what it is given, one after the other, and then leaves. Keeps the transcript. */
class Scripted implements ChatPartner {
  readonly name: string;
  readonly transcript: string[] = [];
  readonly #words: (string | Promise<string>)[];

  constructor(name: string, ...words: (string | Promise<string>)[]) {
    this.name = name;
    this.#words = words;
  }
  met(other: string): void {
    this.transcript.push(`met ${other}`);
  }
  async next(): Promise<string | null> {
    return (await this.#words.shift()) ?? null;
  }
  said(name: string, text: string): void {
    this.transcript.push(`${name}: ${text}`);
  }
}

/** Waits for who calls. @returns where, and how it ends */
async function host(partner: ChatPartner, options: HostChatOptions = {}, where: Address = ["127.0.0.1", 0]) {
  let ending: Promise<ChatEnding | null> | undefined;
  const address = await new Promise<Address>((resolve, reject) => {
    ending = hostChat(where, partner, { ...options, onWaiting: resolve });
    ending.catch(reject);
  });
  if (ending === undefined) throw new Error("hostChat() has not begun.");
  return { address, ending };
}

describe("joinChat, where nobody answers", () => {
  it("gives up after a while", async () => {
    await using full = await FullBacklog.start("127.0.0.1");
    const joined = joinChat(full.address, new Scripted("Ben"), { timeout: 0.1 });
    await expect(within(5, "the call", joined)).rejects.toThrow(TimeoutError);
  });

  it("leaves when the signal comes, also before the call", async () => {
    await using full = await FullBacklog.start("127.0.0.1");
    const leaving = new AbortController();
    const { signal } = leaving;
    const joined = joinChat(full.address, new Scripted("Ben"), { signal });
    expect(await isPending(joined)).toBe(true);
    leaving.abort();
    expect(await within(5, "the call", joined)).toBeNull();
    expect(await within(5, "the call", joinChat(full.address, new Scripted("Ben"), { signal }))).toBeNull();
  });

  it("ends a connection that comes when the signal has", async () => {
    await using listener = await createServer(["127.0.0.1", 0]);
    const leaving = new AbortController();
    const joined = joinChat(listener.getsockname(), new Scripted("Ben"), { signal: leaving.signal });
    leaving.abort();
    expect(await joined).toBeNull();
    const [connection] = await listener.accept();
    await using _connection = connection;
    expect(await connection.recv(1)).toHaveLength(0);
  });
});

describe("hostChat and joinChat", () => {
  it("let two people take turns, who has called first, and show both names to both", async () => {
    const ana = new Scripted("Ana", "good morning", "well");
    const ben = new Scripted("Ben", "hello", "how are you?");
    const { address, ending } = await host(ana);
    expect(await joinChat(address, ben)).toEqual({ left: "this one", other: "Ana" });
    expect(await ending).toEqual({ left: "the other", other: "Ben" });
    const said = ["Ben: hello", "Ana: good morning", "Ben: how are you?", "Ana: well"];
    expect(ben.transcript).toEqual(["met Ana", ...said]);
    expect(ana.transcript).toEqual(["met Ben", ...said]);
  });

  it("go over Unix sockets, whose file is gone afterwards", async () => {
    const path = temporaryPath();
    const { ending } = await host(new Scripted("Ana"), {}, path);
    await joinChat(path, new Scripted("Ben", "größe \u{1f600}", "", "after an empty line"));
    expect(await ending).toEqual({ left: "this one", other: "Ben" });
    await expect(createConnection(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("wait for the other's answer: nobody is asked out of turn", async () => {
    const gate = new Gate();
    const ana = new Scripted(
      "Ana",
      gate.opened.then(() => "at last"),
    );
    const ben = new Scripted("Ben", "first", "second");
    const { address, ending } = await host(ana);
    const joined = joinChat(address, ben);
    expect(await isPending(joined)).toBe(true);
    expect(ben.transcript).toEqual(["met Ana", "Ben: first"]);
    gate.open();
    await joined;
    await ending;
    expect(ben.transcript).toEqual(["met Ana", "Ben: first", "Ana: at last", "Ben: second"]);
  });

  it("end for both when the one who waited leaves", async () => {
    const ben = new Scripted("Ben", "hello", "never said");
    const { address, ending } = await host(new Scripted("Ana"));
    expect(await joinChat(address, ben)).toEqual({ left: "the other", other: "Ana" });
    expect(await ending).toEqual({ left: "this one", other: "Ben" });
    expect(ben.transcript).toEqual(["met Ana", "Ben: hello"]);
  });

  it("notice that the other one leaves while this one thinks", async () => {
    const left = new Gate();
    const heard: string[] = [];
    const thinking: ChatPartner = {
      name: "Ana",
      met: () => undefined,
      said: (name, text) => void heard.push(`${name}: ${text}`),
      next: (signal) => {
        signal.addEventListener("abort", () => left.open());
        return new Promise(() => undefined);
      },
    };
    const { address, ending } = await host(thinking);
    await using client = await StreamTestClient.connect(address);
    await client.write("Ben\nhello\n");
    expect(await client.readLine()).toBe("Ana\n");
    client.end();
    expect(await within(5, "the chat", ending)).toEqual({ left: "the other", other: "Ben" });
    await left.opened;
    expect(heard).toEqual(["Ben: hello"]);
    expect(await client.readAll()).toBe("");
  });

  it("let nobody else in while two talk", async () => {
    const gate = new Gate();
    const { address, ending } = await host(
      new Scripted(
        "Ana",
        gate.opened.then(() => "bye"),
      ),
    );
    const joined = joinChat(address, new Scripted("Ben", "hello"));
    await isPending(joined);
    await expect(joinChat(address, new Scripted("Cleo"))).rejects.toThrow(ConnectionRefusedError);
    gate.open();
    await Promise.all([joined, ending]);
  });

  it("hear what is said out of turn when it is the other's turn", async () => {
    const ana = new Scripted("Ana", "one", "two", "three");
    const { address, ending } = await host(ana);
    await using client = await StreamTestClient.connect(address);
    await client.write("Ben\r\nhello\r\nagain\r\nand again");
    for (const line of ["Ana", "one", "two"]) expect(await client.readLine()).toBe(`${line}\n`);
    client.end();
    await ending;
    expect(ana.transcript.slice(0, 6)).toEqual([
      "met Ben",
      "Ben: hello",
      "Ana: one",
      "Ben: again",
      "Ana: two",
      "Ben: and again",
    ]);
  });

  it.each([
    { who: "ends without a name", sent: "" },
    { who: "has an empty name", sent: "\n" },
    { who: "has a name that looks like a notice", sent: "* Ana\n" },
    { who: "has control characters in the name", sent: "\u001b[31mBen\n" },
    { who: "sends a megabyte as a name", sent: "x".repeat(1024 * 1024) },
    { who: "sends what is no UTF-8", sent: Buffer.alloc(100, 0xff) },
  ])("wait on when somebody calls who $who", async ({ sent }) => {
    const ana = new Scripted("Ana");
    const { address, ending } = await host(ana);
    await using stranger = await StreamTestClient.connect(address);
    await stranger.write(sent);
    stranger.end();
    await stranger.ended();
    await joinChat(address, new Scripted("Ben", "hello"));
    await ending;
    expect(ana.transcript).toEqual(["met Ben", "Ben: hello"]);
  });

  it("wait on when somebody calls and says nothing for nameTimeout, or breaks off", async () => {
    const ana = new Scripted("Ana");
    const { address, ending } = await host(ana, { nameTimeout: 0.1 });
    await using breaking = await StreamTestClient.connect(address);
    breaking.reset();
    await using silent = await StreamTestClient.connect(address);
    await silent.ended();
    await joinChat(address, new Scripted("Ben", "hello"));
    await ending;
    expect(ana.transcript).toEqual(["met Ben", "Ben: hello"]);
  });

  it("fail when the connection breaks", async () => {
    const { address, ending } = await host(new Scripted("Ana", "one", "two"));
    ending.catch(() => undefined);
    await using client = await StreamTestClient.connect(address);
    await client.write("Ben\nhello\n");
    await client.read("Ana\none\n".length);
    client.reset();
    await expect(ending).rejects.toThrow(ConnectionResetError);
  });

  it("fail at a line that is too long", async () => {
    const { address, ending } = await host(new Scripted("Ana", "one"));
    ending.catch(() => undefined);
    await using client = await StreamTestClient.connect(address);
    await client.write(`Ben\n${"x".repeat(4097)}`);
    await expect(ending).rejects.toThrow(LimitOverrunError);
    await client.ended();
  });

  it.each(["two\nlines", "two\rlines", "x".repeat(4096)])("send nothing that is no line, or too long", async (text) => {
    const { address, ending } = await host(new Scripted("Ana"));
    await expect(joinChat(address, new Scripted("Ben", text))).rejects.toThrow(RangeError);
    expect(await ending).toEqual({ left: "the other", other: "Ben" });
  });

  it("end with the signal: while waiting, before a name has come, and in the middle", async () => {
    const waiting = new AbortController();
    const first = await host(new Scripted("Ana"), { signal: waiting.signal });
    waiting.abort();
    expect(await within(5, "waiting", first.ending)).toBeNull();
    expect(await hostChat(["127.0.0.1", 0], new Scripted("Ana"), { signal: waiting.signal })).toBeNull();

    const naming = new AbortController();
    const second = await host(new Scripted("Ana"), { signal: naming.signal });
    await using silent = await StreamTestClient.connect(second.address);
    expect(await silent.readLine()).toBe("Ana\n");
    naming.abort();
    expect(await within(5, "waiting for a name", second.ending)).toBeNull();

    const talking = new AbortController();
    const third = await host(new Scripted("Ana", new Promise<string>(() => undefined)), { signal: talking.signal });
    const joined = joinChat(third.address, new Scripted("Ben", "hello", "never"));
    await isPending(joined);
    talking.abort();
    expect(await within(5, "the chat", third.ending)).toEqual({ left: "this one", other: "Ben" });
    expect(await joined).toEqual({ left: "the other", other: "Ana" });
  });

  it("end with the signal where nobody answers a call", async () => {
    await using listener = await createServer(["127.0.0.1", 0]);
    const calling = new AbortController();
    const joined = joinChat(listener.getsockname(), new Scripted("Ben"), { signal: calling.signal });
    await listener.accept();
    calling.abort();
    expect(await within(5, "the call", joined)).toBeNull();
  });

  it("refuse what is no chat: another server, and a room, unless there is something to do in it", async () => {
    await using listener = await createServer(["127.0.0.1", 0]);
    const joined = joinChat(listener.getsockname(), new Scripted("Ben"));
    const [connection] = await listener.accept();
    await using _connection = connection;
    await connection.sendall(`HTTP/1.1 400 ${"x".repeat(40)}\r\n`);
    await expect(joined).rejects.toThrow('Cannot chat there: the other side has begun with "HTTP/1.1 400 x');

    await using room = await serve(new ChatServer(["127.0.0.1", 0], ChatStreamHandler));
    await expect(joinChat(room.address, new Scripted("Ben"))).rejects.toThrow('begun with "* Welcome');
    const found: string[] = [];
    const onRoom = async (socket: { recv(size: number): Promise<Buffer> }, firstLine: string): Promise<void> => {
      found.push(firstLine, String(await socket.recv(1000)));
    };
    expect(await joinChat(room.address, new Scripted("Ben"), { onRoom })).toBeNull();
    expect(found).toEqual([
      "* Welcome to the chat. Which nickname would you like?",
      "* Hello, Ben. Nobody else is here. /help tells what you can do.\n",
    ]);
  });

  it("refuse to begin with a name that is none", async () => {
    await expect(hostChat(["127.0.0.1", 0], new Scripted("* Ana"))).rejects.toThrow('Cannot use "* Ana" as a name');
    await expect(joinChat(["127.0.0.1", 1], new Scripted(""))).rejects.toThrow('Cannot use "" as a name');
  });
});

describe("chatOver", () => {
  it("chats over a connection of one's own", async () => {
    const [one, other] = await socketpair();
    await using _one = one;
    await using _other = other;
    const [ana, ben] = [new Scripted("Ana", "hello"), new Scripted("Ben", "hi")];
    const endings = await Promise.all([
      chatOver(one, ana, { other: "Ben", begins: true }),
      chatOver(other, ben, { other: "Ana", begins: false }),
    ]);
    expect(endings).toEqual([
      { left: "this one", other: "Ben" },
      { left: "the other", other: "Ana" },
    ]);
    expect(ben.transcript).toEqual(["met Ana", "Ana: hello", "Ben: hi"]);
  });
});

describe("parseChatName", () => {
  it("takes letters of any kind, and blanks within", () => {
    expect(parseChatName(" Ian Cornelius ")).toBe("Ian Cornelius");
    expect(parseChatName("Zoë")).toBe("Zoë");
  });

  it.each(["", " ", "*", "/quit", "a\nb", "a\u001b", "x".repeat(33)])("refuses %j", (name) => {
    expect(() => parseChatName(name)).toThrow(RangeError);
  });
});
