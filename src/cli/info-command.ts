/**
 * `socketserver info`: the versions, the transport in use, what it can do, and why the other one is not in use.
 *
 * @module
 */

import type { Command } from "commander";
import { type Capabilities, capabilities } from "../core/transport/index.js";
import { packageVersion } from "./package-version.js";

/** What `socketserver info --json` prints. */
interface Info {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly capabilities: Capabilities;
}

/** What the features mean. The type demands a line for each. */
const FEATURES: Readonly<Record<Exclude<keyof Capabilities, "transport" | "reason" | "unavailable">, string>> = {
  unixDatagrams: "Unix datagram sockets",
  rawSockets: "raw and seqpacket sockets",
  blockingSockets: "sockets that block their thread",
  acceptOnDemand: "clients wait in the kernel until they are accepted",
  allSocketOptions: "every socket option of the system",
  descriptors: "sockets can be handed to threads and processes",
};

/** Adds the command. */
export function addInfoCommand(program: Command): void {
  program
    .command("info")
    .description("Tells the versions, how bytes move (the transport), what that can do, and why.")
    .summary("tells the versions and what this installation can do")
    .helpGroup("About:")
    .option("--json", "as JSON")
    .action(({ json = false }: { json?: boolean }) => {
      const info = collect();
      process.stdout.write(json ? `${JSON.stringify(info, null, 2)}\n` : describe(info));
    });
}

function collect(): Info {
  return {
    version: packageVersion(),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    capabilities: capabilities(),
  };
}

function describe({ version, node, platform, capabilities: { transport, reason, unavailable, ...features } }: Info) {
  const can = Object.entries(FEATURES).map(([name, meaning]) => {
    return `  ${features[name as keyof typeof features] ? "yes" : "no "}  ${meaning}`;
  });
  const others = Object.entries(unavailable).map(([name, why]) => `  ${name}: ${why}`);
  return [
    `ts-socketserver  ${version}`,
    `Node.js          ${node} (${platform})`,
    `Transport        ${transport}. ${reason}`,
    "",
    "Beyond TCP, UDP and Unix streams it can do:",
    ...can,
    ...(others.length > 0 ? ["", "Not in use:", ...others] : []),
    "",
  ].join("\n");
}
