import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isInetAddress, MultiplexingTCPServer, MultiplexingUDPServer, parseAddress } from "ts-socketserver";
import { QotdDatagramHandler, QotdMixIn, QotdStreamHandler } from "ts-socketserver/servers";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { chooseQuote } from "../../dist/servers/qotd.js";
import { python, runPython } from "../clients/programs.js";
import { RunningCommand } from "../support/running-command.js";
import { temporaryPath } from "../support/temporary-path.js";
import { whyNot } from "./models.js";
import { bundledServer, serveBundled } from "./one-runner.js";
import { refusalOf } from "./refusal.js";

class BuiltInServer extends QotdMixIn(MultiplexingTCPServer) {}

describe("The quotes that come with the server", () => {
  const { quotes } = new BuiltInServer(["127.0.0.1", 0], QotdStreamHandler);

  it("are as RFC 865 recommends: printing ASCII, fewer than 512 characters with their line ends", () => {
    expect(quotes).toHaveLength(7);
    for (const quote of quotes) {
      expect(quote).toMatch(/^[ -~\n]+$/);
      expect(`${quote}\n`.replaceAll("\n", "\r\n").length).toBeLessThan(512);
    }
  });

  it("name their authors, the works, and years long enough ago", () => {
    for (const quote of quotes) {
      const [, year] = /\n {4}-- \w+.*, .* \((\d{4})\)$/.exec(quote) ?? [];
      expect(Number(year)).toBeLessThan(1870);
    }
  });
});

describe("chooseQuote", () => {
  const quotes = ["one", "two", "three"];

  it("is the same all day long, and the next one on the next day", () => {
    const first = chooseQuote(quotes, new Date("2026-03-01T00:00:00Z"));
    expect(chooseQuote(quotes, new Date("2026-03-01T23:59:59.999Z"))).toBe(first);
    const second = chooseQuote(quotes, new Date("2026-03-02T00:00:00Z"));
    expect(quotes.indexOf(second)).toBe((quotes.indexOf(first) + 1) % 3);
  });

  it("takes all of them in turn, before 1970 as well", () => {
    for (const start of [Date.UTC(2026, 0, 1), Date.UTC(1969, 11, 30)]) {
      const days = [0, 1, 2].map((day) => new Date(start + day * 86_400_000));
      expect(days.map((day) => chooseQuote(quotes, day)).sort()).toEqual([...quotes].sort());
    }
  });

  it("has none where there are none", () => {
    expect(chooseQuote([], new Date())).toBe("");
  });
});

describe("The handlers", () => {
  class MottoServer extends QotdMixIn(MultiplexingTCPServer) {
    override quotes = ["Know thyself.\n    -- Delphi"];
  }
  class MottoDatagrams extends QotdMixIn(MultiplexingUDPServer) {
    override quotes = ["Know thyself.\n    -- Delphi"];
  }
  const sent = "Know thyself.\r\n    -- Delphi\r\n";

  it("send a server's own quotes, their lines ended with CR LF, and end the connection", async () => {
    await using running = await serve(new MottoServer(["127.0.0.1", 0], QotdStreamHandler));
    await using client = await running.connect();
    await client.write("what a client says is thrown away\n");
    client.end();
    expect(await client.readAll()).toBe(sent);
    expect(client.error).toBeNull();
  });

  it.skipIf(python.missing)(`answer each datagram of CPython's socket with one${python.reason}`, async () => {
    await using running = await serve(new MottoDatagrams(["127.0.0.1", 0], QotdDatagramHandler));
    const { address } = running;
    const output = await runPython(
      `
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    for question in (b"", b"a quote, please"):
        s.sendto(question, (sys.argv[1], int(sys.argv[2])))
        print(s.recv(512))
`,
      ...(isInetAddress(address) ? [address[0], address[1]] : []),
    );
    expect(output).toBe(`${String.raw`b'Know thyself.\r\n    -- Delphi\r\n'`}\n`.repeat(2));
  });
});

/** A file with that content. */
function fileWith(content: string | Uint8Array): string {
  const path = temporaryPath();
  writeFileSync(path, content);
  return path;
}

/** 511 bytes, as it is sent: the most that RFC 865 allows. */
const LONGEST = `${"x".repeat(507)}ü`;

describe("socketserver qotd --file", () => {
  // Whatever day it is; with the mark that some editors put at the beginning of a file.
  const path = fileWith(`\ufeff${LONGEST}\n%\n${LONGEST}\r\n`);

  it("sends the quotes of a file", async () => {
    await using command = RunningCommand.start("qotd", "--file", path, "--tcp", "127.0.0.1:0");
    await using client = await StreamTestClient.connect(parseAddress((await command.started()).serverAddress));
    expect(await client.readAll()).toBe(`${LONGEST}\r\n`);
  });

  for (const model of ["threading", "forking"] as const) {
    it.skipIf(whyNot(model) !== "")(`sends the quotes of a file (${model})${whyNot(model)}`, async () => {
      const bundled = bundledServer("qotd");
      const settings = Object.fromEntries(
        (bundled.options ?? []).map(({ property, parse }) => [property, parse?.(path)]),
      );
      await using running = await serveBundled(bundled, model, "tcp", { settings });
      await using client = await running.connect();
      expect(await client.readAll()).toBe(`${LONGEST}\r\n`);
    });
  }

  it.each([
    {
      what: "that is not there",
      path: "/no/such/file",
      problem: 'Cannot read "PATH": no such file or directory (ENOENT).',
    },
    {
      what: "that is a folder",
      path: tmpdir(),
      problem: 'Cannot use "PATH": it takes a file of at most 16777216 bytes.',
    },
    {
      what: "without end",
      path: "/dev/zero",
      problem: 'Cannot use "PATH": it takes a file of at most 16777216 bytes.',
    },
    {
      what: "that is not UTF-8",
      path: fileWith(Buffer.of(0xc3, 0x28)),
      problem: 'Cannot use "PATH": it is not UTF-8.',
    },
    {
      what: "without a quote",
      path: fileWith("%\n\n%\n"),
      problem: 'There is no quote in "PATH": lines of % stand between quotes.',
    },
    {
      what: "with a quote that is too long",
      path: fileWith(`short\n%\n${LONGEST}!\n`),
      problem: `Cannot use the quote in "PATH" that begins with "${"x".repeat(30)}": it takes 512 bytes when it is sent, and RFC 865 wants fewer than 512.`,
    },
  ])("refuses a file $what", async ({ path, problem }) => {
    expect(await refusalOf("qotd", "--file", path)).toEqual({
      exitCode: 1,
      text: `socketserver: --file: ${problem.replace("PATH", path)}\n`,
    });
  });
});
