import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import type { InetAddress } from "ts-socketserver";
import { describe, expect, it } from "vitest";

const MEGABYTE = 1024 * 1024;
const GIGABYTE = 1024 * MEGABYTE;
/** Enough to be seen in the memory of a server that takes it all. */
const LEAST = 16 * MEGABYTE;
/** How long a client pushes at most, once it has sent so much. */
const PUSH_MILLISECONDS = 400;

const program = fileURLToPath(new URL("../fixtures/slow-reader.mjs", import.meta.url));

/** The most memory that a process has ever had, in bytes. */
function peakMemory(pid: number | undefined): number {
  const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(peak?.[1]) * 1024;
}

/** Sends as much as the server takes, up to 1 GB or, after the least, the end of the time. Returns how much that was. */
async function push(address: InetAddress, piece: Buffer): Promise<number> {
  const client = connect({ host: address[0], port: address[1] });
  await once(client, "connect");
  const end = performance.now() + PUSH_MILLISECONDS;
  let sent = 0;
  while (sent < GIGABYTE && (sent < LEAST || performance.now() < end)) {
    sent += piece.length;
    if (!client.write(piece)) await once(client, "drain");
  }
  client.destroy();
  await once(client, "close");
  return sent;
}

describe.skipIf(process.platform !== "linux")("Memory of a server (Linux only: reads /proc/PID/status)", () => {
  it.each([
    ["TCPServer", "SlowReceiver", Buffer.alloc(MEGABYTE)],
    ["MultiplexingTCPServer", "SlowReceiver", Buffer.alloc(MEGABYTE)],
    ["MultiplexingTCPServer", "SlowLines", Buffer.from(`${"x".repeat(32_767)}\n`.repeat(32))],
  ])("stays under 100 MB in a %s whose %s is slower than its client", async (server, handler, piece) => {
    const child = fork(program, [server, handler], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const exited = once(child, "exit");
    try {
      const [address] = (await Promise.race([once(child, "message"), exited])) as [InetAddress];
      expect(address, "the child has ended before it served").toBeInstanceOf(Array);
      const before = peakMemory(child.pid);
      const sent = await push(address, piece);
      const after = peakMemory(child.pid);
      // The client was held back.
      expect(sent).toBeLessThan(GIGABYTE / 2);
      expect(after).toBeLessThan(100 * MEGABYTE);
      expect(after - before).toBeLessThan(50 * MEGABYTE);
    } finally {
      if (child.connected) child.disconnect();
    }
    expect(await exited).toEqual([0, null]);
  });
});
