import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import type { Address } from "../../dist/core/address/address.js";
import {
  getaddrinfo,
  getfqdn,
  gethostbyaddr,
  gethostbyname,
  gethostbynameEx,
  gethostname,
  getnameinfo,
} from "../../dist/core/address/names.js";
import { resolveAddress } from "../../dist/core/address/resolve.js";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  AF_UNSPEC,
  AI_CANONNAME,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  AI_PASSIVE,
  IPPROTO_TCP,
  IPPROTO_UDP,
  NI_DGRAM,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../../dist/core/constants.js";
import { GaiError, HError } from "../../dist/core/errors.js";

/** A name that no resolver may know (RFC 6761). */
const nowhere = "nosuch.invalid";

describe("resolveAddress", () => {
  test("returns a numeric address at once, as it is", () => {
    const v4: Address = ["127.0.0.1", 80];
    const v6: Address = ["fe80::1", 80, 0, 1];
    expect(resolveAddress(v4, AF_INET)).toBe(v4);
    expect(resolveAddress(v6, AF_INET6)).toBe(v6);
    expect(resolveAddress(v6, AF_UNSPEC)).toBe(v6);
  });

  test("puts every interface in the place of an empty host that is bound to", () => {
    expect(resolveAddress(["", 80], AF_INET, { passive: true })).toEqual(["0.0.0.0", 80]);
    expect(resolveAddress(["", 80], AF_INET6, { passive: true })).toEqual(["::", 80]);
  });

  test("puts loopback in the place of an empty host that is connected to", () => {
    expect(resolveAddress(["", 80], AF_INET)).toEqual(["127.0.0.1", 80]);
    expect(resolveAddress(["", 80, 0, 3], AF_INET6)).toEqual(["::1", 80, 0, 3]);
  });

  test("knows the broadcast address and the short forms of IPv4 without a look-up", () => {
    expect(resolveAddress(["<broadcast>", 80], AF_INET)).toEqual(["255.255.255.255", 80]);
    expect(resolveAddress(["127.1", 80], AF_INET)).toEqual(["127.0.0.1", 80]);
  });

  test("looks a name up", async () => {
    const answer = resolveAddress(["localhost", 80], AF_INET);
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toEqual(["127.0.0.1", 80]);
  });

  test("rejects a name that cannot be resolved, and names it", async () => {
    await expect(resolveAddress([nowhere, 80], AF_INET)).rejects.toThrow(GaiError);
    await expect(resolveAddress([nowhere, 80], AF_INET)).rejects.toThrow(`Cannot resolve "${nowhere}": `);
  });

  test("never resolves the part of a name before a NUL", async () => {
    await expect(resolveAddress(["localhost\0.example.org", 80], AF_INET)).rejects.toThrow(GaiError);
  });

  test("says what to do with an address of the other family", () => {
    expect(() => resolveAddress(["::1", 80], AF_INET)).toThrow(GaiError);
    expect(() => resolveAddress(["::1", 80], AF_INET)).toThrow(
      'Cannot use "::1" with AF_INET: it is not an IPv4 address. For a server set addressFamily = AF_INET6; ' +
        "else open the socket with AF_INET6 (EAI_ADDRFAMILY)",
    );
    expect(() => resolveAddress(["127.0.0.1", 80], AF_INET6)).toThrow("set addressFamily = AF_INET;");
    expect(() => resolveAddress(["<broadcast>", 80], AF_INET6)).toThrow(GaiError);
  });

  test("passes the path of a Unix socket through, and writes bytes as text where they are that", () => {
    expect(resolveAddress("/run/app.sock", AF_UNIX)).toBe("/run/app.sock");
    expect(resolveAddress("\0abstract", AF_UNIX)).toBe("\0abstract");
    expect(resolveAddress(Buffer.from("\0größe"), AF_UNIX)).toBe("\0größe");
    expect(resolveAddress(Uint8Array.of(0x2f, 0xff), AF_UNIX)).toEqual(Buffer.of(0x2f, 0xff));
  });

  test.runIf(process.platform === "linux")("refuses a path that is too long, and one with a zero byte in it", () => {
    for (const path of [`/${"x".repeat(106)}`, `\0${"x".repeat(107)}`])
      expect(resolveAddress(path, AF_UNIX)).toBe(path);
    const tooLong = expect.objectContaining({ code: "ENAMETOOLONG" });
    for (const path of [`/${"x".repeat(107)}`, `/${"ö".repeat(54)}`, `\0${"x".repeat(108)}`]) {
      expect(() => resolveAddress(path, AF_UNIX)).toThrow(tooLong);
    }
    expect(() => resolveAddress("/tmp/a\0b", AF_UNIX)).toThrow(RangeError);
  });

  test("refuses an address whose form is not that of the family", () => {
    expect(() => resolveAddress("/run/app.sock", AF_INET)).toThrow(TypeError);
    expect(() => resolveAddress("/run/app.sock", AF_INET6)).toThrow(
      'Cannot use "/run/app.sock" as an address of AF_INET6: write [host, port], such as ["::1", 9999].',
    );
    expect(() => resolveAddress(["127.0.0.1", 80], AF_UNIX)).toThrow(TypeError);
    expect(() => resolveAddress(["127.0.0.1", 80], AF_UNIX)).toThrow('Cannot use ["127.0.0.1",80] as an address of');
    expect(() => resolveAddress([80, "127.0.0.1"] as unknown as Address, AF_INET)).toThrow(TypeError);
    expect(() => resolveAddress(Buffer.from("/x"), AF_INET)).toThrow("Cannot use /x as an address of AF_INET: write");
  });

  test("refuses IPv6's further parts where they are wrong, and for IPv4", () => {
    const refuse = (parts: readonly unknown[], family = AF_INET6) =>
      expect(() => resolveAddress(parts as unknown as Address, family as typeof AF_INET6));
    refuse(["::1", 80, 0x10_0000]).toThrow(
      "Cannot use the flow label 1048576: it is a whole number from 0 to 1048575.",
    );
    refuse(["::1", 80, -1]).toThrow(RangeError);
    refuse(["::1", 80, "5"]).toThrow(TypeError);
    refuse(["::1", 80, 0, 2 ** 32]).toThrow("Cannot use the scope id 4294967296: it is a whole number from 0 to");
    refuse(["::1", 80, 0, 1.5]).toThrow(RangeError);
    refuse(["::1", 80, 0, 0, 0]).toThrow(TypeError);
    refuse(["127.0.0.1", 80, 0, 0], AF_INET).toThrow(TypeError);
    refuse(["localhost", 80, 0], AF_INET).toThrow('write [host, port], such as ["127.0.0.1", 9999].');
    refuse(["::1", 80, 0, 0], AF_INET).toThrow("open the socket with AF_INET6.");
  });

  test("refuses what is not a port", () => {
    expect(() => resolveAddress(["127.0.0.1", -1], AF_INET)).toThrow("Cannot use the port -1");
    expect(() => resolveAddress(["localhost", 65536], AF_INET)).toThrow(RangeError);
  });
});

