import { isInetAddress, TCPServer, UDPServer } from "ts-socketserver";
import { TimeDatagramHandler, TimeStreamHandler } from "ts-socketserver/servers";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { encodeTime } from "../../dist/servers/time.js";
import { python, runPython } from "../clients/programs.js";

/** The number of the four bytes that stand for a time. */
function numberOf(time: string): number {
  return encodeTime(new Date(time)).readUInt32BE();
}

describe("encodeTime", () => {
  it.each([
    ["1900-01-01T00:00:01Z", 1],
    ["1970-01-01T00:00:00Z", 2_208_988_800],
    ["1976-01-01T00:00:00Z", 2_398_291_200],
    ["1980-01-01T00:00:00Z", 2_524_521_600],
    ["1983-05-01T00:00:00Z", 2_629_584_000],
  ])("writes %s as %i, as RFC 868 has it", (time, seconds) => {
    expect(numberOf(time)).toBe(seconds);
  });

  it("writes a time before 1900 as the negative number that RFC 868 names", () => {
    expect(encodeTime(new Date("1858-11-17T00:00:00Z")).readInt32BE()).toBe(-1_297_728_000);
  });

  it("begins again at 0 on 7 February 2036", () => {
    expect(numberOf("2036-02-07T06:28:15Z")).toBe(2 ** 32 - 1);
    expect(numberOf("2036-02-07T06:28:16Z")).toBe(0);
    expect(numberOf("2036-02-07T06:28:16.999Z")).toBe(0);
  });

  it("puts the largest byte first", () => {
    expect(encodeTime(new Date("1970-01-01T00:00:00Z"))).toEqual(Buffer.of(0x83, 0xaa, 0x7e, 0x80));
  });
});

// As rdate and the like do it.
const askOverTcp = `
import socket, struct, sys, time
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s:
    data = b""
    while chunk := s.recv(16):
        data += chunk
`;
const askOverUdp = `
import socket, struct, sys, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.sendto(b"", (sys.argv[1], int(sys.argv[2])))
    data = s.recv(16)
`;
const compare = `
(seconds,) = struct.unpack("!I", data)
print(abs((time.time() + 2208988800) % 2**32 - seconds) < 3)
`;

describe.skipIf(python.missing)(`CPython's clock and the time server${python.reason}`, () => {
  it.each([
    { over: "TCP", Server: TCPServer, Handler: TimeStreamHandler, ask: askOverTcp },
    { over: "UDP", Server: UDPServer, Handler: TimeDatagramHandler, ask: askOverUdp },
  ])("agree over $over", async ({ Server, Handler, ask }) => {
    const Any = Server as new (address: readonly [string, number], handler: unknown) => TCPServer;
    await using running = await serve(new Any(["127.0.0.1", 0], Handler));
    const { address } = running;
    const where = isInetAddress(address) ? [address[0], address[1]] : [];
    expect(await runPython(ask + compare, ...where)).toBe("True\n");
  });
});

describe("TimeStreamHandler", () => {
  it("sends four bytes and ends, also to a client that talks", async () => {
    await using running = await serve(new TCPServer(["127.0.0.1", 0], TimeStreamHandler));
    for (const words of ["", "what time is it?\n"]) {
      await using client = await running.connect();
      const received: Buffer[] = [];
      client.raw.on("data", (chunk: Buffer) => received.push(chunk));
      await client.write(words);
      client.end();
      await client.ended();
      expect(Buffer.concat(received)).toHaveLength(4);
      expect(client.error).toBeNull();
    }
  });
});
