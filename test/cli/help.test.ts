import { readFileSync } from "node:fs";
import { capabilities } from "ts-socketserver";
import { bundledServers } from "ts-socketserver/servers";
import { describe, expect, it } from "vitest";
import { exampleCommand } from "../../dist/cli/endpoint.js";
import { models, modelsOf, protocolsOf } from "../../dist/cli/models.js";
import { defaultEndpoint } from "../../dist/cli/options.js";
import { runInProcess } from "../support/command-in-process.js";
import { RunningCommand } from "../support/running-command.js";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

/** What a command that succeeds prints. */
async function printed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runInProcess(args);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

describe("socketserver --help", () => {
  it("lists every server with what it does, and shows one to try", async () => {
    const help = await printed("--help");
    for (const { name, summary } of bundledServers) expect(help).toMatch(new RegExp(`^ {2}${name} +${summary}$`, "m"));
    expect(help).toContain("socketserver upper\n");
    expect(help).toContain("echo hello | nc -N 127.0.0.1 9999\n");
    expect(help).toContain("  HELLO\n");
  });

  it("is printed on stderr, with the exit code 1, when no server is named", async () => {
    await using command = RunningCommand.start();
    expect(await command.exit).toEqual({ code: 1, signal: null });
    expect(command.stdout).toBe("");
    expect(command.stderr).toBe(await printed("--help"));
  });

  it("fits a terminal of 80 columns", async () => {
    const help = `${await printed("--help")}${await printed("upper", "--help")}`;
    for (const line of help.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe.each(bundledServers)("socketserver $name --help", (bundled) => {
  const { name, summary, example, options: own = [] } = bundled;

  it("says what it does, what to type, and what comes back", async () => {
    const help = await printed(name, "--help");
    expect(help).toContain(summary);
    expect(help).toContain(`\n  ${exampleCommand(defaultEndpoint(protocolsOf(bundled)), example)}\n`);
    expect(help).toContain(`\nWhat comes back:\n  ${example.receive.split(/\r?\n/)[0] || "(nothing)"}\n`);
  });

  it("names every option and every model that it has, and no other", async () => {
    const help = await printed(name, "--help");
    for (const { flags } of own) expect(help).toContain(`  ${flags}`);
    for (const option of ["--shutdown-timeout", "--quiet", "--json"]) expect(help).toContain(`  ${option}`);
    for (const protocol of ["tcp", "udp", "unix"] as const) {
      expect(help.includes(`  --${protocol} <`)).toBe(protocolsOf(bundled).includes(protocol));
    }
    const names = modelsOf(bundled).map((model) => model.name);
    for (const model of models) expect(help.includes(`${model.name}:`)).toBe(names.includes(model.name));
    expect(help.includes("  Esc, where it runs in a terminal")).toBe(bundled.stopsOnEscape === true);
    expect(help.includes("  --threads")).toBe(names.includes("threading"));
    expect(help.includes("  --children")).toBe(names.includes("forking"));
  });

  it("fits a terminal of 80 columns", async () => {
    for (const line of (await printed(name, "--help")).split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe("socketserver --version", () => {
  it("prints the package's version", async () => {
    await using command = RunningCommand.start("--version");
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect([command.stdout, command.stderr]).toEqual([`${version}\n`, ""]);
  });
});

describe("socketserver info", () => {
  const { transport, reason, unixDatagrams, unavailable } = capabilities();

  it("tells the versions, the transport, and why it is that one", async () => {
    const text = await printed("info");
    expect(text).toContain(version);
    expect(text).toContain(process.versions.node);
    expect(text).toContain(`\nTransport        ${transport}. ${reason}\n`);
    expect(text).toContain(`\n  ${unixDatagrams ? "yes" : "no "}  Unix datagram sockets\n`);
    for (const [name, why] of Object.entries(unavailable)) expect(text).toContain(`\n  ${name}: ${why}\n`);
  });

  it("tells the same as JSON", async () => {
    expect(JSON.parse(await printed("info", "--json"))).toMatchObject({
      version,
      node: process.versions.node,
      capabilities: capabilities(),
    });
  });
});
