/**
 * A network of its own for programs that need interfaces and settings which this machine need not have (Linux, with the right to
 * make one).
 *
 * It has two interfaces, joined by a cable: `zone0` with the addresses 2001:db8::1 and fe80::1, and `zone_1`, whose name Node does
 * not take in an address, with fe80::2. Everyone may open ICMP sockets that are not raw.
 *
 * @module
 */

import { spawnSync } from "node:child_process";

// "nodad": an address may be used at once, not after a second in which others could object.
const SETUP = `
set -e
ip link set lo up
ip link add zone0 type veth peer name zone_1
for name in zone0 zone_1; do ip link set $name addrgenmode none; ip link set $name up; done
ip -6 addr add 2001:db8::1/64 dev zone0 nodad
ip -6 addr add fe80::1/64 dev zone0 nodad
ip -6 addr add fe80::2/64 dev zone_1 nodad
echo "0 0" > /proc/sys/net/ipv4/ping_group_range
exec "$@"
`;

function enter(options: string, command: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const program = ["sh", "-c", SETUP, "sh", ...command];
  return spawnSync("unshare", [options, ...program], { env, encoding: "utf8" });
}

// Without privileges a namespace of users comes first, in which the process is root.
const options = ["-n", "-rn"].find((one) => enter(one, ["true"]).status === 0);

/** What a title says where no such network can be made; else `""`. */
export const withoutNamespace: string =
  options === undefined ? " (skipped: no network namespace can be made here, by unshare and ip)" : "";

/**
 * Runs a program in a network of its own.
 *
 * @returns what it printed. @throws Error when it fails, with what it complained of.
 */
export function runInNamespace(command: readonly string[], env?: NodeJS.ProcessEnv): string {
  const { status, stdout, stderr } = enter(options ?? "-n", command, { ...process.env, ...env });
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}
