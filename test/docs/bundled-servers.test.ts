/** The conversations of docs/bundled-servers.md are held as a reader would hold them. */

import { spawn } from "node:child_process";
import { basename } from "node:path";
import { text } from "node:stream/consumers";
import { parseAddress } from "ts-socketserver";
import { type BundledServer, bundledServers } from "ts-socketserver/servers";
import { describe, expect, it } from "vitest";
import { protocolsOf } from "../../dist/cli/models.js";
import { netcat } from "../clients/programs.js";
import { COMMAND } from "../support/paths.js";
import { RunningCommand } from "../support/running-command.js";
import { pageAt } from "./pages.js";

const { text: page, blocks } = pageAt("docs/bundled-servers.md");
const sessions = blocks.filter(({ kind }) => kind === "session");

/** The port of a server that is told none. */
const USUAL_PORT = "9999";

/** A line that is typed, and what comes back. */
interface Exchange {
  readonly typed: string;
  readonly answer: string;
}

function exchangesIn(block: string): Exchange[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((piece) => {
      const [typed = "", ...answer] = piece.split("\n");
      return { typed, answer: answer.join("\n") };
    });
}

/** What the shell prints, in which `socketserver` is the built command. */
async function inShell(line: string): Promise<string> {
  const command = `socketserver() { "${process.execPath}" "${COMMAND}" "$@"; }`;
  const shell = spawn("sh", ["-c", `${command}\n${line}`], { stdio: ["ignore", "pipe", "inherit"] });
  return (await text(shell.stdout)).replaceAll("\r\n", "\n");
}

/** The server that a line starts; `undefined` where it is another command. */
function startedBy(typed: string): BundledServer | undefined {
  const [program, name] = typed.split(" ");
  return program === "socketserver" ? bundledServers.find((bundled) => bundled.name === name) : undefined;
}

/** The servers of one conversation, at other ports than the page says: another program may have those here. */
class Servers implements AsyncDisposable {
  readonly #commands: RunningCommand[] = [];
  readonly #ports = new Map<string, string>();

  async start(bundled: BundledServer, typed: string): Promise<void> {
    const [, port = USUAL_PORT] = /--(?:tcp|udp) \S*:(\d+)/.exec(typed) ?? [];
    const [, ...args] = this.atRealPorts(typed.replace(/(--(?:tcp|udp) \S*:)\d+/, "$10")).split(" ");
    const usual = protocolsOf(bundled).includes("tcp") ? "--tcp" : "--udp";
    if (!/--(tcp|udp|unix) /.test(typed)) args.push(usual, "127.0.0.1:0");
    const command = RunningCommand.start(...args);
    this.#commands.push(command);
    const [, real] = parseAddress((await command.started()).serverAddress);
    this.#ports.set(port, String(real));
  }

  atRealPorts(typed: string): string {
    return typed.replaceAll(/\b\d{4,5}\b/g, (port) => this.#ports.get(port) ?? port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const command of this.#commands) await command[Symbol.asyncDispose]();
  }
}

describe("docs/bundled-servers.md", () => {
  it("has a section for every server, in the order of their names", () => {
    const headings = [...page.matchAll(/^## (\S+)$/gm)].map(([, heading = ""]) => heading);
    const names = bundledServers.map(({ name }) => name);
    expect(headings.filter((heading) => names.includes(heading))).toEqual(names);
  });

  describe.skipIf(netcat.missing)(`A conversation${netcat.reason}`, () => {
    it.each(sessions)("goes as $where shows it", async ({ file, text: block }) => {
      const { pattern } = bundledServers.find(({ name }) => name === basename(file))?.example ?? {};
      await using servers = new Servers();
      for (const { typed, answer } of exchangesIn(block)) {
        const bundled = startedBy(typed);
        if (bundled !== undefined) {
          await servers.start(bundled, typed);
          continue;
        }
        const got = (await inShell(servers.atRealPorts(typed))).trimEnd();
        if (pattern === undefined) expect(got).toBe(answer.trimEnd());
        else for (const one of [got, answer.trimEnd()]) expect(one).toMatch(pattern);
      }
    });
  });
});