describe("getaddrinfo", () => {
  test("answers for streams and for datagrams when no type is asked for", async () => {
    expect(await getaddrinfo("127.0.0.1", 80)).toEqual([
      [AF_INET, SOCK_STREAM, IPPROTO_TCP, "", ["127.0.0.1", 80]],
      [AF_INET, SOCK_DGRAM, IPPROTO_UDP, "", ["127.0.0.1", 80]],
    ]);
  });

  test("answers for IPv6 with Python's four items", async () => {
    expect(await getaddrinfo("::1", 80, AF_UNSPEC, SOCK_STREAM)).toEqual([
      [AF_INET6, SOCK_STREAM, IPPROTO_TCP, "", ["::1", 80, 0, 0]],
    ]);
  });

  test("picks the kind by the protocol or the type", async () => {
    expect(await getaddrinfo("127.0.0.1", 80, AF_INET, 0, IPPROTO_UDP)).toEqual([
      [AF_INET, SOCK_DGRAM, IPPROTO_UDP, "", ["127.0.0.1", 80]],
    ]);
    expect(await getaddrinfo("127.0.0.1", null, AF_INET, SOCK_RAW, 1)).toEqual([
      [AF_INET, SOCK_RAW, 1, "", ["127.0.0.1", 0]],
    ]);
    const contradiction = getaddrinfo("127.0.0.1", 80, AF_INET, SOCK_STREAM, IPPROTO_UDP);
    await expect(contradiction).rejects.toMatchObject({ name: "GaiError", code: "EAI_SOCKTYPE" });
    await expect(getaddrinfo("127.0.0.1", 80, AF_INET, SOCK_SEQPACKET)).rejects.toThrow("the socket type 5");
  });

  test("takes the name of a service, and a number written as text", async () => {
    const kindsAndPorts = async (port: string) =>
      (await getaddrinfo("127.0.0.1", port)).map(([, type, , , address]) => [type, address[1]]);
    expect(await kindsAndPorts("ssh")).toEqual([[SOCK_STREAM, 22]]);
    expect(await kindsAndPorts("tftp")).toEqual([[SOCK_DGRAM, 69]]);
    expect(await kindsAndPorts("8080")).toEqual([
      [SOCK_STREAM, 8080],
      [SOCK_DGRAM, 8080],
    ]);
  });

  test("names a service that it does not know", async () => {
    await expect(getaddrinfo("127.0.0.1", "nosuch")).rejects.toThrow('Cannot resolve the service "nosuch": ');
    const overStreams = getaddrinfo("127.0.0.1", "tftp", AF_INET, SOCK_STREAM);
    await expect(overStreams).rejects.toMatchObject({ name: "GaiError", code: "EAI_SERVICE" });
    const numeric = getaddrinfo("127.0.0.1", "http", AF_INET, SOCK_STREAM, 0, AI_NUMERICSERV);
    await expect(numeric).rejects.toThrow("AI_NUMERICSERV takes a port number only");
  });

  test("answers with every interface for no host and AI_PASSIVE", async () => {
    const addresses = [
      ["0.0.0.0", 80],
      ["::", 80, 0, 0],
    ];
    for (const host of [null, ""]) {
      const answers = await getaddrinfo(host, 80, AF_UNSPEC, SOCK_STREAM, 0, AI_PASSIVE);
      expect(answers.map((answer) => answer[4])).toEqual(addresses);
    }
  });

  test("answers with loopback for no host", async () => {
    const answers = await getaddrinfo(null, 80, AF_UNSPEC, SOCK_STREAM);
    expect(answers.map((answer) => answer[4])).toEqual([
      ["::1", 80, 0, 0],
      ["127.0.0.1", 80],
    ]);
    expect(await getaddrinfo("", 80, AF_INET, SOCK_STREAM)).toHaveLength(1);
    await expect(getaddrinfo(null, null)).rejects.toThrow(GaiError);
  });

  test("looks a name up in /etc/hosts too", async () => {
    const answers = await getaddrinfo("localhost", 80, AF_INET, SOCK_STREAM, 0, AI_CANONNAME);
    expect(answers[0]).toEqual([AF_INET, SOCK_STREAM, IPPROTO_TCP, "localhost", ["127.0.0.1", 80]]);
  });

  test("makes no look-up with AI_NUMERICHOST", async () => {
    expect(await getaddrinfo("127.1", 80, AF_INET, SOCK_STREAM, 0, AI_NUMERICHOST)).toHaveLength(1);
    const name = getaddrinfo("localhost", 80, AF_INET, SOCK_STREAM, 0, AI_NUMERICHOST);
    await expect(name).rejects.toThrow('Cannot resolve "localhost": AI_NUMERICHOST takes a numeric address only');
  });

  test("rejects with the name of what it cannot resolve", async () => {
    await expect(getaddrinfo(nowhere, 80)).rejects.toThrow(GaiError);
    await expect(getaddrinfo("::1", 80, AF_INET)).rejects.toMatchObject({ name: "GaiError", code: "EAI_ADDRFAMILY" });
    await expect(getaddrinfo("localhost", 80, AF_UNIX)).rejects.toMatchObject({ code: "EAI_FAMILY" });
    await expect(getaddrinfo("127.0.0.1", 65536)).rejects.toThrow(RangeError);
  });
});

