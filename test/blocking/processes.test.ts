import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import {
  type Address,
  type BlockingRemoteServer,
  ForkingMixIn,
  ForkingTCPServer,
  ForkingUDPServer,
  ForkingUnixDatagramServer,
  ForkingUnixStreamServer,
  formatAddress,
  type InetAddress,
  type ServerOptions,
  TCPServer,
  TimeoutError,
  UnsupportedOperation,
} from "ts-socketserver";
import { getdefaulttimeout, setdefaulttimeout } from "ts-socketserver/socket";
import { type RunningServer, type StreamTestClient, serve } from "ts-socketserver/testing";
import { nodeTransport } from "ts-socketserver/transport";
import { describe, expect, expectTypeOf, it, vi } from "vitest";
import { holdTimers, isThere, lend, patient, possessions, shared, slow } from "../remote/models.js";
import { hearErrors } from "../robustness/support.js";
import { temporaryPath } from "../support/temporary-path.js";
import { within } from "../support/within.js";
import * as handlers from "./handlers.mjs";
import { Hurried } from "./hurried.mjs";
import { expectNothingAskedTooLate, tell } from "./orders.js";
import { available, here, unless } from "./peers.js";

/** Counts, and notes its errors. */
class Counting extends ForkingTCPServer {
  readonly errors: unknown[] = [];
  #count = 0;
  count(): number {
    this.#count += 1;
    return this.#count;
  }
  carry(text: string): string {
    return text;
  }
  async failing(): Promise<never> {
    throw new RangeError("the server's own");
  }
  never(): Promise<never> {
    return new Promise(() => {});
  }
  /** Takes longer than sockets have in hurried.mjs. */
  slowly(): Promise<string> {
    return new Promise((resolve) => setTimeout(resolve, 200, "in the end"));
  }
  /** Whose requests they were. */
  readonly blamed: string[] = [];
  override handleError(error: unknown, _request: unknown, clientAddress: Address): void {
    this.errors.push(error);
    this.blamed.push(formatAddress(clientAddress));
  }
}

const counting = (options: ServerOptions = {}, handler = handlers.Obedient): Promise<RunningServer<Counting>> =>
  serve(new Counting(here, handler, { children: 1, ...options }));

