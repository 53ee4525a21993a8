/**
 * `socketserver fetch`: a web client that shows how HTTP goes over a socket.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { httpGet } from "../clients/http-get.js";
import type { HttpResponse } from "../clients/http-response.js";
import { explainClientError } from "./errors.js";
import { secondsAboveZero } from "./options.js";
import { isOutputClosed, ReplyOutput } from "./output/replies.js";
import { visible } from "./text.js";

const TIMEOUT = 30;

interface FetchOptions {
  readonly include?: boolean;
  readonly head?: boolean;
  readonly timeout: number;
}

/** Adds the command. */
export function addFetchCommand(program: Command): void {
  program
    .command("fetch")
    .description("Asks a web server for a page, by HTTP/1.1 over a socket of this package, and prints it.")
    .summary("prints what a web server has at an http:// address")
    .helpGroup("Clients and tools:")
    .argument("<url>", "http://host[:port]/path")
    .option("-i, --include", "print the status and the headers, too")
    .option("-I, --head", "ask for the headers alone, and print them")
    .addOption(
      new Option("--timeout <seconds>", "how long connecting, and each wait, may take")
        .argParser(secondsAboveZero("--timeout"))
        .default(TIMEOUT),
    )
    .addHelpText("after", HELP)
    .action(async (url: string, options: FetchOptions) => {
      try {
        process.exitCode = await fetchPage(url, options);
      } catch (error) {
        if (!isOutputClosed(error)) throw explainClientError(error);
      }
    });
}

/** Fetches a page. @returns the exit code */
async function fetchPage(url: string, { include = false, head = false, timeout }: FetchOptions): Promise<number> {
  const output = new ReplyOutput();
  await using response = await httpGet(url, { method: head ? "HEAD" : "GET", timeout });
  if (include || head) await output.write(headOf(response));
  for await (const piece of response.body) await output.write(piece);
  const place = response.header("location");
  if (response.status < 400 && place !== null) {
    process.stderr.write(`socketserver: The page is at ${visible(place)}: redirects are not followed.\n`);
  }
  return exitCodeOf(response.status);
}

function headOf({ version, status, reason, headers }: HttpResponse): Buffer {
  const lines = [`HTTP/${version} ${status} ${reason}`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

/** 0 for success, else the first digit of the status: 3, 4 or 5. (1 is for no answer.) */
function exitCodeOf(status: number): number {
  const kind = Math.floor(status / 100);
  return kind === 2 ? 0 : kind;
}

const HELP = `
For example, with a server that runs (socketserver http):
  socketserver fetch "http://127.0.0.1:9999/5062CEM.php?lecturer=Ada"
What comes back:
  <html>
  <head>
  \t<title>5062CEM - Networking Demo</title>
  </head>
  <body>
  Hello Ada, and welcome to 5062CEM!</body>

The exit code is 0 for a page (status 2xx), else the first digit of the
status (3: it is elsewhere, 4: the request is wrong, 5: the server failed),
and 1 when no whole answer came. Redirects are not followed. https is refused:
it is HTTP within TLS, and this shows HTTP on a bare socket.
`;
