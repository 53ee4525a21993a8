import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { AF_INET, AF_INET6, createConnection, GaiError, isInetAddress, Socket } from "ts-socketserver";
import { createServer, hasDualstackIpv6, hasIpv6, SOCK_STREAM, socketpair } from "ts-socketserver/socket";
import { StreamTestClient } from "ts-socketserver/testing";
import { nodeTransport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { transports } from "../support/transports.js";
import { failureOf, receiveBytes, streams } from "./subjects.js";

const dualstack = await hasDualstackIpv6();

function portOf(listener: Socket): number {
  const address = listener.getsockname();
  return isInetAddress(address) ? address[1] : -1;
}

for (const subject of streams) {
  const { transport, family } = subject;

  describe.skipIf(subject.missing !== null)(`Ready-made sockets over ${subject.title}`, () => {
    it("come from createServer() and createConnection(), ready for use", async () => {
      await using listener = await createServer(subject.address(), { transport, family });
      await using client = await createConnection(listener.getsockname(), { transport });
      const [server] = await listener.accept();
      await using _server = server;
      await client.sendall("hello");
      expect(String(await server.recv(10))).toBe("hello");
      expect([client.family, listener.family, client.gettimeout()]).toEqual([family, family, null]);
    });

    it("come from createServer() again at once where one was closed, whose side of a connection had ended first", async () => {
      const first = await createServer(subject.address(), { transport, family });
      const address = first.getsockname();
      await using client = await createConnection(address, { transport });
      const [server] = await first.accept();
      await server.close();
      expect(await receiveBytes(client, 1)).toHaveLength(0);
      await client.close();
      await first.close();
      await using second = await createServer(address, { transport, family });
      expect(second.getsockname()).toEqual(address);
    });

    it("take a time-out, which stays with the socket", async () => {
      await using listener = await createServer(subject.address(), { transport, family });
      await using client = await createConnection(listener.getsockname(), { transport, timeout: 30 });
      expect(client.gettimeout()).toBe(30);
      client.settimeout(0.03);
      expect((await failureOf(client.recv(1))).code).toBe("ETIMEDOUT");
    });

    it("come from socketpair(), connected with each other both ways", async () => {
      const [one, other] = await socketpair(family, SOCK_STREAM, { transport });
      await using _one = one;
      await using _other = other;
      await Promise.all([one.sendall("ping"), other.sendall("pong")]);
      expect(String(await other.recv(10))).toBe("ping");
      expect(String(await one.recv(10))).toBe("pong");
      await one.close();
      expect(await receiveBytes(other, 10)).toHaveLength(0);
    });

    it("fail where nobody listens, and where somebody does", async () => {
      const dead = await subject.deadAddress();
      expect((await failureOf(createConnection(dead, { transport }))).message).toMatch(/^Cannot connect to /);
      await using listener = await subject.listener();
      const error = await failureOf(createServer(listener.getsockname(), { transport, family }));
      expect(error.code).toBe("EADDRINUSE");
    });
  });
}

describe("createServer()", () => {
  it("turns clients away on the Node transport that its backlog has no room for, and serves the others", async () => {
    await using listener = await createServer(["127.0.0.1", 0], { backlog: 2, transport: nodeTransport });
    await using first = await createConnection(listener.getsockname());
    await using second = await createConnection(listener.getsockname());
    const third = createConnection(listener.getsockname()).then((client) => client.recv(1));
    expect(await failureOf(third)).toMatchObject({ code: "ECONNRESET" });
    for (const client of [first, second]) {
      const [server] = await listener.accept();
      await server.sendall("served");
      await server.close();
      expect(String(await client.recv(10))).toBe("served");
    }
  });

  it.skipIf(!dualstack)(
    `takes clients of both families when it is asked to${dualstack ? "" : " (skipped: no dual-stack sockets here)"}`,
    async () => {
      await using listener = await createServer(["::", 0], { family: AF_INET6, dualstackIpv6: true });
      for (const [[host, ...ipv6Parts], seenAs] of [
        [["127.0.0.1"], "::ffff:127.0.0.1"],
        [["::1", 0, 0], "::1"],
      ] as const) {
        await using client = await createConnection([host, portOf(listener)]);
        const [server, address] = await listener.accept();
        await using _server = server;
        expect(address).toEqual([seenAs, expect.any(Number), 0, 0]);
        expect(client.getpeername()).toEqual([host, portOf(listener), ...ipv6Parts]);
      }
    },
  );

  it.skipIf(!dualstack)(
    `takes IPv6 clients only when it is not asked${dualstack ? "" : " (skipped: no dual-stack sockets here)"}`,
    async () => {
      await using listener = await createServer(["::", 0], { family: AF_INET6 });
      expect((await failureOf(createConnection(["127.0.0.1", portOf(listener)]))).code).toBe("ECONNREFUSED");
      await using _client = await createConnection(["::1", portOf(listener)]);
    },
  );

  it("refuses dual stack for IPv4", async () => {
    await expect(createServer(["", 0], { dualstackIpv6: true })).rejects.toThrow(/needs family: AF_INET6/);
  });

  it.each(
    transports,
  )("shares a port with reusePort on the $name transport, or says that this Node cannot", async (transport) => {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    const options = { reusePort: true, transport };
    const attempt = createServer(["127.0.0.1", 0], options);
    const nodeCan = process.platform === "linux" && (major > 22 || (major === 22 && minor >= 12));
    if (transport.name === "native" || nodeCan) {
      await using one = await attempt;
      await using other = await createServer(one.getsockname(), options);
      expect(other.getsockname()).toEqual(one.getsockname());
    } else {
      expect((await failureOf(attempt)).name).toBe("UnsupportedOperation");
    }
  });
});

describe("createConnection()", () => {
  it("tries each address of a name in turn", async () => {
    await using listener = await createServer(["127.0.0.1", 0]);
    await using client = await createConnection(["localhost", portOf(listener)]);
    expect(client.getpeername()).toEqual(["127.0.0.1", portOf(listener)]);
  });

  it("throws the error of its last attempt", async () => {
    const listener = await createServer(["127.0.0.1", 0]);
    const port = portOf(listener);
    await listener.close();
    const error = await failureOf(createConnection(["localhost", port]));
    expect(error).toMatchObject({ name: "ConnectionRefusedError", code: "ECONNREFUSED" });
    expect(error.message).toMatch(new RegExp(`^Cannot connect to tcp (127\\.0\\.0\\.1|\\[::1\\]):${port}: `));
    expect(await failureOf(createConnection(["x".repeat(300), 9]))).toBeInstanceOf(GaiError);
  });

  it("connects from the address that it was given", async () => {
    await using reserved = await createServer(["127.0.0.1", 0]);
    const source = reserved.getsockname();
    if (!isInetAddress(source)) expect.fail("an IPv4 address was expected");
    await reserved.close();
    await using listener = await createServer(["127.0.0.1", 0]);
    await using client = await createConnection(listener.getsockname(), { sourceAddress: source });
    const [server, address] = await listener.accept();
    await using _server = server;
    expect([address, client.getsockname()]).toEqual([source, source]);
  });
});

describe("The other functions", () => {
  it("new Socket() without arguments is a TCP socket", async () => {
    await using plain = new Socket();
    expect([plain.family, plain.type, plain.proto]).toEqual([AF_INET, SOCK_STREAM, 0]);
  });

  it("socketpair() leaves nothing in the temporary directory", async () => {
    const [one, other] = await socketpair();
    await using _one = one;
    await using _other = other;
    expect(readdirSync(tmpdir()).filter((name) => name === String(one.getpeername()).split("/").at(-1))).toEqual([]);
    expect(existsSync(String(one.getpeername()))).toBe(false);
  });

  it("hasDualstackIpv6() is not true where there is no IPv6", async () => {
    expect(await hasDualstackIpv6()).toBe(dualstack);
    expect(dualstack && !hasIpv6()).toBe(false);
  });

  it("StreamTestClient reaches a server that createServer() made on a name", async () => {
    await using listener = await createServer(["localhost", 0]);
    await using _client = await StreamTestClient.connect(listener.getsockname());
    const [server] = await listener.accept();
    expect(server.getsockname()).toEqual(listener.getsockname());
    await server.close();
  });
});
