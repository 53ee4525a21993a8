import { spawnSync } from "node:child_process";
import { networkInterfaces } from "node:os";
import { describe, expect, test } from "vitest";
import { type Address, familyOf, formatAddress, parseAddress } from "../../dist/core/address/address.js";
import { getaddrinfo, getnameinfo } from "../../dist/core/address/names.js";
import { resolveAddress } from "../../dist/core/address/resolve.js";
import { AF_INET6, AF_UNSPEC, NI_NUMERICHOST, NI_NUMERICSERV, SOCK_STREAM } from "../../dist/core/constants.js";
import { GaiError } from "../../dist/core/errors.js";
import { PYTHON } from "../clients/programs.js";

const NUMERIC = NI_NUMERICHOST | NI_NUMERICSERV;

/** The interface whose number is 1 on every Linux. */
const hasLo = process.platform === "linux" && networkInterfaces().lo?.some(({ family }) => family === "IPv6");
const withoutLo = hasLo ? "" : " (skipped: needs Linux's lo, with IPv6)";

describe.skipIf(!hasLo)(`The zone of an IPv6 address${withoutLo}`, () => {
  test("becomes the scope id, by the interface's name or its number", () => {
    for (const zone of ["lo", "1", "01"]) {
      expect(resolveAddress([`fe80::1%${zone}`, 80], AF_INET6)).toEqual(["fe80::1", 80, 0, 1]);
      expect(resolveAddress([`fe80::1%${zone}`, 80, 5, 1], AF_UNSPEC)).toEqual(["fe80::1", 80, 5, 1]);
      expect(resolveAddress([`fe80::1%${zone}`, 80, 5, 0], AF_INET6)).toEqual(["fe80::1", 80, 5, 1]);
    }
    expect(resolveAddress(["2001:db8::1%1", 80], AF_INET6)).toEqual(["2001:db8::1", 80, 0, 1]);
    expect(resolveAddress(["ff02::1%lo", 80], AF_INET6)).toEqual(["ff02::1", 80, 0, 1]);
  });

  test("may have any number, of which the system knows whether it is one", () => {
    expect(resolveAddress(["fe80::1%4294967295", 80], AF_INET6)).toEqual(["fe80::1", 80, 0, 4_294_967_295]);
    expect(() => resolveAddress(["fe80::1%4294967296", 80], AF_INET6)).toThrow(GaiError);
  });

  test("is refused where this machine has no such interface", () => {
    for (const zone of ["nosuch0", "", "-1", " 1", "lo%lo"]) {
      const message = `Cannot use "fe80::1%${zone}": this machine has no interface "${zone}" with IPv6 (ENOTFOUND)`;
      expect(() => resolveAddress([`fe80::1%${zone}`, 80], AF_INET6)).toThrow(GaiError);
      expect(() => resolveAddress([`fe80::1%${zone}`, 80], AF_INET6)).toThrow(message);
    }
  });

  test("has no name where the address is not local to a link", () => {
    expect(() => resolveAddress(["::1%lo", 80], AF_INET6)).toThrow("only a link-local address takes the name of an");
  });

  test("is refused where the scope id says something else", () => {
    expect(() => resolveAddress(["fe80::1%lo", 80, 0, 2], AF_INET6)).toThrow(RangeError);
    expect(() => resolveAddress(["fe80::1%lo", 80, 0, 2], AF_INET6)).toThrow(
      'the zone of "fe80::1%lo" has the scope id 1',
    );
  });

  test("is read, and written by its name", () => {
    const address = parseAddress("[fe80::1%lo]:80");
    expect(address).toEqual(["fe80::1%lo", 80]);
    expect(parseAddress("[fe80::1%br_lan]:80")).toEqual(["fe80::1%br_lan", 80]);
    expect(familyOf(address)).toBe(AF_INET6);
    expect(formatAddress(address)).toBe("[fe80::1%lo]:80");
    expect(formatAddress(["fe80::1", 80, 0, 1])).toBe("[fe80::1%lo]:80");
    expect(formatAddress(["fe80::1", 80, 0, 4_294_967_295])).toBe("[fe80::1%4294967295]:80");
    expect(formatAddress(["::1", 80, 0, 0])).toBe("[::1]:80");
  });

  test("is kept by getnameinfo() also where it stands in the host, which Python forgets", async () => {
    expect(await getnameinfo(["fe80::1%lo", 80], NUMERIC)).toEqual(["fe80::1%lo", "80"]);
    await expect(getnameinfo(["127.0.0.1", 80, 0, 0], NUMERIC)).rejects.toThrow(TypeError);
    await expect(getnameinfo(["::1", 80, 2 ** 20, 0], NUMERIC)).rejects.toThrow(RangeError);
  });
});

test("An address of more than two parts is of IPv6", () => {
  expect(familyOf(["localhost", 80, 0, 0])).toBe(AF_INET6);
});

const probe = "import platform, sys; sys.exit(platform.libc_ver()[0] != 'glibc')";
const hasPython = hasLo && spawnSync(PYTHON, ["-c", probe]).status === 0;
const withoutPython = hasPython ? "" : " (skipped: needs python3 with glibc, and lo)";

test.skipIf(!hasPython)(`getaddrinfo() and getnameinfo() say of zones what Python says${withoutPython}`, async () => {
  const hosts = [
    ...["fe80::1%lo", "fe80::1%1", "fe80::1%01", "fe80::1%99", "fe80::1%nosuch0", "fe80::1%", "fe80::1%4294967296"],
    ...["FEBF:0:0::1%lo", "fec0::1%lo", "::1%lo", "::1%1", "2001:DB8:0::1%1", "0:0:0::1", "::ffff:1.2.3.4"],
    ...["ff01::1%lo", "ff02::1%lo", "ff05::1%lo", "ff12::1%lo"],
  ];
  const names: Address[] = [
    "fe80::1",
    "febf::1",
    "fec0::1",
    "::1",
    "2001:db8:0::1",
    "ff01::1",
    "ff02::1",
    "ff12::1",
  ].flatMap((host): Address[] => [
    [host, 80, 0, 1],
    [host, 80, 0, 4_294_967_295],
    [host, 80],
  ]);
  const program = `
import json, socket, sys
def ask(call, *arguments):
    try:
        return call(*arguments)
    except (OSError, OverflowError, TypeError):
        return None
hosts, names = json.load(sys.stdin)
print(json.dumps([
    [found and found[0][4] for found in (ask(socket.getaddrinfo, host, 80, 0, socket.SOCK_STREAM) for host in hosts)],
    [ask(socket.getnameinfo, tuple(name), ${NUMERIC}) for name in names]]))`;
  const python = spawnSync(PYTHON, ["-c", program], { input: JSON.stringify([hosts, names]), encoding: "utf8" });
  const orNull = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => null);
  const found = await Promise.all(
    hosts.map((host) => orNull(getaddrinfo(host, 80, AF_UNSPEC, SOCK_STREAM).then(([answer]) => answer?.[4]))),
  );
  const named = await Promise.all(names.map((name) => orNull(getnameinfo(name as never, NUMERIC))));
  expect([found, named]).toEqual(JSON.parse(python.stdout));
});
