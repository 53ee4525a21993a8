import { isInetAddress, MultiplexingUDPServer, UDPServer } from "ts-socketserver";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { DatagramEcho, Echo, LineEcho } from "../support/handlers.js";
import { streamSubjects } from "../support/subjects.js";
import { netcat, run, socat } from "./programs.js";

const long = Array.from({ length: 5000 }, (_, index) => `line number ${index}\n`).join("");

for (const subject of streamSubjects) {
  const named = `${subject.name} on the ${subject.transport} transport`;

  describe.skipIf(netcat.missing)(`nc and ${named}${netcat.reason}`, () => {
    const args = (address: typeof subject extends never ? never : ReturnType<typeof subject.makeAddress>): string[] =>
      isInetAddress(address) ? [address[0], String(address[1])] : ["-U", String(address)];

    it("gets its line back and ends when the server does", async () => {
      await using running = await serve(new subject.ServerClass(subject.makeAddress(), LineEcho));
      expect(await run("nc", args(running.address), "hello world\n")).toBe("hello world\n");
    });

    it("gets every line back when it half-closes with -N", async () => {
      await using running = await serve(new subject.ServerClass(subject.makeAddress(), Echo));
      expect(await run("nc", ["-N", ...args(running.address)], long)).toBe(long);
    });

    it("comes again and again", async () => {
      await using running = await serve(new subject.ServerClass(subject.makeAddress(), Echo));
      const answers = await Promise.all(
        ["a\n", "b\n", "c\n"].map((line) => run("nc", ["-N", ...args(running.address)], line)),
      );
      expect(answers).toEqual(["a\n", "b\n", "c\n"]);
    });
  });

  describe.skipIf(socat.missing)(`socat and ${named}${socat.reason}`, () => {
    it("gets every line back when it half-closes", async () => {
      await using running = await serve(new subject.ServerClass(subject.makeAddress(), Echo));
      const { address } = running;
      const target = isInetAddress(address) ? `TCP:${address[0]}:${address[1]}` : `UNIX-CONNECT:${address}`;
      // -t: how long it waits for the other direction after one has ended; the server ends it at once.
      expect(await run("socat", ["-t", "10", "STDIO", target], long)).toBe(long);
    });
  });
}

for (const ServerClass of [UDPServer, MultiplexingUDPServer]) {
  describe.skipIf(netcat.missing)(`nc and ${ServerClass.name}${netcat.reason}`, () => {
    it("gets its datagram back with -u, and ends with -W 1 after it", async () => {
      await using running = await serve(new ServerClass(["127.0.0.1", 0], DatagramEcho));
      const [host, port] = running.address;
      expect(await run("nc", ["-u", "-W", "1", String(host), String(port)], "a datagram\n")).toBe("a datagram\n");
    });
  });

  describe.skipIf(socat.missing)(`socat and ${ServerClass.name}${socat.reason}`, () => {
    it("gets its datagram back", async () => {
      await using running = await serve(new ServerClass(["127.0.0.1", 0], DatagramEcho));
      const [host, port] = running.address;
      // Datagrams have no end: it waits this long for more.
      const output = await run("socat", ["-t", "0.2", "STDIO", `UDP:${host}:${port}`], "a datagram\n");
      expect(output).toBe("a datagram\n");
    });
  });
}
