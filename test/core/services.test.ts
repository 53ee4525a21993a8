import { describe, expect, test } from "vitest";
import { getservbyname, getservbyport } from "../../dist/core/address/services.js";
import { OSError } from "../../dist/core/errors.js";

describe("getservbyname", () => {
  test("tells the port of a service", () => {
    expect(getservbyname("echo")).toBe(7);
    expect(getservbyname("http", "tcp")).toBe(80);
    expect(getservbyname("domain", "udp")).toBe(53);
  });

  test("names a service that it does not know", () => {
    expect(() => getservbyname("nosuch")).toThrow(OSError);
    expect(() => getservbyname("nosuch")).toThrow(
      'Cannot find the service "nosuch": service/proto not found (EAI_SERVICE)',
    );
  });

  test("does not find a service over the other protocol", () => {
    expect(() => getservbyname("tftp", "tcp")).toThrow('the service "tftp" over tcp: service/proto not found');
  });
});

describe("getservbyport", () => {
  test("tells the service at a port", () => {
    expect(getservbyport(22)).toBe("ssh");
    expect(getservbyport(43)).toBe("whois");
  });

  test("tells apart the services that share a port over different protocols", () => {
    expect(getservbyport(514, "tcp")).toBe("shell");
    expect(getservbyport(514, "udp")).toBe("syslog");
  });

  test("is the inverse of getservbyname", () => {
    for (const name of ["ftp", "smtp", "time", "finger", "pop3", "ntp", "imap", "snmp", "irc", "https"]) {
      expect(getservbyport(getservbyname(name))).toBe(name);
    }
  });

  test("names a port without a service", () => {
    expect(() => getservbyport(4)).toThrow(OSError);
    expect(() => getservbyport(80, "udp")).toThrow(
      "Cannot find the service at port 80 over udp: port/proto not found (EAI_SERVICE)",
    );
  });

  test("refuses what is not a port", () => {
    expect(() => getservbyport(-1)).toThrow(RangeError);
    expect(() => getservbyport(65536)).toThrow("Cannot use the port 65536");
  });
});
