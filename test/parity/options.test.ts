/** PARITY.md, section 4: the defaults; and how options and class fields come to a server. */

import {
  type Address,
  defaults,
  MultiplexingTCPServer,
  MultiplexingUDPServer,
  type ServerOptions,
  TCPServer,
  UDPServer,
  UnixStreamServer,
  UnsupportedOperation,
} from "ts-socketserver";
import { SO_REUSEADDR, SOL_SOCKET } from "ts-socketserver/socket";
import { StreamTestClient } from "ts-socketserver/testing";
import { nativeTransport, nodeTransport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { FaultyTransport } from "../support/faulty-transport.js";
import { DatagramEcho, Idle, LineEcho } from "../support/handlers.js";

const here: Address = ["127.0.0.1", 0];
const notNative = nativeTransport === null ? " (skipped: it is not there)" : "";

describe("the defaults", () => {
  it('"backlog default": 511', async () => {
    const transport = new FaultyTransport();
    await using server = new TCPServer(here, Idle, { transport });
    await server.open();
    expect([server.requestQueueSize, ...transport.backlogs]).toEqual([511, 511]);
  });

  it('"address reuse": on for TCP, so that a port just left can be bound again', async () => {
    const first = new TCPServer(here, LineEcho);
    await first.open();
    expect(first.allowReuseAddress).toBe(true);
    expect(first.socket.getsockopt(SOL_SOCKET, SO_REUSEADDR)).toBe(1);
    await using client = await StreamTestClient.connect(first.serverAddress);
    await client.write("x\n");
    await first.handleRequest();
    // The server closed first, so its end of the connection winds down (TIME_WAIT) on this very port.
    expect(await client.readAll()).toBe("x\n");
    await client.close();
    await first.serverClose();
    await using second = new TCPServer(first.serverAddress, Idle);
    await second.open();
    expect(second.serverAddress).toEqual(first.serverAddress);
  });

  it('"address reuse": a port that somebody listens on is refused all the same', async () => {
    await using first = new TCPServer(here, Idle);
    await first.open();
    await using second = new TCPServer(first.serverAddress, Idle);
    await expect(second.open()).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it('"address reuse": refusing it on the node transport says that Node has no call for it, and what to do', async () => {
    await using server = new TCPServer(here, Idle, { transport: nodeTransport, allowReuseAddress: false });
    const refusal = await server.open().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UnsupportedOperation);
    expect(refusal).toMatchObject({
      code: "ENOTSUP",
      message: expect.stringMatching(/The Node transport cannot .* Node has no call for it; the native transport/),
    });
    expect(server.fileno()).toBe(-1);
  });

  it.skipIf(nativeTransport === null)(
    `"address reuse": refusing it on the native transport keeps a port that was just left from being bound${notNative}`,
    async () => {
      const first = new TCPServer(here, LineEcho);
      await first.open();
      await using client = await StreamTestClient.connect(first.serverAddress);
      await client.write("x\n");
      await first.handleRequest();
      expect(await client.readAll()).toBe("x\n");
      await client.close();
      await first.serverClose();
      await using second = new TCPServer(first.serverAddress, Idle, { allowReuseAddress: false });
      await expect(second.open()).rejects.toMatchObject({ code: "EADDRINUSE", syscall: "bind" });
      expect(second.fileno()).toBe(-1);
    },
  );

  it('"address reuse": off for UDP, where a second server would take the datagrams', async () => {
    await using first = new UDPServer(here, DatagramEcho);
    await first.open();
    expect(first.allowReuseAddress).toBe(false);
    expect(first.socket.getsockopt(SOL_SOCKET, SO_REUSEADDR)).toBe(0);
    await using second = new UDPServer(first.serverAddress, DatagramEcho);
    await expect(second.open()).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("every server begins with the values of `defaults`", () => {
    expect(new MultiplexingTCPServer(here, Idle)).toMatchObject({
      timeout: null,
      allowReuseAddress: true,
      allowReusePort: false,
      requestQueueSize: 511,
      blockOnClose: true,
      shutdownTimeout: 15,
      maxConnections: 10_000,
    });
    expect(new UDPServer(here, DatagramEcho)).toMatchObject({ maxPacketSize: 8192, allowReuseAddress: false });
    expect(defaults).toMatchObject({ requestQueueSize: 511, maxLineLength: 65_536, pollInterval: 0.5 });
  });
});

describe("class fields and options", () => {
  class Short extends TCPServer {
    override requestQueueSize = 7;
  }

  it("a class field applies, as in Python", async () => {
    const transport = new FaultyTransport();
    await using server = new Short(here, Idle, { transport });
    await server.open();
    expect(transport.backlogs).toEqual([7]);
  });

  it("an option wins over a class field", async () => {
    const transport = new FaultyTransport();
    await using server = new Short(here, Idle, { transport, requestQueueSize: 9 });
    await server.open();
    expect([server.requestQueueSize, ...transport.backlogs]).toEqual([9, 9]);
  });

  it("an option that is undefined leaves the class field", async () => {
    const transport = new FaultyTransport();
    const options = { transport, requestQueueSize: undefined } as unknown as ServerOptions;
    await using server = new Short(here, Idle, options);
    await server.open();
    expect(transport.backlogs).toEqual([7]);
  });

  it("the caller's options are neither written to nor looked at later", async () => {
    const transport = new FaultyTransport();
    const options = { transport, requestQueueSize: 3 };
    await using server = new TCPServer(here, Idle, options);
    options.requestQueueSize = 4;
    await server.open();
    expect(transport.backlogs).toEqual([3]);
    expect(options).toEqual({ transport, requestQueueSize: 4 });
  });
});

describe("wrong options", () => {
  const unknownOptions = [
    ["TCPServer", "maxPacketSize", () => new TCPServer(here, Idle, { maxPacketSize: 1 })],
    ["TCPServer", "maxConnections", () => new TCPServer(here, Idle, { maxConnections: 1 })],
    ["UDPServer", "requestQueueSize", () => new UDPServer(here, DatagramEcho, { requestQueueSize: 1 })],
    ["TCPServer", "reuseAddress", () => new TCPServer(here, Idle, { reuseAddress: true } as ServerOptions)],
    ["UnixStreamServer", "backlog", () => new UnixStreamServer("", Idle, { backlog: 5 } as ServerOptions)],
  ] as const;

  for (const [className, option, make] of unknownOptions) {
    it(`${className} refuses the option ${option}, which it does not have, and names those it has`, () => {
      expect(make).toThrow(TypeError);
      expect(make).toThrow(new RegExp(`^${className} has no option "${option}"\\. Its options are: timeout, .*logger`));
    });
  }

  it("a mix-in adds its own to the options of the server", () => {
    expect(() => new MultiplexingUDPServer(here, DatagramEcho, { maxConnections: 1, maxPacketSize: 1 })).not.toThrow();
    expect(MultiplexingUDPServer.optionNames).toEqual([...UDPServer.optionNames, "maxConnections", "unhandledErrors"]);
  });

  const wrongValues: readonly (readonly [keyof ServerOptions, unknown])[] = [
    ["timeout", -1],
    ["timeout", Number.NaN],
    ["timeout", "5"],
    ["timeout", 2_147_484],
    ["shutdownTimeout", null],
    ["shutdownTimeout", Number.POSITIVE_INFINITY],
    ["requestQueueSize", 0],
    ["requestQueueSize", 1.5],
    ["maxConnections", 0],
    ["allowReuseAddress", "yes"],
    ["allowReusePort", 1],
    ["blockOnClose", 0],
    ["addressFamily", 99],
  ];
  for (const [option, value] of wrongValues) {
    it(`the value ${JSON.stringify(value)} (${String(value)}) is refused as ${option}, given as option or class field`, async () => {
      const transport = new FaultyTransport();
      const wanted = { name: "RangeError", message: expect.stringContaining(`Cannot use ${String(value)} as `) };
      await using byOption = new MultiplexingTCPServer(here, Idle, { transport, [option]: value });
      await expect(byOption.open()).rejects.toMatchObject(wanted);
      await using byField = new MultiplexingTCPServer(here, Idle, { transport });
      Object.assign(byField, { [option]: value });
      await expect(byField.open()).rejects.toMatchObject(wanted);
      expect(transport.opened).toBe(0);
    });
  }

  it("the value 0 is refused as maxPacketSize", async () => {
    await using server = new UDPServer(here, DatagramEcho, { maxPacketSize: 0 });
    await expect(server.open()).rejects.toThrow(/UDPServer\.maxPacketSize: it takes a whole number of bytes from 1/);
  });
});