describe("gethostbyname and gethostbynameEx", () => {
  test("find the IPv4 address of a name", async () => {
    expect(await gethostbyname("localhost")).toBe("127.0.0.1");
    const [name, aliases, addresses] = await gethostbynameEx("localhost");
    expect([name, aliases]).toEqual(["localhost", []]);
    expect(addresses).toContain("127.0.0.1");
  });

  test("answer numeric hosts and Python's two special ones without a look-up", async () => {
    expect(await gethostbyname("127.1")).toBe("127.0.0.1");
    expect(await gethostbyname("")).toBe("0.0.0.0");
    expect(await gethostbyname("<broadcast>")).toBe("255.255.255.255");
  });

  test("reject IPv6 addresses and unknown names", async () => {
    await expect(gethostbyname("::1")).rejects.toThrow("Use getaddrinfo() for IPv6");
    await expect(gethostbyname(nowhere)).rejects.toThrow(GaiError);
    await expect(gethostbynameEx(nowhere)).rejects.toThrow(`Cannot resolve "${nowhere}": `);
  });
});

describe("gethostbyaddr, getfqdn and gethostname", () => {
  test("find the name of an address", async () => {
    const [name, aliases, addresses] = await gethostbyaddr("127.0.0.1");
    expect(name).not.toBe("");
    expect([aliases, addresses]).toEqual([[], ["127.0.0.1"]]);
    expect(await getfqdn("127.0.0.1")).toBe(name);
  });

  test("reject with HError when there is no name or no such host", async () => {
    await expect(gethostbyaddr(nowhere)).rejects.toThrow(HError);
    await expect(gethostbyaddr(nowhere)).rejects.toThrow(`Cannot find the name of "${nowhere}": `);
    await expect(gethostbyaddr("")).rejects.toThrow(HError);
  });

  test("give a name back that they cannot qualify", async () => {
    expect(await getfqdn(` ${nowhere} `)).toBe(nowhere);
  });

  test("take no name and the wildcard address as this machine", async () => {
    expect(gethostname()).toBe(hostname());
    const [named, unnamed, wildcard] = await Promise.all([getfqdn(hostname()), getfqdn(), getfqdn("0.0.0.0")]);
    expect([unnamed, wildcard]).toEqual([named, named]);
  });
});