describe.skipIf(!available)(`A blocking handler in a child process${unless}`, slow, () => {
  const use = shared(() => counting({ maxChildren: 1 }));

  it("knows its client and its server, and calls its methods", async () => {
    const running = use();
    await using client = await running.connect();
    const peer = String(client.address);
    expect(await tell(client, "client")).toBe(`${peer} ${peer}`);
    expect(await tell(client, "address")).toBe((running.address as [string, number]).join(" "));
    expect(await tell(client, "count")).toBe("1");
    expect(await tell(client, "count")).toBe("2");
    expect(await tell(client, "carry 3000000")).toBe("the same");
    expect(await tell(client, "failing")).toBe("RangeError the server's own");
    expect(await tell(client, "socketOfServer")).toBe("DataCloneError");
    expect(await tell(client, "assign")).toMatch(/^Cannot set the server's maxThreads from a handler/);
    expect(await tell(client, "count")).toBe("3");
  });

  it("does not ask the server for a request that was broken off, at once or later", async () => {
    await expectNothingAskedTooLate(use(), 4);
  });

  it("is broken off by requestTimeout, whatever it has asked the server for, and the next request is none the worse", async () => {
    const running = use();
    holdTimers();
    lend(running.server, { requestTimeout: 0.3 });
    const pids = new Set<string>();
    for (const order of ["waitForServer", "accept"]) {
      await using client = await running.connect();
      pids.add(await tell(client, "pid"));
      expect(await tell(client, `begin ${order}`)).toBe("begun");
      vi.advanceTimersByTime(300);
      expect(await client.readAll()).toBe("");
      expect(client.error).toMatchObject({ code: "ECONNRESET" });
    }
    await using client = await running.connect();
    pids.add(await tell(client, "pid"));
    expect(await tell(client, "carry 1000000")).toBe("the same");
    expect(pids.size).toBe(1);
    expect(running.server.errors).toMatchObject([{ name: TimeoutError.name }, { name: TimeoutError.name }]);
  });

  it("can ask nothing more when it has spoilt the way to the server, which tells of it", async () => {
    const running = use();
    using errors = hearErrors(running.server);
    await using client = await running.connect();
    expect(await tell(client, "spoil")).toBe("5");
    const { error, clientAddress } = await within(30, "the server's error", errors.next());
    expect([error instanceof Error, clientAddress]).toEqual([true, null]);
    await client.write("count\n");
    expect(await client.readAll()).toBe("");
  });
});

describe.skipIf(!available)(`Blocking handlers in child processes${unless}`, slow, () => {
  it("serve TCP, Unix streams and datagrams", async () => {
    for (const server of [
      new ForkingTCPServer(here, handlers.Echo, { children: 1 }),
      new ForkingUnixStreamServer(temporaryPath(), handlers.Echo, { children: 1 }),
    ]) {
      await using running = await serve(server);
      for (let count = 0; count < 3; count += 1) {
        await using client = await running.connect();
        await client.write("hello world\n");
        expect(await client.readLine()).toBe("hello world\n");
        client.end();
        expect(await client.readAll()).toBe("");
      }
    }
    for (const server of [
      new ForkingUDPServer(here, handlers.UpperDatagram, { children: 1 }),
      new ForkingUnixDatagramServer(temporaryPath(), handlers.UpperDatagram, { children: 1 }),
    ]) {
      await using running = await serve(server);
      await using client = await running.datagrams();
      for (const text of ["one", "two", "three"]) {
        await client.send(text);
        expect(await client.receive()).toBe(text.toUpperCase());
      }
    }
  });

  it("have one each, up to maxChildren; who comes then waits for the one that is free first", async () => {
    await using running = await counting({ maxChildren: 2 });
    await using first = await running.connect();
    await using second = await running.connect();
    const pids = [await tell(first, "pid"), await tell(second, "pid")];
    expect(new Set(pids).size).toBe(2);
    expect([...running.server.activeChildren].sort()).toEqual(pids.map(Number).sort());
    await using third = await running.connect();
    await third.write("pid\n");
    // Answered although both are waiting: the third client's turn has not come.
    expect(await tell(first, "count")).toBe("1");
    expect(running.server.activeRequests).toBe(2);
    await second.close();
    expect((await third.readLine()).trimEnd()).toBe(pids[1]);
  });

  it("ask the server also where its process gives sockets a time-out", async () => {
    const before = getdefaulttimeout();
    // Over long before the child has started, and asks.
    setdefaulttimeout(0.001);
    const server = new Counting(here, handlers.Obedient, { children: 1 });
    try {
      await server.open();
    } finally {
      setdefaulttimeout(before);
    }
    server.socket.settimeout(null);
    await using running = await serve(server);
    await using client = await running.connect();
    expect(await tell(client, "count")).toBe("1");
  });

  it("wait for the server's answer also where their own process gives sockets a time-out, and may end its loop", async () => {
    await using running = await counting({}, Hurried);
    await using client = await running.connect();
    await client.write("slowly\n");
    expect(await client.readLine()).toBe("in the end\n");
    expect(running.server.errors).toEqual([]);
    expect(await tell(client, "shutdown")).toBe("undefined");
    await running.served;
  });

  it("know a client that has gone before they began", async () => {
    const notes: string[] = [];
    const server = Object.assign(new Counting(here, handlers.Informer, { children: 1, maxChildren: 1 }), {
      note: (text: string) => void notes.push(text),
    });
    await using running = await serve(server);
    const [child = 0] = server.activeChildren;
    process.kill(child, "SIGSTOP");
    const client = await running.connect();
    await expect.poll(() => server.activeRequests, patient).toBe(1);
    const address = client.address as InetAddress;
    client.reset();
    process.kill(child, "SIGCONT");
    await expect.poll(() => notes, patient).toHaveLength(3);
    const reset = `Cannot receive from tcp ${address[0]}:${address[1]}: connection reset by peer (ECONNRESET)`;
    expect(notes).toEqual([address.join(" "), `ConnectionResetError: ${reset}`, `ConnectionResetError: ${reset}`]);
  });

  it("are broken off when the server closes, whatever they do, which leaves nothing behind", async () => {
    // What wakes them in their calls is the same as in a thread (closing.test.ts).
    const wakes = ["recv", "waitForServer"];
    const doesNot = ["persist", "compute"];
    const all = [...wakes, ...doesNot];
    // What the process opens for itself at the first child stays.
    await (await counting()).close();
    const before = possessions();
    const running = await counting({ shutdownTimeout: 0.05, maxChildren: all.length });
    const clients: StreamTestClient[] = [];
    for (const what of all) {
      const client = await running.connect();
      clients.push(client);
      expect(await tell(client, `begin ${what}`)).toBe("begun");
      client.pause();
    }
    await within(30, "closing", running.close());
    // Who has to be ended with its process is told of.
    const stubborn = clients.slice(wakes.length).map(({ address }) => formatAddress(address));
    expect(running.server.blamed.sort()).toEqual(stubborn.sort());
    await Promise.all(clients.map((client) => client.close()));
    await expect.poll(possessions, patient).toEqual(before);
  });

  it("do not outlive a server that is killed, whether they give way or not", async () => {
    const program = fork(fileURLToPath(new URL("./forks.mjs", import.meta.url)), ["recv", "persist"], {
      stdio: "ignore",
    });
    let pids: number[] = [];
    try {
      [pids] = await within(60, "the program's start", once(program, "message"));
      expect(pids.map(isThere)).toEqual([true, true]);
      program.kill("SIGKILL");
      await expect.poll(() => pids.map(isThere), patient).toEqual([false, false]);
    } finally {
      program.kill("SIGKILL");
      for (const pid of pids) if (isThere(pid)) process.kill(pid, "SIGKILL");
    }
  });

  it("need sockets that block", async () => {
    const server = new ForkingTCPServer(here, handlers.Echo, { transport: nodeTransport });
    await expect(server.open()).rejects.toThrow(UnsupportedOperation);
    await expect(server.open()).rejects.toThrow(
      "The node transport has no sockets that block, as Echo needs them (ENOTSUP). Use the native transport",
    );
  });

  it("see properties that are promises as what those promise", () => {
    type Remote = BlockingRemoteServer<{ readonly ready: Promise<number>; ask(): Promise<string> }>;
    expectTypeOf<Remote["ready"]>().toEqualTypeOf<number>();
    expectTypeOf<ReturnType<Remote["ask"]>>().toEqualTypeOf<string>();
  });

  it("are accepted by the type checker, each kind where it belongs", () => {
    class Own extends ForkingMixIn(TCPServer) {}
    const make = (): unknown[] => [
      new Own(here, handlers.Echo),
      new ForkingTCPServer(here, handlers.Echo),
      new ForkingUDPServer(here, handlers.UpperDatagram),
      // @ts-expect-error: it serves datagrams
      new ForkingTCPServer(here, handlers.UpperDatagram),
    ];
    expect(make()).toHaveLength(4);
  });
});
