import { execFileSync, spawnSync } from "node:child_process";
import { endianness } from "node:os";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { htonl, htons, inetAton, inetNtoa, inetNtop, inetPton, ntohl, ntohs } from "../../dist/core/address/inet.js";
import { AF_INET, AF_INET6, AF_UNIX } from "../../dist/core/constants.js";
import { OSError } from "../../dist/core/errors.js";
import { PYTHON } from "../clients/programs.js";

// Other C libraries than glibc differ in what they take and how they write it, and Python with them.
const probe = 'import platform, sys; sys.exit(platform.libc_ver()[0] != "glibc")';
const hasPython = spawnSync(PYTHON, ["-c", probe]).status === 0;
const withoutPython = hasPython ? "" : " (skipped: needs python3 with glibc)";

/** Runs one Python program over a batch of values; both sides speak JSON. */
function askPython(program: string, values: readonly unknown[]): unknown {
  return JSON.parse(execFileSync(PYTHON, ["-c", program], { input: JSON.stringify(values), encoding: "utf8" }));
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
/** Sixteen bytes with many zero groups and now and then a mapped IPv4 address: where the short form has its corners. */
const packedIPv6 = fc.oneof(
  bytes(16),
  fc
    .array(fc.constantFrom("0000", "0000", "0001", "ffff", "0a0b"), { minLength: 8, maxLength: 8 })
    .map((groups) => Uint8Array.from(Buffer.from(groups.join(""), "hex"))),
  bytes(4).map((tail) => Uint8Array.from([...new Array<number>(10).fill(0), 255, 255, ...tail])),
);

describe("htons, htonl, ntohs, ntohl", () => {
  test.runIf(endianness() === "LE")("turn the bytes round on a little-endian machine", () => {
    expect(htons(1)).toBe(256);
    expect(ntohs(0x1234)).toBe(0x3412);
    expect(htonl(0x12345678)).toBe(0x78563412);
    expect(ntohl(65535)).toBe(4294901760);
  });

  test("put the number in memory as the network has it", () => {
    expect([...new Uint8Array(Uint16Array.of(htons(0x1234)).buffer)]).toEqual([0x12, 0x34]);
    expect([...new Uint8Array(Uint32Array.of(htonl(0xfedcba98)).buffer)]).toEqual([0xfe, 0xdc, 0xba, 0x98]);
  });

  test("undo each other", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff }), (value) => ntohs(htons(value)) === value));
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => ntohl(htonl(value)) === value));
  });

  test("name the call and the value that is out of range", () => {
    expect(() => htons(65536)).toThrow(RangeError);
    expect(() => htons(65536)).toThrow("htons: cannot convert 65536: give a whole number from 0 to 65535.");
    expect(() => ntohs(-1)).toThrow("ntohs: cannot convert -1");
    expect(() => htonl(2 ** 32)).toThrow("htonl: cannot convert 4294967296");
    expect(() => ntohl(1.5)).toThrow("ntohl: cannot convert 1.5");
    expect(() => ntohl(Number.NaN)).toThrow(RangeError);
  });
});

const ipv4Texts = [
  ..."127.0.0.1 127.1 1 0 0x7f.1 0X1F.1 0177.0.0.1 1.2.65535 1.65535 1.16777215 4294967295 0xffffffff".split(" "),
  ..."1.65536.1 256.1.1.1 1.16777216 4294967296 1.2.3.4.5 08.1.1.1 0x 1..2 1.2.3. -1.2.3.4 +1.2.3.4 1.0x 1e3".split(
    " ",
  ),
  ..."localhost .1 0x7g 00.1 037777777777 0b1".split(" "),
  "",
  " 1.2.3.4",
];

function atonOrNull(text: string): number[] | null {
  try {
    return [...inetAton(text)];
  } catch {
    return null;
  }
}

