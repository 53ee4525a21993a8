import {
  ConnectionResetError,
  ForkingTCPServer,
  ForkingUDPServer,
  IPPROTO_TCP,
  MSG_PEEK,
  MultiplexingTCPServer,
  type Socket,
  TCP_NODELAY,
  TCPServer,
  ThreadingTCPServer,
} from "ts-socketserver";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { temporaryPath } from "../temporary-path.js";
import { transports } from "../transports.js";
import * as handlers from "./handlers.mjs";
import { Counting, counting, here, order, tell } from "./support.js";

for (const transport of transports) {
  describe(`ForkingMixIn on the ${transport.name} transport`, () => {
    it("runs the same handler as every other server class: moving to processes changes one word", async () => {
      class Plain extends TCPServer {
        readonly seen: unknown[] = [];
        override verifyRequest(_request: Socket, clientAddress: unknown): boolean {
          this.seen.push(clientAddress);
          return true;
        }
      }
      class Forking extends ForkingTCPServer {
        readonly seen: unknown[] = [];
        override verifyRequest(_request: Socket, clientAddress: unknown): boolean {
          this.seen.push(clientAddress);
          return true;
        }
      }
      for (const server of [
        new Plain(here, handlers.LineEcho, { transport }),
        new Forking(here, handlers.LineEcho, { transport, children: 1 }),
      ]) {
        await using running = await serve(server);
        await using client = await running.connect();
        await client.write("the same\n");
        expect(await client.readAll()).toBe("the same\n");
        expect(server.seen).toEqual([client.address]);
      }
    });

    it("runs handlers at once in different processes: replies come in inverted order", async () => {
      await using running = await counting({ transport, children: 2 });
      await using first = await running.connect();
      await using second = await running.connect();
      const pids = [await tell(first, "pid"), await tell(second, "pid")].map(Number);
      expect(new Set([...pids, process.pid]).size).toBe(3);
      expect([...running.server.activeChildren].sort()).toEqual(pids.sort());
      const path = temporaryPath();
      const slow = tell(first, `spinUntil ${path}`);
      expect(await tell(second, `create ${path}`)).toBe("created");
      expect(await slow).toBe("seen");
    });

    it("runs many asynchronous handlers at once in one process: replies come in inverted order there, too", async () => {
      await using running = await counting({ transport, children: 1 });
      await using first = await running.connect();
      await using second = await running.connect();
      expect(await tell(first, "pid")).toBe(await tell(second, "pid"));
      const slow = tell(first, "pass gate");
      expect(await tell(second, "open gate")).toBe("opened");
      expect(await slow).toBe("passed");
    });

    it("gives each connection to the child with the least to do", async () => {
      await using running = await counting({ transport, children: 2 });
      const clients: StreamTestClient[] = [];
      const pids: string[] = [];
      for (let index = 0; index < 6; index += 1) {
        const client = await running.connect();
        clients.push(client);
        pids.push(await tell(client, "pid"));
      }
      for (const client of clients) await client.close();
      const [one, other] = new Set(pids);
      expect([one, other].map((pid) => pids.filter((each) => each === pid).length)).toEqual([3, 3]);
    });

    it("serves far more connections at once than may be on their way to a child", async () => {
      await using running = await counting({ transport, children: 1 });
      const clients = await Promise.all(Array.from({ length: 300 }, () => running.connect()));
      const answers = await Promise.all(clients.map((client, index) => tell(client, `echo ${index}`)));
      expect(answers.map(Number)).toEqual(clients.map((_, index) => index));
      expect(running.server.activeRequests).toBe(300);
      await Promise.all(clients.map((client) => client.close()));
    });

    it("lets handlers call the server, whose state is one, and hands its errors on", async () => {
      await using running = await counting({ transport, children: 2 });
      const counts = await Promise.all(Array.from({ length: 8 }, () => order(running.address, "count")));
      expect(counts.map(Number).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      await using client = await running.connect();
      expect(await tell(client, "failing")).toBe("RangeError: the server's own");
      expect(await tell(client, "address")).toBe(Array.from(running.address).join(" "));
    });

    it("says what cannot be passed between processes", async () => {
      await using running = await counting({ transport, children: 1 });
      await using client = await running.connect();
      expect(await tell(client, "passFunction")).toMatch(/could not be cloned/);
      expect(await tell(client, "getFunction")).toBe("Unserializable return value");
    });

    it("gives a handler's failure to handleError(), with its class, and goes on", async () => {
      await using running = await counting({ transport, children: 1, shutdownTimeout: 0.1 });
      for (const how of ["fail", "failAsReset", "leaveFailure"]) {
        expect(await order(running.address, how).catch(() => "")).toBe("");
      }
      await expect
        .poll(() => running.server.errors)
        .toMatchObject([
          { name: "TypeError", message: "told to fail", stack: expect.stringContaining("handlers.mjs") },
          { code: "ECONNRESET", syscall: "recv" },
          { name: "RangeError", message: "left behind" },
        ]);
      expect(running.server.errors[1]).toBeInstanceOf(ConnectionResetError);
      expect(await order(running.address, "count")).toBe("1\n");
    });

    it("fails alone when a handler cannot be made", async () => {
      await using running = await serve(new Counting(here, handlers.Throwing, { transport, children: 1 }));
      await using client = await running.connect();
      expect(await client.readAll()).toBe("");
      await expect.poll(() => running.server.errors).toMatchObject([{ name: "TypeError", message: "cannot be made" }]);
    });

    it("ends by an ExitRequest of a handler, which is not given to handleError()", async () => {
      await using server = new Counting(here, handlers.Obedient, { transport, children: 1 });
      await server.open();
      const serving = server.serveForever();
      await order(server.serverAddress, "quit").catch(() => {});
      await expect(serving).rejects.toMatchObject({ name: "ExitRequest", exitCode: 3 });
      expect(server.errors).toEqual([]);
    });

    it.each(["shutdown", "close"])("lets a handler end the server (%s)", async (how) => {
      await using server = new Counting(here, handlers.Obedient, { transport, children: 1 });
      await server.open();
      const serving = server.serveForever();
      expect(await order(server.serverAddress, how)).toMatch(/^(shut down|closing)\n$/);
      await serving;
    });

    it("does not mind a handler that uses process.send() for itself", async () => {
      await using running = await counting({ transport, children: 1 });
      expect(await order(running.address, "chat")).toBe("chatted\n");
      expect(await order(running.address, "echo still")).toBe("still\n");
      expect(running.server.errors).toEqual([]);
    });

    it("moves a connection whole: what was read, peeked at and not read before, its addresses and options", async () => {
      class Choosy extends Counting {
        readonly begun: string[] = [];
        override async serverBind(): Promise<void> {
          this.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, true);
          await super.serverBind();
        }
        override async verifyRequest(request: Socket): Promise<boolean> {
          this.begun.push(String(await request.recv(5)), String(await request.recv(4, MSG_PEEK)));
          return true;
        }
      }
      await using running = await serve(new Choosy(here, handlers.Obedient, { transport, children: 1 }));
      await using client = await running.connect();
      const large = "x".repeat(60_000);
      await client.write(`magicecho ${large}\n`);
      expect(await client.readLine()).toBe(`${large}\n`);
      expect(running.server.begun).toEqual(["magic", "echo"]);
      const own = client.address.join(" ");
      expect(await tell(client, "peer")).toBe(`${own} ${own}`);
      expect(await tell(client, "noDelay")).toBe("true");
    });

    it("tells of each connection's bytes, although they move elsewhere", async () => {
      const { subscribe, unsubscribe } = await import("node:diagnostics_channel");
      const closes: unknown[] = [];
      const listener = (message: unknown): void => void closes.push(message);
      subscribe("socketserver:connection.close", listener);
      await using running = await counting({ transport, children: 1 });
      expect(await order(running.address, "echo four")).toBe("four\n");
      await expect.poll(() => closes).toMatchObject([{ counters: { bytesRead: 10, bytesWritten: 5 } }]);
      unsubscribe("socketserver:connection.close", listener);
    });

    it("answers datagrams by the server's own socket, as often as the handler likes", async () => {
      await using running = await serve(
        new ForkingUDPServer(here, handlers.Twice, { transport, children: 2, maxPacketSize: 8 }),
      );
      await using client = await running.datagrams();
      await client.send("hello");
      expect([await client.receive(), await client.receive()]).toEqual(["hello once", "hello twice false"]);
      await client.send("beyond eight");
      expect([await client.receive(), await client.receive()]).toEqual(["beyond e once", "beyond e twice true"]);
      await client.send("too long");
      expect(await client.receive()).toBe("OSError EMSGSIZE");
    });

    it("breaks off a request that takes longer than requestTimeout, with its child where that does not hear", async () => {
      await using running = await counting({ transport, children: 2, requestTimeout: 0.3 });
      const broken = ["wait", "spin"].map((how) => order(running.address, how).catch(() => ""));
      expect(await Promise.all(broken)).toEqual(["", ""]);
      await expect.poll(() => running.server.errors).toMatchObject([{ code: "ETIMEDOUT" }, { code: "ETIMEDOUT" }]);
      expect(await order(running.address, "echo on")).toBe("on\n");
    });
  });

  describe(`The children of ForkingMixIn on the ${transport.name} transport`, () => {
    it("are at most maxChildren", async () => {
      await using running = await counting({ transport, children: 5, maxChildren: 1 });
      expect(running.server.activeChildren.size).toBe(1);
    });

    it("are started where all have requestsPerChild, wait at maxChildren, and are collected", async () => {
      await using running = await counting({ transport, children: 1, maxChildren: 2, requestsPerChild: 1 });
      const { server } = running;
      expect(server.activeChildren.size).toBe(1);
      await using first = await running.connect();
      await using second = await running.connect();
      expect(await tell(first, "pid")).not.toBe(await tell(second, "pid"));
      expect(server.activeChildren.size).toBe(2);
      await using third = await running.connect();
      const waiting = tell(third, "pid");
      expect(await tell(second, "echo busy")).toBe("busy");
      expect(third.available).toBe(0);
      const pid = await tell(first, "pid");
      await first.close();
      expect(await waiting).toBe(pid);
      await third.close();
      await second.close();
      await expect.poll(() => server.activeRequests).toBe(0);
      await server.collectChildren();
      expect(server.activeChildren.size).toBe(1);
    });

    it("end by themselves when they are not needed for `timeout` seconds", async () => {
      const options = { transport, children: 1, maxChildren: 2, requestsPerChild: 1, timeout: 0.05 };
      await using running = await counting(options);
      await using first = await running.connect();
      await using second = await running.connect();
      await Promise.all([tell(first, "pid"), tell(second, "pid")]);
      expect(running.server.activeChildren.size).toBe(2);
      await first.close();
      await second.close();
      await expect.poll(() => running.server.activeChildren.size).toBe(1);
      expect(await order(running.address, "echo on")).toBe("on\n");
    });

    it("finish what they are doing after serverClose() where blockOnClose is off", async () => {
      const server = new Counting(here, handlers.Obedient, { transport, children: 2, blockOnClose: false });
      await server.open();
      const serving = server.serveForever();
      await using client = await StreamTestClient.connect(server.serverAddress);
      const pid = Number(await tell(client, "pid"));
      await server.serverClose();
      await serving;
      await expect.poll(() => [...server.activeChildren]).toEqual([pid]);
      expect(await tell(client, "echo still")).toBe("still");
      client.end();
      expect(await client.readAll()).toBe("");
      await expect.poll(() => server.activeChildren.size).toBe(0);
    });
  });
}

describe("ForkingMixIn", () => {
  it("has Python's defaults", () => {
    const server = new ForkingTCPServer(here, handlers.LineEcho);
    expect(server).toMatchObject({ timeout: 300, maxChildren: 40, blockOnClose: true });
    expect(server.activeChildren.size).toBe(0);
    expect(new MultiplexingTCPServer(here, handlers.LineEcho).timeout).toBeNull();
    expect(new ThreadingTCPServer(here, handlers.LineEcho).timeout).toBeNull();
  });

  it.each([
    [{ children: 0 }, /children: it takes a whole number from 1/],
    [{ maxChildren: 1.5 }, /maxChildren: it takes a whole number from 1/],
    [{ requestsPerChild: 0 }, /requestsPerChild: it takes a whole number from 1, or Infinity/],
  ])("refuses %j", async (options, words) => {
    const server = new ForkingTCPServer(here, handlers.LineEcho, options);
    await expect(server.open()).rejects.toThrow(words);
    await server.serverClose();
  });
});
