import { BusyResourceError } from "ts-socketserver";
import { type ChatMember, ChatRoom } from "ts-socketserver/servers";
import { describe, expect, it } from "vitest";
import { isPending } from "../support/settle.js";

/** Lets somebody in, and takes what they are told at the door. */
async function enter(room: ChatRoom, nickname: string): Promise<number> {
  const member = room.arrive();
  room.speak(member, nickname);
  await room.hear(member);
  return member;
}

describe("ChatRoom", () => {
  it("asks for a nickname, greets, and tells the others", async () => {
    const room = new ChatRoom();
    const ana = room.arrive();
    expect(await room.hear(ana)).toEqual(["* Welcome to the chat. Which nickname would you like?"]);
    room.speak(ana, "Ana\r\n");
    expect(await room.hear(ana)).toEqual(["* Hello, Ana. Nobody else is here. /help tells what you can do."]);
    const ben = room.arrive();
    room.speak(ben, "Ben\n");
    expect(await room.hear(ben)).toContain("* Hello, Ben. Here already: Ana. /help tells what you can do.");
    expect(await room.hear(ana)).toEqual(["* Ben has joined."]);
    expect(room.nicknames).toEqual(["Ana", "Ben"]);
  });

  it("tells all others what somebody says, but nobody at the door, and who says it nothing", async () => {
    const room = new ChatRoom();
    const [ana, ben, cleo] = [await enter(room, "Ana"), await enter(room, "Ben"), await enter(room, "Cleo")];
    const door = room.arrive();
    await room.hear(door);
    for (const member of [ana, ben]) await room.hear(member);
    room.speak(ana, "  good morning \n");
    expect(await room.hear(ben)).toEqual(["Ana: good morning"]);
    expect(await room.hear(cleo)).toEqual(["Ana: good morning"]);
    expect(await isPending(room.hear(ana))).toBe(true);
    expect(await isPending(room.hear(door))).toBe(true);
  });

  it("takes no blank line for something said", async () => {
    const room = new ChatRoom();
    const [ana, ben] = [await enter(room, "Ana"), await enter(room, "Ben")];
    await room.hear(ana);
    room.speak(ben, " \r\n");
    expect(await isPending(room.hear(ana))).toBe(true);
  });

  it.each([
    { nickname: "", why: "A nickname is a word of letters and digits; _ . and - may be in it, too." },
    { nickname: "two words", why: "A nickname is a word" },
    { nickname: "* Ana", why: "A nickname is a word" },
    { nickname: "Ana:", why: "A nickname is a word" },
    { nickname: "/help", why: "A nickname is a word" },
    { nickname: "\u001b[31m", why: "A nickname is a word" },
    { nickname: "\u202eanA", why: "A nickname is a word" },
    { nickname: "x".repeat(21), why: "A nickname has at most 20 characters." },
    { nickname: "ANA", why: "ANA is here already." },
    { nickname: "Ａｎａ", why: "Ａｎａ is here already." },
  ])("refuses the nickname $nickname, and asks again", async ({ nickname, why }) => {
    const room = new ChatRoom();
    await enter(room, "Ana");
    const ben = await enter(room, nickname);
    room.speak(ben, "Zoë-2_b.");
    const told = await room.hear(ben);
    expect(told?.[0]).toContain("* Hello, Zoë-2_b.");
    const other = room.arrive();
    room.speak(other, nickname);
    expect((await room.hear(other))?.[1]).toContain(`* ${why}`);
    expect(room.nicknames).toEqual(["Ana", "Zoë-2_b."]);
  });

  it("knows /who, /nick, /help and /quit, and says so of anything else", async () => {
    const room = new ChatRoom();
    const [ana, ben] = [await enter(room, "Ana"), await enter(room, "Ben")];
    await room.hear(ana);
    room.speak(ben, "/who");
    room.speak(ben, "/nick Ana");
    room.speak(ben, "/NICK ben");
    room.speak(ben, "/help");
    room.speak(ben, "/dance now");
    expect(await room.hear(ben)).toEqual([
      "* Here: Ana, Ben.",
      "* Ana is here already.",
      "* You are now ben.",
      "* /help tells what you can do",
      "* /who tells who is here",
      "* /nick NAME changes your nickname",
      "* /quit leaves",
      "* Anything else is said to all.",
      "* There is no /dance. /help tells what there is.",
    ]);
    room.speak(ben, "/quit");
    expect(await room.hear(ben)).toEqual(["* Goodbye."]);
    expect(await room.hear(ben)).toBeNull();
    expect(await room.hear(ana)).toEqual(["* Ben is now ben.", "* ben has left."]);
    // Nothing that comes later counts.
    room.speak(ben, "Again");
    expect(room.nicknames).toEqual(["Ana"]);
    expect(room.leave(ben)).toEqual([]);
    expect(await isPending(room.hear(ana))).toBe(true);
  });

  it("lets somebody quit at the door, and tells nobody", async () => {
    const room = new ChatRoom();
    const [ana, door] = [await enter(room, "Ana"), room.arrive()];
    room.speak(door, "/quit");
    expect(await room.hear(door)).toContain("* Goodbye.");
    expect(await room.hear(door)).toBeNull();
    room.leave(door);
    expect(await isPending(room.hear(ana))).toBe(true);
  });

  it("tells once that somebody has left, and gives their nickname free", async () => {
    const room = new ChatRoom();
    const [ana, ben] = [await enter(room, "Ana"), await enter(room, "Ben")];
    await room.hear(ana);
    room.leave(ben);
    room.leave(ben);
    expect(await room.hear(ana)).toEqual(["* Ben has left."]);
    expect(await room.hear(ben)).toBeNull();
    await enter(room, "Ben");
    expect(await room.hear(ana)).toEqual(["* Ben has joined."]);
  });

  it("hands out at the leaving what was not heard", async () => {
    const room = new ChatRoom();
    const [ana, ben] = [await enter(room, "Ana"), await enter(room, "Ben")];
    room.speak(ana, "one");
    room.speak(ana, "two");
    expect(room.leave(ben)).toEqual(["Ana: one", "Ana: two"]);
  });

  it("ends the hearing of who leaves", async () => {
    const room = new ChatRoom();
    const ana = await enter(room, "Ana");
    const hearing = room.hear(ana);
    room.leave(ana);
    expect(await hearing).toBeNull();
  });

  it("makes control characters visible, and says that a text is too long", async () => {
    const room = new ChatRoom({ maxTextLength: 10 });
    const [ana, ben] = [await enter(room, "Ana"), await enter(room, "Ben")];
    await room.hear(ana);
    room.speak(ben, "a\u001b[2J\u0007\u009b\u2028b");
    expect(await room.hear(ana)).toEqual(["Ben: a\ufffd[2J\ufffd\ufffd\ufffdb"]);
    room.speak(ben, "x".repeat(11));
    expect(await room.hear(ben)).toEqual(["* That is too long: say at most 10 characters."]);
    expect(await isPending(room.hear(ana))).toBe(true);
  });

  it("drops who does not listen, tells the others, and keeps nothing but that for them", async () => {
    const room = new ChatRoom({ maxWaiting: 5 });
    const [ana, slow, ben] = [await enter(room, "Ana"), await enter(room, "Slow"), await enter(room, "Ben")];
    await room.hear(ana);
    const heard: string[] = [];
    for (let number = 1; number <= 10; number += 1) {
      room.speak(ana, `line ${number}`);
      heard.push(...((await room.hear(ben)) ?? []));
    }
    expect(heard).toHaveLength(11);
    expect(heard).toContain("* Slow was too slow and has been dropped.");
    expect(await room.hear(ana)).toEqual(["* Slow was too slow and has been dropped."]);
    expect(room.nicknames).toEqual(["Ana", "Ben"]);
    expect(await room.hear(slow)).toEqual(["* You did not take what was said in time, and have been dropped."]);
    expect(await room.hear(slow)).toBeNull();
  });

  it("drops two thousand at once, though telling of each makes the next one too slow", async () => {
    class QuietDoor extends ChatRoom {
      override sendToOthers(member: ChatMember, line: string): void {
        if (!line.endsWith("has joined.")) super.sendToOthers(member, line);
      }
    }
    const room = new QuietDoor({ maxWaiting: 2 });
    const ana = await enter(room, "Ana");
    for (let number = 0; number < 2000; number += 1) await enter(room, `slow${number}`);
    room.speak(ana, "one");
    room.speak(ana, "two");
    expect(room.nicknames).toHaveLength(2001);
    room.speak(ana, "three");
    // She was told of all of them before she could listen.
    expect(room.nicknames).toEqual([]);
  });

  it("shows fifty names, and how many more there are", async () => {
    const room = new ChatRoom({ maxWaiting: 1000 });
    for (let number = 1; number <= 60; number += 1) await enter(room, `n${number}`);
    const ana = room.arrive();
    room.speak(ana, "Ana");
    expect((await room.hear(ana))?.[1]).toMatch(/Here already: n1, n2, .*, n50 and 10 more\./);
  });

  it("sends everybody off when it closes, and who comes later", async () => {
    const room = new ChatRoom();
    const [ana, door] = [await enter(room, "Ana"), room.arrive()];
    room.close();
    for (const member of [ana, door, room.arrive()]) {
      expect((await room.hear(member))?.at(-1)).toBe("* The chat closes. Goodbye.");
      expect(await room.hear(member)).toBeNull();
    }
    expect(room.nicknames).toEqual([]);
  });

  it("has one hear at a time for each", async () => {
    const room = new ChatRoom();
    const ana = await enter(room, "Ana");
    const hearing = room.hear(ana);
    await expect(room.hear(ana)).rejects.toThrow(BusyResourceError);
    room.leave(ana);
    expect(await hearing).toBeNull();
  });

  it("takes no harm from strangers", async () => {
    const room = new ChatRoom();
    room.speak(7, "hello");
    expect(room.leave(7)).toEqual([]);
    expect(await room.hear(7)).toBeNull();
  });

  it("is subclassed: commands of its own, names that are reserved, and how things are said", async () => {
    class MyRoom extends ChatRoom {
      constructor() {
        super();
        const run = (member: ChatMember, what: string): void =>
          this.sendToOthers(member, `* ${member.nickname} ${what}`);
        this.commands.set("me", { help: "/me DOES says what you do", run });
      }
      override welcome(member: ChatMember): string {
        return `* Come in, ${member.nickname}.`;
      }
      override refuseNickname(nickname: string, member: ChatMember): string | null {
        return nickname === "admin" ? "That one is taken for good." : super.refuseNickname(nickname, member);
      }
      override say(member: ChatMember, text: string): void {
        super.say(member, text.toUpperCase());
      }
    }
    const room = new MyRoom();
    const ana = room.arrive();
    room.speak(ana, "admin");
    room.speak(ana, "Ana");
    expect((await room.hear(ana))?.slice(1)).toEqual([
      "* That one is taken for good. Which nickname would you like?",
      "* Come in, Ana.",
    ]);
    const ben = await enter(room, "Ben");
    await room.hear(ana);
    room.speak(ben, "/me dances");
    room.speak(ben, "hello");
    expect(await room.hear(ana)).toEqual(["* Ben dances", "Ben: HELLO"]);
  });

  it.each(["maxNicknameLength", "maxTextLength", "maxWaiting"])("refuses 0 as %s", (name) => {
    expect(() => new ChatRoom({ [name]: 0 })).toThrow(`Cannot use 0 as ${name}`);
  });
});