describe("getnameinfo", () => {
  const numeric = NI_NUMERICHOST | NI_NUMERICSERV;

  test("answers with numbers where they are asked for", async () => {
    expect(await getnameinfo(["127.0.0.1", 80], numeric)).toEqual(["127.0.0.1", "80"]);
    expect(await getnameinfo(["2001:db8:0::1", 80, 0, 7], numeric)).toEqual(["2001:db8::1%7", "80"]);
  });

  test("tells the service over TCP, and over UDP with NI_DGRAM", async () => {
    expect(await getnameinfo(["127.0.0.1", 514], NI_NUMERICHOST)).toEqual(["127.0.0.1", "shell"]);
    expect(await getnameinfo(["127.0.0.1", 514], NI_NUMERICHOST | NI_DGRAM)).toEqual(["127.0.0.1", "syslog"]);
    expect(await getnameinfo(["127.0.0.1", 4], NI_NUMERICHOST)).toEqual(["127.0.0.1", "4"]);
  });

  test("finds the host's name", async () => {
    const [name] = await gethostbyaddr("127.0.0.1");
    expect(await getnameinfo(["127.0.0.1", 80])).toEqual([name, "http"]);
  });

  test("takes numeric hosts only", async () => {
    await expect(getnameinfo(["localhost", 80])).rejects.toThrow(GaiError);
    await expect(getnameinfo(["", 80])).rejects.toThrow(GaiError);
    await expect(getnameinfo(["127.0.0.1", -1])).rejects.toThrow(RangeError);
  });
});