describe("inetAton and inetNtoa", () => {
  test("take the short forms of the C library", () => {
    expect([...inetAton("127.1")]).toEqual([127, 0, 0, 1]);
    expect([...inetAton("1.2.65535")]).toEqual([1, 2, 255, 255]);
    expect([...inetAton("0x7f000001")]).toEqual([127, 0, 0, 1]);
    expect([...inetAton("0177.0.0.010")]).toEqual([127, 0, 0, 8]);
  });

  test.skipIf(!hasPython)(`read every text as Python's inet_aton does${withoutPython}`, () => {
    const program = `
import json, socket, sys
def aton(text):
    try: return list(socket.inet_aton(text))
    except OSError: return None
print(json.dumps([aton(text) for text in json.load(sys.stdin)]))`;
    expect(ipv4Texts.map(atonOrNull)).toEqual(askPython(program, ipv4Texts));
  });

  test("name the text that is no address", () => {
    expect(() => inetAton("256.1.1.1")).toThrow(OSError);
    expect(() => inetAton("256.1.1.1")).toThrow('"256.1.1.1" as an IPv4 address: illegal IP address string passed to');
  });

  test("refuse text after the address, which glibc takes", () => {
    expect(() => inetAton("1.2.3.4 rest")).toThrow("illegal IP address string");
    expect(() => inetAton("1.2.3.4\n")).toThrow("illegal IP address string");
  });

  test("undo each other", () => {
    fc.assert(
      fc.property(bytes(4), (packed) => {
        expect([...inetAton(inetNtoa(packed))]).toEqual([...packed]);
      }),
    );
  });

  test("refuse a wrong number of bytes", () => {
    expect(() => inetNtoa(Buffer.from([1, 2, 3]))).toThrow(OSError);
    expect(() => inetNtoa(Buffer.from([1, 2, 3]))).toThrow("Cannot write [1, 2, 3] as an IP address: inetNtoa takes 4");
  });
});

describe("inetPton and inetNtop", () => {
  test("undo each other for IPv4", () => {
    fc.assert(
      fc.property(bytes(4), (packed) => {
        expect([...inetPton(AF_INET, inetNtop(AF_INET, packed))]).toEqual([...packed]);
      }),
    );
  });

  test("undo each other for IPv6", () => {
    fc.assert(
      fc.property(packedIPv6, (packed) => {
        expect([...inetPton(AF_INET6, inetNtop(AF_INET6, packed))]).toEqual([...packed]);
      }),
    );
  });

  test("read every way of writing an IPv6 address", () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const packed = inetPton(AF_INET6, text);
        expect(packed).toHaveLength(16);
        expect([...inetPton(AF_INET6, inetNtop(AF_INET6, packed))]).toEqual([...packed]);
      }),
    );
    expect(inetPton(AF_INET6, "2001:DB8::192.0.2.33").toString("hex")).toBe("20010db80000000000000000c0000221");
    expect(inetPton(AF_INET6, "1:2:3:4:5:6:7::").toString("hex")).toBe("00010002000300040005000600070000");
  });

  test("write an IPv6 address in its shortest form", () => {
    const shortest = (text: string): string => inetNtop(AF_INET6, inetPton(AF_INET6, text));
    expect(shortest("0:0:0:0:0:0:0:0")).toBe("::");
    expect(shortest("2001:0DB8:0:0:1:0:0:1")).toBe("2001:db8::1:0:0:1");
    expect(shortest("1:0:0:2:0:0:0:3")).toBe("1:0:0:2::3");
    expect(shortest("1:0:3:4:5:6:7:8")).toBe("1:0:3:4:5:6:7:8");
    expect(shortest("::ffff:c000:0221")).toBe("::ffff:192.0.2.33");
  });

  test.skipIf(!hasPython)(`agree with Python's inet_ntop and inet_pton${withoutPython}`, () => {
    const samples = fc.sample(fc.tuple(packedIPv6, fc.ipV6()), 300);
    const packed = samples.map(([sample]) => Buffer.from(sample).toString("hex"));
    const texts = samples.map(([, text]) => text);
    const program = `
import json, socket, sys
packed, texts = json.load(sys.stdin)
print(json.dumps([
    [socket.inet_ntop(socket.AF_INET6, bytes.fromhex(one)) for one in packed],
    [socket.inet_pton(socket.AF_INET6, one).hex() for one in texts]]))`;
    expect([
      packed.map((one) => inetNtop(AF_INET6, Buffer.from(one, "hex"))),
      texts.map((one) => inetPton(AF_INET6, one).toString("hex")),
    ]).toEqual(askPython(program, [packed, texts]));
  });

  test("name the text that is no address of the family", () => {
    expect(() => inetPton(AF_INET, "127.1")).toThrow(
      'Cannot read "127.1" as an IPv4 address: illegal IP address string',
    );
    expect(() => inetPton(AF_INET6, "127.0.0.1")).toThrow('"127.0.0.1" as an IPv6 address: illegal IP address string');
    expect(() => inetPton(AF_INET6, "fe80::1%eth0")).toThrow(OSError);
    expect(() => inetPton(AF_INET6, "1::2::3")).toThrow(OSError);
  });

  test("refuse a wrong number of bytes and another family", () => {
    expect(() => inetNtop(AF_INET6, Buffer.alloc(4))).toThrow("inetNtop takes 16 bytes, not 4 (EINVAL)");
    expect(() => inetPton(AF_UNIX, "x")).toThrow("Cannot use the address family 1 in inetPton");
    expect(() => inetNtop(AF_UNIX, Buffer.alloc(4))).toThrow(expect.objectContaining({ code: "EAFNOSUPPORT" }));
  });
});
