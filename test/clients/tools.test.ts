import { GaiError, OSError } from "ts-socketserver";
import { findPorts, portRangeOf, portRanges, resolveName } from "ts-socketserver/clients";
import { getservbyname } from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";

describe("findPorts()", () => {
  it("knows every port that the courses' tables name", () => {
    const known = Object.fromEntries(
      [21, 22, 23, 25, 37, 42, 53, 80, 110, 118, 119, 443].map((port) => [port, findPorts(port)[0]?.name]),
    );
    expect(known).toEqual({
      21: "ftp",
      22: "ssh",
      23: "telnet",
      25: "smtp",
      37: "time",
      42: "nameserver",
      53: "domain",
      80: "http",
      110: "pop3",
      118: "sqlserv",
      119: "nntp",
      443: "https",
    });
  });

  it("finds a service by its name, and a port by its number, also as text", () => {
    const http = { port: 80, name: "http", protocols: ["tcp"], range: "well-known" };
    for (const query of ["http", 80, "80"]) expect(findPorts(query)).toEqual([http]);
  });

  it("tells all services of a port that several have", () => {
    expect(findPorts(514)).toEqual([
      { port: 514, name: "shell", protocols: ["tcp"], range: "well-known" },
      { port: 514, name: "syslog", protocols: ["udp"], range: "well-known" },
    ]);
  });

  it("tells the range alone of a port that no service has", () => {
    expect(findPorts(60_000)).toEqual([{ port: 60_000, name: null, protocols: [], range: "dynamic" }]);
  });

  it("lists every service in the order of the ports when nothing is asked for", () => {
    const all = findPorts();
    expect(all.length).toBeGreaterThan(70);
    for (const [index, { port, name }] of all.entries()) {
      expect(port).toBeGreaterThanOrEqual(all[index - 1]?.port ?? 0);
      expect(getservbyname(String(name))).toBe(port);
    }
  });

  it("refuses what is no service and no port", () => {
    expect(() => findPorts("nosuch")).toThrow(OSError);
    expect(() => findPorts("70000")).toThrow("Cannot use the port 70000");
    expect(() => findPorts(1.5)).toThrow(RangeError);
  });
});

describe("The ranges of ports", () => {
  it("are three, one beginning where the other ends, from 0 to 65535", () => {
    expect(portRanges.map(({ name, first, last }) => [name, first, last])).toEqual([
      ["well-known", 0, 1023],
      ["registered", 1024, 49_151],
      ["dynamic", 49_152, 65_535],
    ]);
  });

  it("hold their first and their last port", () => {
    for (const range of portRanges) expect([portRangeOf(range.first), portRangeOf(range.last)]).toEqual([range, range]);
    expect(() => portRangeOf(65_536)).toThrow(RangeError);
  });
});

describe("resolveName()", () => {
  it("finds the loopback address of localhost, and its name again", async () => {
    const addresses = await resolveName("localhost");
    expect(addresses).toContainEqual({ family: "IPv4", address: "127.0.0.1", name: "localhost" });
    for (const { family, address } of addresses) expect(address.includes(":")).toBe(family === "IPv6");
  });

  it("takes an address for its own, of both families", async () => {
    expect(await resolveName("127.0.0.1")).toEqual([{ family: "IPv4", address: "127.0.0.1", name: "localhost" }]);
    expect(await resolveName("::1")).toEqual([expect.objectContaining({ family: "IPv6", address: "::1" })]);
  });

  it("says that an address has no name where that is so", async () => {
    const address = "fe80::1234:5678%4294967295";
    expect(await resolveName(address)).toEqual([{ family: "IPv6", address, name: null }]);
  });

  it("fails for an interface that this machine does not have", async () => {
    await expect(resolveName("fe80::1%nosuch0")).rejects.toThrow('this machine has no interface "nosuch0" with IPv6');
  });

  it("fails for a name that nobody has", async () => {
    await expect(resolveName("no-such-host.invalid")).rejects.toThrow(GaiError);
  });
});
