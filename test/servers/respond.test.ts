import { AF_INET6, formatAddress, isInetAddress, MultiplexingUDPServer, parseAddress } from "ts-socketserver";
import { RespondDatagramHandler, RespondMixIn } from "ts-socketserver/servers";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { python, runPython } from "../clients/programs.js";
import { captureLog } from "../support/log-capture.js";
import { RunningCommand } from "../support/running-command.js";
import { bundledServer, serveBundled } from "./one-runner.js";
import { refusalOf } from "./refusal.js";

class RespondServer extends RespondMixIn(MultiplexingUDPServer) {}

/** What a server of text logs at `info` beside listening and closing. */
async function loggedFor(datagram: string | Uint8Array): Promise<Record<string, unknown>> {
  const { logger, lines } = captureLog("info");
  await using running = await serve(new RespondServer(["127.0.0.1", 0], RespondDatagramHandler, { logger }));
  await using client = await running.datagrams();
  await client.send(datagram);
  expect(await client.receive()).toBe("Response for 127.0.0.1");
  const line = lines.find(({ msg }) => msg === "received");
  expect(line).toMatchObject({ clientAddress: formatAddress(client.address) });
  return { ...line };
}

describe("RespondDatagramHandler", () => {
  it("answers with the sender's address, and has the server tell what came in", async () => {
    expect(await loggedFor("Hi, I'm sending this message.")).toMatchObject({ text: "Hi, I'm sending this message." });
  });

  it("takes an empty datagram, and one that is no UTF-8", async () => {
    expect(await loggedFor("")).toMatchObject({ text: "" });
    expect(await loggedFor(Buffer.of(0xc3, 0x28))).toMatchObject({ text: "\ufffd(" });
  });

  it("tells of a long datagram what the server has received of it", async () => {
    expect(await loggedFor("x".repeat(60_000))).toMatchObject({ text: "x".repeat(8192) });
  });
});

describe("RespondDatagramHandler over IPv6", () => {
  it("answers with the address of that family", async () => {
    await using running = await serve(
      new RespondServer(["::1", 0], RespondDatagramHandler, { addressFamily: AF_INET6 }),
    );
    await using client = await running.datagrams();
    await client.send("hello");
    expect(await client.receive()).toBe("Response for ::1");
  });
});

describe("The bundled respond server", () => {
  it.each([
    "plain",
    "multiplexing",
    "threading",
    "forking",
  ] as const)("tells its own log what came in, and answers (%s)", async (model) => {
    const { logger, lines } = captureLog("info");
    await using running = await serveBundled(bundledServer("respond"), model, "udp", { options: { logger } });
    await using client = await running.datagrams();
    await client.send("Hello from the other side");
    expect(await client.receive()).toBe("Response for 127.0.0.1");
    expect(lines).toContainEqual(expect.objectContaining({ msg: "received", text: "Hello from the other side" }));
  });
});

describe("socketserver respond", () => {
  it.skipIf(python.missing)(`gives CPython's socket the course's answer${python.reason}`, async () => {
    await using command = RunningCommand.start("respond", "--udp", "127.0.0.1:0");
    const address = parseAddress((await command.started()).serverAddress);
    const output = await runPython(
      `
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.sendto("Hello from the other side".encode("ascii"), (sys.argv[1], int(sys.argv[2])))
    data, address = s.recvfrom(2048)
    print(data.decode("utf-8"), address == (sys.argv[1], int(sys.argv[2])))
`,
      ...(isInetAddress(address) ? [address[0], address[1]] : []),
    );
    expect(output).toBe("Response for 127.0.0.1 True\n");
    expect(command.log).toContainEqual(expect.objectContaining({ msg: "received", text: "Hello from the other side" }));
  });

  it("has no other protocol than UDP", async () => {
    expect(await refusalOf("respond", "--tcp", "127.0.0.1:0")).toEqual({
      exitCode: 1,
      text: expect.stringContaining("Unknown option '--tcp'."),
    });
  });
});
