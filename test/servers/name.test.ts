import { capabilities, isInetAddress, LimitOverrunError, MultiplexingTCPServer, parseAddress } from "ts-socketserver";
import { NameMixIn, NameStreamHandler } from "ts-socketserver/servers";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { python, runPython, telnet } from "../clients/programs.js";
import { captureLog } from "../support/log-capture.js";
import { RunningCommand } from "../support/running-command.js";
import { isPending } from "../support/settle.js";
import { flood, MEGABYTE, unmeasured } from "./flood.js";
import { whyNot } from "./models.js";
import { bundledServer, serveBundled } from "./one-runner.js";
import { refusalOf } from "./refusal.js";

const IAC = 255;

class AliServer extends NameMixIn(MultiplexingTCPServer) {
  override addedName = "Ali";
  /** What would be logged. */
  readonly errors: unknown[] = [];
  override handleError(error: unknown): void {
    this.errors.push(error);
  }
}

/** What comes back until the server ends, byte by byte. */
async function answerTo(sent: Uint8Array, Handler = NameStreamHandler): Promise<Buffer> {
  await using running = await serve(new AliServer(["127.0.0.1", 0], Handler));
  await using client = await running.connect();
  const received: Buffer[] = [];
  client.raw.on("data", (chunk: Buffer) => received.push(chunk));
  await client.write(sent);
  client.end();
  await client.ended();
  return Buffer.concat(received);
}

describe("NameStreamHandler", () => {
  it("puts the name behind each line, and leaves its end as it is", async () => {
    expect((await answerTo(Buffer.from("Hello\r\nGood evening\n\r\n"))).toString()).toBe(
      "Hello Ali\r\nGood evening Ali\nAli\r\n",
    );
  });

  it("gives a last line that the client has not ended an end", async () => {
    expect((await answerTo(Buffer.from("Hello\r\nBye"))).toString()).toBe("Hello Ali\r\nBye Ali\n");
  });

  it("sends bytes back that are no UTF-8, and the byte 255 as telnet has it", async () => {
    const sent = Buffer.of(0xc3, 0x28, 0x80, IAC, IAC, 0x41, 10);
    expect(await answerTo(sent)).toEqual(Buffer.concat([sent.subarray(0, -1), Buffer.from(" Ali\n")]));
  });

  it("refuses telnet's options, answers whoever asks whether anybody is there, and takes Enter as a line's end", async () => {
    const negotiation = Buffer.of(IAC, 253, 1, IAC, 251, 31, IAC, 250, 31, 0, 80, 0, 24, IAC, 240, IAC, 246);
    const sent = Buffer.concat([Buffer.from("Hel"), negotiation, Buffer.from("lo\r\0")]);
    const refusals = Buffer.of(IAC, 252, 1, IAC, 254, 31);
    expect(await answerTo(sent)).toEqual(
      Buffer.concat([refusals, Buffer.from("\r\n[Yes]\r\n"), Buffer.from("Hello Ali\r\n")]),
    );
  });

  it("ends the connection at a line over the limit, and serves the next client", async () => {
    class ShortLines extends NameStreamHandler {
      override maxLineLength = 16;
    }
    await using running = await serve(new AliServer(["127.0.0.1", 0], ShortLines));
    await using client = await running.connect();
    await client.write("short\nmuch too long for it\n");
    await client.ended();
    expect(running.server.errors).toEqual([expect.any(LimitOverrunError)]);
    await using next = await running.connect();
    await next.write("Hello\n");
    expect(await next.readLine()).toBe("Hello Ali\n");
  });

  it("reads no further while a client does not read the refusals of its options", async () => {
    await using running = await serve(new AliServer(["127.0.0.1", 0], NameStreamHandler, { shutdownTimeout: 0 }));
    await using client = await running.connect();
    client.pause();
    const writing = client.write(Buffer.alloc(64 * MEGABYTE, Buffer.of(IAC, 253, 1)));
    expect(await isPending(writing)).toBe(true);
    await using next = await running.connect();
    await next.write("Hello\n");
    expect(await next.readLine()).toBe("Hello Ali\n");
    expect(await isPending(writing)).toBe(true);
    client.reset();
    await writing;
  });

  const notUrgent = capabilities().allSocketOptions ? python.reason : " (skipped: needs the native transport)";
  it.skipIf(notUrgent !== "")(
    `loses nothing of a command whose last byte is sent as urgent, as telnet does at Ctrl-C${notUrgent}`,
    async () => {
      await using running = await serve(new AliServer(["127.0.0.1", 0], NameStreamHandler));
      const { address } = running;
      const output = await runPython(
        `
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s, s.makefile("rb") as answers:
    s.send(b"\\xff\\xf4\\xff\\xf2", socket.MSG_OOB)
    s.sendall(b"\\xff\\xfd\\x06Hello\\r\\n")
    print(answers.readline())
`,
        ...(isInetAddress(address) ? [address[0], address[1]] : []),
      );
      expect(output).toBe(`${String.raw`b'\xff\xfc\x06Hello Ali\r\n'`}\n`);
    },
  );
});

