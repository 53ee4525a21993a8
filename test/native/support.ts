/**
 * What the tests of the addon have in common: the addon itself, addresses, sockets that are closed after each test, and
 * programs that run in a process of their own.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants as system } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from "../../dist/core/constants.js";
import { loadNativeAddon, type NativeAddon } from "../../dist/core/transport/native/addon.js";

/** Where package.json is. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const loaded = loadNativeAddon();

/** Whether the addon is there; the tests are skipped where it is not. */
export const available = "addon" in loaded;

/** For titles: why the tests are skipped. */
export const unlessAvailable = "addon" in loaded ? "" : ` (skipped: ${loaded.reason})`;

/** The addon's file; `""` where there is none. */
const FILE: string = available ? createRequire(import.meta.url)("node-gyp-build").resolve(ROOT) : "";

/** Loads the addon once more: with descriptors and readiness of its own, as the package may have started its own in this thread. */
function loadAnew(): NativeAddon {
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, FILE);
  return module.exports as NativeAddon;
}

/** The addon. Read in tests that are skipped without it only. */
export const native: NativeAddon = available ? loadAnew() : (undefined as never);

/** What a call answers for a system error, by its name. */
export function failure(code: keyof typeof system.errno): number {
  return -system.errno[code];
}

/** As in the addon's `constants`, but here also where there is no addon. */
export const ADDRESS_SIZE = 132;

const descriptors = new Set<number>();

function closeAll(): void {
  for (const descriptor of descriptors) native.close(descriptor);
  descriptors.clear();
}

/** A descriptor that a call has answered: closed after the test. */
export function opened(descriptor: number): number {
  expect(descriptor, "a descriptor").toBeGreaterThanOrEqual(0);
  // An afterEach() here would belong to the first file alone: all files of a worker share this module.
  if (descriptors.size === 0) onTestFinished(closeAll);
  descriptors.add(descriptor);
  return descriptor;
}

