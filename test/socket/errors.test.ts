import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { type Address, formatAddress, GaiError, PermissionError } from "ts-socketserver";
import { describe, expect, it } from "vitest";
import { failureOf, type StreamSubject, streams, tcpStreams } from "./subjects.js";

async function bindAndListen(subject: StreamSubject, address: Address): Promise<void> {
  await using socket = subject.socket();
  await socket.bind(address);
  await socket.listen();
}

/** Why this process cannot be refused port 80, or `null`. */
function whyPrivileged(): string | null {
  if (process.platform !== "linux") return "only Linux tells which ports are privileged";
  if (process.getuid?.() === 0) return "root may bind every port";
  const first = Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"));
  return first <= 80 ? `ports from ${first} on are free for everybody here` : null;
}
const privileged = whyPrivileged();

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`Errors over ${subject.title}`, () => {
    it("name the address that is in use", async () => {
      await using listener = await subject.listener();
      const address = listener.getsockname();
      const error = await failureOf(bindAndListen(subject, address));
      expect([error.name, error.code]).toEqual(["OSError", "EADDRINUSE"]);
      const protocol = subject.isTcp ? "tcp" : "unix";
      expect(error.message).toBe(
        `Cannot bind ${protocol} ${formatAddress(address)}: address already in use (EADDRINUSE)`,
      );
      expect(error.errno).toBeLessThan(0);
      // The one that was there first is none the worse for it.
      await using client = subject.socket();
      await client.connect(address);
    });

    it("name the address that cannot be reached, and keep the cause", async () => {
      const address = await subject.deadAddress();
      await using socket = subject.socket();
      const error = await failureOf(socket.connect(address));
      const [protocol, words] = subject.isTcp
        ? ["tcp", "connection refused (ECONNREFUSED)"]
        : ["unix", "no such file or directory (ENOENT)"];
      expect(error.message).toBe(`Cannot connect to ${protocol} ${formatAddress(address)}: ${words}`);
      expect(error.cause).toBeInstanceOf(Error);
    });

    it("tell an address of the wrong form from one that does not exist", async () => {
      await using socket = subject.socket();
      const wrong: Address = subject.isTcp ? "/tmp/a.sock" : ["127.0.0.1", 80];
      await expect(socket.connect(wrong)).rejects.toThrow(TypeError);
      await expect(socket.bind(wrong)).rejects.toThrow(/^Cannot use .* as an address of AF_/);
    });
  });
}

for (const subject of tcpStreams) {
  describe.skipIf(subject.missing !== null)(`Errors of addresses over ${subject.title}`, () => {
    const { host } = subject;

    it.skipIf(privileged !== null)(
      `name the privileged port that the process may not bind${privileged === null ? "" : ` (skipped: ${privileged})`}`,
      async () => {
        const error = await failureOf(bindAndListen(subject, [host, 80]));
        expect(error).toBeInstanceOf(PermissionError);
        expect(error.message).toBe(`Cannot bind tcp ${formatAddress([host, 80])}: permission denied (EACCES)`);
      },
    );

    it.each([-1, 65_536, 1.5, Number.NaN])("refuse %d as a port, without a system call", async (port) => {
      await using socket = subject.socket();
      for (const call of [socket.bind([host, port]), socket.connect([host, port])]) {
        const error: unknown = await call.catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(RangeError);
        expect(String(error)).toContain(`Cannot use the port ${port}`);
      }
    });

    it("name the host that cannot be resolved, and the action", async () => {
      await using socket = subject.socket();
      // Too long for a name: no resolver is asked.
      const name = "x".repeat(300);
      for (const call of [socket.bind([name, 0]), socket.connect([name, 9])]) {
        const error = await failureOf(call);
        expect(error).toBeInstanceOf(GaiError);
        expect(error.message).toContain(name);
      }
    });

    it("name the host that is of the other family", async () => {
      await using socket = subject.socket();
      const other = host === "::1" ? "127.0.0.1" : "::1";
      const error = await failureOf(socket.connect([other, 9]));
      expect(error).toBeInstanceOf(GaiError);
      expect(error.message).toContain(other);
      expect(error.message).toMatch(/AF_INET/);
    });

    it("name the address that is none of this machine's", async () => {
      const foreign: Address = host === "::1" ? ["2001:db8::1", 0] : ["192.0.2.1", 0];
      const error = await failureOf(bindAndListen(subject, foreign));
      expect(error.code).toBe("EADDRNOTAVAIL");
      expect(error.message).toContain(`Cannot bind tcp ${formatAddress(foreign)}: `);
    });

    it.skipIf(process.platform !== "linux")(
      "leak no descriptor: 1,024 failed binds to port -1 leave as many open as before (Linux only: counts /proc/self/fd)",
      async () => {
        const before = readdirSync("/proc/self/fd").length;
        for (let time = 0; time < 1024; time += 1) {
          const socket = subject.socket();
          await expect(socket.bind([host, -1])).rejects.toThrow(RangeError);
          await socket.close();
        }
        expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
      },
    );

    it.skipIf(process.platform !== "linux")(
      "leak no descriptor: 300 refused connections and failed listens leave none (Linux only: counts /proc/self/fd)",
      async () => {
        const address = await subject.deadAddress();
        await using listener = await subject.listener();
        const before = readdirSync("/proc/self/fd").length;
        for (let time = 0; time < 300; time += 1) {
          await using socket = subject.socket();
          await failureOf(socket.connect(address));
          await failureOf(bindAndListen(subject, listener.getsockname()));
        }
        await new Promise(setImmediate);
        expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
      },
    );
  });
}

for (const subject of streams.filter(({ isTcp }) => !isTcp)) {
  describe.skipIf(subject.missing !== null)(`Errors of paths over ${subject.title}`, () => {
    it("are refusals where a dead server has left its file, and listening replaces that", async () => {
      const path = String(subject.address());
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(`${path}.dying`, resolve));
      renameSync(`${path}.dying`, path);
      await new Promise((resolve) => server.close(resolve));
      await using client = subject.socket();
      const error = await failureOf(client.connect(path));
      expect([error.name, error.code]).toEqual(["ConnectionRefusedError", "ECONNREFUSED"]);
      await using listener = await subject.listener(path);
      await using next = subject.socket();
      await next.connect(listener.getsockname());
    });

    it("never cost a file that is no socket", async () => {
      const path = String(subject.address());
      writeFileSync(path, "precious");
      try {
        expect(await failureOf(bindAndListen(subject, path))).toMatchObject({ code: "EADDRINUSE" });
        expect(readFileSync(path, "utf8")).toBe("precious");
      } finally {
        rmSync(path);
      }
    });

    it("name the directory that does not exist", async () => {
      const path = `${String(subject.address())}.d/server.sock`;
      const error = await failureOf(bindAndListen(subject, path));
      expect(error.message).toContain(path);
    });
  });
}