/** The command with a name. */
function startName(name: string, ...options: string[]): RunningCommand {
  return RunningCommand.start("name", "--name", name, "--tcp", "127.0.0.1:0", ...options);
}

describe("socketserver name", () => {
  it.each([
    {
      mistake: "no name",
      args: [],
      line: "Required option '--name <text>' not specified. --help shows what there is.",
    },
    {
      mistake: "an empty name",
      args: ["--name", ""],
      line: '--name: Cannot use "" as a name: it takes 1 to 100 characters of one line, such as Ali.',
    },
    {
      mistake: "a name of two lines",
      args: ["--name", "A\nB"],
      line: String.raw`--name: Cannot use "A\nB" as a name: it takes 1 to 100 characters of one line, such as Ali.`,
    },
  ])("refuses $mistake", async ({ args, line }) => {
    expect(await refusalOf("name", ...args)).toEqual({ exitCode: 1, text: `socketserver: ${line}\n` });
  });

  it.skipIf(unmeasured !== "").each([
    { what: "a line", first: "" },
    { what: "telnet's parameters", first: Buffer.of(IAC, 250).toString("latin1") },
  ])(`outlives 100 MB of $what without an end, in little memory${unmeasured}`, async ({ first }) => {
    // A name of whatever letters.
    await using command = startName("Zoë Ångström");
    const address = parseAddress((await command.started()).serverAddress);
    expect(await flood({ command, address }, Buffer.alloc(MEGABYTE, "x"), Buffer.from(first, "latin1"))).toBe("");
    await using next = await StreamTestClient.connect(address);
    await next.write("Hello\n");
    expect(await next.readLine()).toBe("Hello Zoë Ångström\n");
  });
});

describe.skipIf(telnet.missing)(`telnet and socketserver name${telnet.reason}`, () => {
  for (const model of ["multiplexing", "threading", "forking"] as const) {
    it.skipIf(whyNot(model) !== "")(
      `serves three at once, whoever types first (${model})${whyNot(model)}`,
      async () => {
        const { logger, lines } = captureLog("info");
        await using running = await serveBundled(bundledServer("name"), model, "tcp", {
          options: { logger },
          settings: { addedName: "Ali" },
        });
        const [host, port] = running.address as [string, number];
        const start = async (): Promise<RunningCommand> => {
          const one = RunningCommand.startProgram("telnet", host, String(port));
          await one.output(/Escape character/);
          return one;
        };
        await using first = await start();
        await using second = await start();
        await using third = await start();
        for (const [client, word] of [
          [third, "Hello"],
          [first, "Good morning"],
          [second, "Salaam"],
          [third, "Bye"],
        ] as const) {
          client.type(`${word}\n`);
          await client.output(new RegExp(`^${word} Ali\\r?$`, "m"));
        }
        expect(first.stdout).not.toMatch(/Hello|Salaam|Bye/);
        expect(lines.map(({ msg }) => msg)).toContain("connection accepted");
        expect(lines.map(({ msg }) => msg)).not.toContain("connection closed");
      },
    );
  }

  it("shows who asks that the server is there, and goes on", async () => {
    await using running = await serve(new AliServer(["127.0.0.1", 0], NameStreamHandler));
    const [host, port] = running.address as [string, number];
    await using client = RunningCommand.startProgram("telnet", host, String(port));
    await client.output(/Escape character/);
    client.type("\u001dsend ayt\n");
    await client.output(/\[Yes\]/);
    client.type("Hello\n");
    await client.output(/^Hello Ali\r?$/m);
  });
});