/** Memory for addresses that the addon fills. */
export function places(count = 1): Uint8Array {
  return new Uint8Array(count * ADDRESS_SIZE);
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function viewOf(address: Uint8Array): DataView {
  return new DataView(address.buffer, address.byteOffset, address.byteLength);
}

/** An IPv4 address on this machine. */
export function loopback(port = 0): Uint8Array {
  const address = places();
  const view = viewOf(address);
  view.setUint32(0, 16, littleEndian);
  view.setUint16(4, AF_INET, littleEndian);
  view.setUint16(6, port);
  address.set([127, 0, 0, 1], 8);
  return address;
}

/** A Unix socket's address. */
export function unixPath(path: string): Uint8Array {
  const address = places();
  const view = viewOf(address);
  view.setUint32(0, 2 + Buffer.byteLength(path) + 1, littleEndian);
  view.setUint16(4, AF_UNIX, littleEndian);
  Buffer.from(path).copy(address, 6);
  return address;
}

/** The length that stands before an address. */
export function lengthOf(address: Uint8Array): number {
  return viewOf(address).getUint32(0, littleEndian);
}

/** The same address with another length before it. */
export function withLength(address: Uint8Array, length: number): Uint8Array {
  const copy = address.slice();
  viewOf(copy).setUint32(0, length, littleEndian);
  return copy;
}

/** The port of an IPv4 address. */
export function portOf(address: Uint8Array): number {
  return viewOf(address).getUint16(6);
}

/** The path of a Unix socket's address. */
export function pathOf(address: Uint8Array): string {
  return Buffer.from(address.subarray(6, 4 + lengthOf(address) - 1)).toString();
}

/** Waits until the descriptor is ready for one of the `POLL…` events, and tells which. */
export function waitFor(descriptor: number, events: number): number {
  const entries = new Int32Array([descriptor, events, 0]);
  expect(native.poll(entries, 1, 10_000), "descriptors that became ready within 10 s").toBe(1);
  return entries[2] ?? 0;
}

/** A socket that listens on a free port. */
export function listening(): { listener: number; address: Uint8Array } {
  const listener = opened(native.socket(AF_INET, SOCK_STREAM, 0));
  const address = loopback();
  expect(native.bind(listener, address)).toBe(0);
  expect(native.listen(listener, 128)).toBe(0);
  expect(native.getsockname(listener, address)).toBe(0);
  return { listener, address };
}

/** Two ends of a TCP connection: who connected, and who accepted. */
export function connected(): { client: number; server: number } {
  const { listener, address } = listening();
  const client = opened(native.socket(AF_INET, SOCK_STREAM, 0));
  expect([0, failure("EINPROGRESS")]).toContain(native.connect(client, address));
  waitFor(listener, native.constants.POLLIN);
  const server = opened(native.accept(listener, places()));
  waitFor(client, native.constants.POLLOUT);
  return { client, server };
}

/** Two Unix sockets that are connected to each other. */
export function pair(type: number = SOCK_STREAM): [number, number] {
  const out = new Int32Array(2);
  expect(native.socketpair(AF_UNIX, type, 0, out)).toBe(0);
  const [one = -1, other = -1] = out;
  return [opened(one), opened(other)];
}

/** A UDP socket on a free port, and its address. */
export function datagramSocket(): { descriptor: number; address: Uint8Array } {
  const descriptor = opened(native.socket(AF_INET, SOCK_DGRAM, 0));
  const address = loopback();
  expect(native.bind(descriptor, address)).toBe(0);
  expect(native.getsockname(descriptor, address)).toBe(0);
  return { descriptor, address };
}

/** How the system describes a descriptor. */
export function flagsOf(descriptor: number): { nonBlocking: boolean; closedOnExec: boolean } {
  const description = readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8");
  const flags = Number.parseInt(/^flags:\s*(\d+)$/m.exec(description)?.[1] ?? "", 8);
  return { nonBlocking: (flags & 0o4000) !== 0, closedOnExec: (flags & 0o2000000) !== 0 };
}

/** Sends a text. @returns what `send` answers. */
export function sendText(descriptor: number, text: string): number {
  const bytes = Buffer.from(text);
  return native.send(descriptor, bytes, 0, bytes.length, 0);
}

/** Receives what is there, as text. */
export function receiveText(descriptor: number): string {
  waitFor(descriptor, native.constants.POLLIN);
  const buffer = Buffer.alloc(1024);
  const received = native.recv(descriptor, buffer, 0, buffer.length, 0);
  expect(received).toBeGreaterThanOrEqual(0);
  return buffer.toString("utf8", 0, received);
}

/** The first lines of every program: the addon, and what the programs share. */
const PRELUDE = `
const ADDON = ${JSON.stringify(FILE)};
const native = require(ADDON);
const { constants } = native;
const { readdirSync, writeSync } = require("node:fs");
const print = (text) => writeSync(1, text + "\\n");
const countDescriptors = () => readdirSync("/proc/self/fd").length;
`;

/** The source of a program (or of a worker's) that has `native`, `constants`, `print(text)` and `countDescriptors()`. */
export function program(source: string): string {
  return PRELUDE + source;
}

/** How a program has ended. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program in a process of its own until it ends.
 *
 * @param onOutput is told all of the output so far whenever more comes.
 */
export async function run(
  source: string,
  onOutput: (stdout: string, pid: number) => void = () => undefined,
  command: readonly string[] = [process.execPath],
): Promise<Outcome> {
  const [file = "", ...parameters] = command;
  const child = spawn(file, [...parameters, "-e", program(source)], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    onOutput(stdout, child.pid ?? 0);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code, signal] = await once(child, "close");
  return { code, signal, stdout, stderr };
}

/** What a program prints, given that it ends well. */
export async function printed(...given: Parameters<typeof run>): Promise<string[]> {
  const outcome = await run(...given);
  expect(outcome).toMatchObject({ code: 0, signal: null, stderr: "" });
  return outcome.stdout.trimEnd().split("\n");
}
