/**
 * CPython's forking tests (Lib/test/test_socketserver.py): test_ForkingTCPServer and its kin, test_forking_handled,
 * test_forking_not_handled, and what the others assert of every class.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  type Address,
  type BaseServer,
  ForkingTCPServer,
  ForkingUDPServer,
  ForkingUnixDatagramServer,
  ForkingUnixStreamServer,
  nodeTransport,
  type Transport,
  UnsupportedOperation,
} from "ts-socketserver";
import { DatagramTestClient, StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { temporaryPath } from "../temporary-path.js";
import { transports } from "../transports.js";
import * as handlers from "./handlers.mjs";
import { here } from "./support.js";

const TEST_STR = "hello world\n";

interface Row {
  readonly name: string;
  readonly onNode: boolean;
  make(transport: Transport): BaseServer;
  /** Sends a line, and gives the answer. */
  echo(address: Address): Promise<string>;
}

async function echoStream(address: Address): Promise<string> {
  await using client = await StreamTestClient.connect(address);
  await client.write(TEST_STR);
  return await client.readAll();
}

async function echoDatagram(address: Address): Promise<string> {
  await using client = await DatagramTestClient.open(address);
  await client.send(TEST_STR);
  return await client.receive();
}

const children = 1;
const rows: readonly Row[] = [
  {
    name: "ForkingTCPServer",
    onNode: true,
    make: (transport) => new ForkingTCPServer(here, handlers.LineEcho, { transport, children }),
    echo: echoStream,
  },
  {
    name: "ForkingUDPServer",
    onNode: true,
    make: (transport) => new ForkingUDPServer(here, handlers.DatagramEcho, { transport, children }),
    echo: echoDatagram,
  },
  {
    name: "ForkingUnixStreamServer",
    onNode: true,
    make: (transport) => new ForkingUnixStreamServer(temporaryPath(), handlers.LineEcho, { transport, children }),
    echo: echoStream,
  },
  {
    name: "ForkingUnixDatagramServer",
    onNode: false,
    make: (transport) => new ForkingUnixDatagramServer(temporaryPath(), handlers.DatagramEcho, { transport, children }),
    echo: echoDatagram,
  },
];

/** CPython's `simple_subprocess()`: a child that is not the server's own, and that leaves while it serves. */
function startUnrelatedChild(): ChildProcess {
  return spawn(process.execPath, ["-e", "process.stdin.on('end', () => process.exit(72)).resume()"], {
    stdio: ["pipe", "ignore", "inherit"],
  });
}

for (const transport of transports) {
  describe(`Forking servers on the ${transport.name} transport`, () => {
    for (const { name, onNode, make, echo } of rows) {
      if (transport === nodeTransport && !onNode) {
        it(`test_${name}: opening it is refused with words that say what is missing`, async () => {
          const server = make(transport);
          await expect(server.open()).rejects.toThrow(UnsupportedOperation);
          await server.serverClose();
        });
        continue;
      }

      it(`test_${name}: echoes to three clients, leaves no active children, and reaps no child that is not its own`, async () => {
        const unrelated = startUnrelatedChild();
        const exited = once(unrelated, "exit");
        await using server = make(transport) as ForkingTCPServer;
        await server.open();
        expect(server.serverAddress).toEqual(server.socket.getsockname());
        expect(server.activeChildren.size).toBe(1);
        const served = server.serveForever(0.01);
        unrelated.stdin?.end();
        for (let round = 0; round < 3; round++) expect(await echo(server.serverAddress)).toBe(TEST_STR);
        await server.collectChildren();
        await server.shutdown();
        await served;
        await server.serverClose();
        expect(server.fileno()).toBe(-1);
        expect(server.activeRequests).toBe(0);
        expect(server.activeChildren.size).toBe(0);
        expect(await exited).toEqual([72, null]);
      });
    }

    it("test_shutdown: five servers leave their loops although they are shut down the moment they start", async () => {
      const servers = Array.from(
        { length: 5 },
        () => new ForkingTCPServer(here, handlers.LineEcho, { transport, children }),
      );
      await Promise.all(servers.flatMap((server) => [server.serveForever(0.01), server.shutdown()]));
      await Promise.all(servers.map((server) => server.serverClose()));
      expect(servers.map((server) => [server.fileno(), server.activeChildren.size])).toEqual(
        servers.map(() => [-1, 0]),
      );
    });

    it("test_close_immediately: a server can be closed without ever serving", async () => {
      const opened = new ForkingTCPServer(here, handlers.LineEcho, { transport, children });
      await opened.open();
      const neverOpened = new ForkingTCPServer(here, handlers.LineEcho, { transport, children });
      await Promise.all([opened.serverClose(), neverOpened.serverClose()]);
      expect([opened.fileno(), neverOpened.fileno()]).toEqual([-1, -1]);
      expect(opened.activeChildren.size).toBe(0);
    });

    it("test_context_manager: leaving the block closes a server", async () => {
      const left = await (async () => {
        await using server = new ForkingTCPServer(here, handlers.LineEcho, { transport, children });
        await server.open();
        return server;
      })();
      expect([left.fileno(), left.activeChildren.size]).toEqual([-1, 0]);
    });

    /** CPython's `ForkingErrorTestServer`, whose handler calls it from its child. */
    class ForkingErrorTestServer extends ForkingTCPServer {
      readonly log: string[] = [];
      exits = false;
      note(line: string): void {
        this.log.push(line);
      }
      override handleError(): void {
        this.log.push("Error handled");
      }
    }

    async function handleOne(server: ForkingErrorTestServer): Promise<void> {
      const client = await StreamTestClient.connect(server.serverAddress);
      await server.handleRequest();
      await client.ended();
      await client.close();
      await server.serverClose();
    }

    it("test_forking_handled: its handler's error is given to handleError()", async () => {
      const server = new ForkingErrorTestServer(here, handlers.Bad, { transport, children });
      await server.open();
      await handleOne(server);
      expect(server.log).toEqual(["Handler called", "Error handled"]);
    });

    it("test_forking_not_handled: its handler's exit request is not, and comes out of serveForever()", async () => {
      const server = new ForkingErrorTestServer(here, handlers.Bad, { transport, children });
      server.exits = true;
      await server.open();
      const served = server.serveForever();
      const client = await StreamTestClient.connect(server.serverAddress);
      await expect(served).rejects.toMatchObject({ name: "ExitRequest", exitCode: 3 });
      await client.close();
      await server.serverClose();
      expect(server.log).toEqual(["Handler called"]);
    });

    it("test_threads_reaped, for forking: children are not kept for requests that have ended", async () => {
      const options = { transport, children: 1, maxChildren: 3, requestsPerChild: 1 };
      await using running = await serve(new ForkingTCPServer(here, handlers.LineEcho, options));
      for (let count = 0; count < 10; count++) expect(await echoStream(running.address)).toBe(TEST_STR);
      await expect.poll(() => running.server.activeRequests).toBe(0);
      await running.server.collectChildren();
      expect(running.server.activeChildren.size).toBe(1);
    });

    it("calls handleTimeout() after `timeout` seconds without a request, which collects children", async () => {
      const options = { transport, children: 1, maxChildren: 2, requestsPerChild: 1, timeout: 0.05 };
      await using server = new ForkingTCPServer(here, handlers.LineEcho, options);
      await server.open();
      await server.handleRequest();
      expect(server.activeChildren.size).toBe(1);
    });
  });
}
