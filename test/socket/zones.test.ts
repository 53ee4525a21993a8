import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { PYTHON, python } from "../clients/programs.js";
import { runInNamespace, withoutNamespace } from "../support/network-namespace.js";
import { transports } from "../support/transports.js";

const PROGRAM = fileURLToPath(new URL("zone-program.ts", import.meta.url));

for (const { name, features } of transports) {
  describe.skipIf(withoutNamespace !== "")(`Link-local addresses over the ${name} transport${withoutNamespace}`, () => {
    let outcomes: Record<string, unknown> = {};
    let here: readonly unknown[] = [];

    beforeAll(() => {
      const command = [process.execPath, "--import", "tsx", PROGRAM];
      outcomes = JSON.parse(runInNamespace(command, { SOCKETSERVER_TRANSPORT: name }));
      here = ["fe80::1", 0, 0, outcomes.zone0];
    });

    it.each([
      "by name",
      "by number",
      "in four parts",
    ])("are served and connected to, given %s: all names have four parts, with the scope as a number", (form) => {
      expect(outcomes.zone0).toBeGreaterThan(1);
      expect(outcomes[`server ${form}`]).toEqual([here, here, here, here]);
      expect(outcomes[`connect ${form}`]).toEqual([here, here, here]);
      expect(outcomes[`createConnection ${form}`]).toEqual([here, here, here]);
    });

    it("have the same names in a child process", () => {
      expect(outcomes["server in a child"]).toEqual([here, here, here, here]);
    });

    it("leave the wildcard address without a scope", () => {
      expect(outcomes.listener).toEqual(["::", 0, 0, 0]);
    });

    it("name who has sent a datagram, and take the answer there", () => {
      expect(outcomes.datagrams).toEqual(["by name", "answer", here, here, here, here]);
    });

    it("are refused without a zone by the system, with an unknown zone by a GaiError", () => {
      expect(outcomes["connect without a zone"]).toMatch(
        /^OSError: Cannot connect to tcp \[fe80::1\]:\d+: .*\(EINVAL\)$/,
      );
      expect(outcomes["connect to an interface that there is not"]).toBe(
        'GaiError: Cannot use "fe80::1%nosuch0": this machine has no interface "nosuch0" with IPv6 (ENOTFOUND)',
      );
    });

    it("take every name of an interface, or say that Node does not", () => {
      const outcome = outcomes["connect by a name that Node does not take"];
      if (name === "native") expect(outcome).toEqual(["fe80::2", 0, 0, expect.any(Number)]);
      else expect(outcome).toMatch(/^UnsupportedOperation: Node takes no address such as fe80::2%zone_1 /);
    });

    it.runIf(features.blockingSockets)("are the same for blocking sockets", () => {
      expect(outcomes.blocking).toEqual([here, here, here]);
    });

    it.runIf(features.rawSockets).each(["ping", "blocking ping"])(
      "answer a %s: the port of an ICMP socket is 0, and the system takes it",
      (ping) => {
        expect(outcomes[ping]).toEqual([8, true, ["127.0.0.1", 0]]);
        expect(outcomes[`${ping} over IPv6`]).toEqual([8, true, here]);
      },
    );
  });
}

const missing = withoutNamespace || python.reason;

it.skipIf(missing !== "")(`CPython has the same names for link-local addresses${missing}`, () => {
  const program = `
import json, socket
[[*_, (host, _, flow, scope)]] = socket.getaddrinfo("fe80::1%zone0", 80, 0, socket.SOCK_STREAM)
with socket.socket(socket.AF_INET6) as server, socket.socket(socket.AF_INET6) as client:
    server.bind((host, 0, flow, scope))
    server.listen()
    client.connect(server.getsockname())
    connection, peer = server.accept()
    with connection:
        names = [server.getsockname(), peer, client.getpeername(), client.getsockname()]
        print(json.dumps([[name[0], 0, *name[2:]] == [host, 0, 0, scope] for name in names] + [host]))`;
  expect(JSON.parse(runInNamespace([PYTHON, "-c", program]))).toEqual([true, true, true, true, "fe80::1"]);
});
