import {
  BaseRequestHandler,
  DatagramRequestHandler,
  ExitRequest,
  MultiplexingTCPServer,
  type Socket,
  serveAll,
  TCPServer,
  UDPServer,
  UnixStreamServer,
} from "ts-socketserver";
import { DatagramTestClient, StreamTestClient } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { temporaryPath } from "../support/temporary-path.js";

class Echo extends BaseRequestHandler<Socket> {
  override async handle(): Promise<void> {
    const data = await this.request.recv(100);
    if (String(data) === "quit") throw new ExitRequest(4);
    await this.request.sendall(data);
  }
}
class EchoDatagram extends DatagramRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write(await this.rfile.read());
  }
}

const servers = () => ({
  tcp: new TCPServer(["127.0.0.1", 0], Echo),
  udp: new UDPServer(["127.0.0.1", 0], EchoDatagram),
  unix: new UnixStreamServer(temporaryPath(), Echo),
});

describe("serveAll()", () => {
  it("serves TCP, UDP and Unix together until each was shut down", async () => {
    const { tcp, udp, unix } = servers();
    await using _all = {
      [Symbol.asyncDispose]: async () => void (await Promise.all([tcp, udp, unix].map((one) => one.serverClose()))),
    };
    await Promise.all([tcp, udp, unix].map((server) => server.open()));
    let done = false;
    const serving = serveAll(tcp, udp, unix).then(() => {
      done = true;
    });
    for (const server of [tcp, unix]) {
      await using client = await StreamTestClient.connect(server.serverAddress);
      await client.write("stream");
      expect(await client.readAll()).toBe("stream");
    }
    await using client = await DatagramTestClient.open(udp.serverAddress);
    await client.send("datagram");
    expect(await client.receive()).toBe("datagram");
    await tcp.shutdown();
    await unix.shutdown();
    await client.send("still there");
    expect([await client.receive(), done]).toEqual(["still there", false]);
    await udp.shutdown();
    await serving;
  });

  it("shuts the others down when one fails, and throws its error", async () => {
    const { tcp, udp } = servers();
    await using _tcp = tcp;
    await using _udp = udp;
    await Promise.all([tcp.open(), udp.open()]);
    const serving = serveAll(udp, tcp);
    await using client = await StreamTestClient.connect(tcp.serverAddress);
    await client.write("quit");
    await expect(serving).rejects.toMatchObject({ name: "ExitRequest", exitCode: 4 });
  });

  it("serves none when one cannot be opened", async () => {
    await using taken = new MultiplexingTCPServer(["127.0.0.1", 0], Echo);
    await taken.open();
    await using other = new MultiplexingTCPServer(taken.serverAddress, Echo);
    await using udp = new UDPServer(["127.0.0.1", 0], EchoDatagram);
    await expect(serveAll(udp, other)).rejects.toMatchObject({ code: "EADDRINUSE" });
    // Nobody serves it: a loop of its own can.
    await udp.serveForever({ signal: AbortSignal.abort() });
  });
});
