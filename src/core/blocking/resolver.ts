/**
 * Looking up host names for a thread that blocks: Node can do that with promises only, so another thread does it.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import { type Address, isInetAddress } from "../address/address.js";
import { checkForm, gaiError, type InetFamily, readNumericHost, resolveAddress } from "../address/resolve.js";
import { type AddressFamily, AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM } from "../constants.js";
import { codeOf, GaiError } from "../errors.js";
import { BlockingStreamReader } from "../stream/reader.js";
import { EAGAIN, POLLIN } from "../transport/native/constants.js";
import { systemErrorOf } from "../transport/system-error.js";
import { blockUntil, deadlineAfter, INTERRUPTED, interruptedError, nativeCalls, READY } from "./wait.js";

/** The program that the other side starts. */
const PROGRAM = new URL("./resolver-thread.js", import.meta.url);
/** How long the thread may take to start, in seconds. */
const START_TIME = 10;

/** A question for the thread. */
export interface ResolverQuestion {
  readonly host: string;
  readonly family: InetFamily;
}

/** What it answers. */
export type ResolverAnswer = { readonly address: string } | { readonly message: string; readonly code: string };

/**
 * Makes what a caller gave as an address into one that a system call takes, as `resolveAddress` does, but waits for it.
 *
 * A name is looked up in a thread that the first look-up starts (some 40 ms), and that this thread keeps; `localhost` is not.
 *
 * @throws as `resolveAddress`
 */
export function resolveBlocking(address: Address, family: AddressFamily, passive: boolean): Address {
  const numeric = family === AF_UNIX ? address : withoutName(address, family);
  const resolved = resolveAddress(numeric, family, { passive });
  if (resolved instanceof Promise) throw new Error(`Cannot resolve ${JSON.stringify(numeric)} without waiting`);
  return resolved;
}

/** The same address, where its host is a name with that looked up. What is no address at all is left for others to refuse. */
function withoutName(address: Address, family: AddressFamily): Address {
  if (!isInetAddress(address) || typeof address[0] !== "string") return address;
  const [host, ...parts] = address;
  if (host === "" || readNumericHost(host) !== undefined) return address;
  const wanted = family === AF_INET6 ? AF_INET6 : AF_INET;
  checkForm(address, wanted);
  return [lookUp({ host, family: wanted }), ...parts];
}

function lookUp(question: ResolverQuestion): string {
  // RFC 6761: these are the loopback, whatever a resolver says.
  if (/^(?:.*\.)?localhost\.?$/i.test(question.host)) return question.family === AF_INET ? "127.0.0.1" : "::1";
  resolver ??= new Resolver();
  const answer = resolver.ask(question);
  if ("address" in answer) return answer.address;
  throw new GaiError(answer.message, { code: answer.code, syscall: "getaddrinfo" });
}

/** The one of this thread. */
let resolver: Resolver | null = null;

/** This thread's side of the one that looks up names: lines of JSON go to and fro over a pair of sockets. */
class Resolver {
  readonly #descriptor: number;
  /**
   * The other end, until the thread has made its own copy. Where it never comes to that, this one ends with who asks, and not
   * before: its number could by then be that of something else.
   */
  #other: number;
  readonly #reader = new BlockingStreamReader({ recv: (size) => this.#receive(size) });
  #asking: ResolverQuestion = { host: "", family: AF_INET };
  #deadline: number | null = null;

  constructor() {
    const calls = nativeCalls();
    const pair = new Int32Array(2);
    const result = calls.socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    if (result < 0) throw this.#failure(systemErrorOf(result));
    const [own = -1, other = -1] = pair;
    this.#descriptor = own;
    this.#other = other;
    // It needs none of what this program was started with, and there is that with which no file can be run.
    const worker = new Worker(PROGRAM, { workerData: other, name: "name look-up", execArgv: [] });
    worker.unref();
    worker.on("error", () => {
      if (resolver === this) resolver = null;
    });
  }

  ask(question: ResolverQuestion): ResolverAnswer {
    this.#asking = question;
    try {
      if (this.#other >= 0) this.#awaitStart();
      this.#send(Buffer.from(`${JSON.stringify(question)}\n`));
      return JSON.parse(this.#reader.readline().toString());
    } catch (error) {
      // An answer may still come: it must not be taken for one to the next question.
      nativeCalls().close(this.#descriptor);
      resolver = null;
      throw error;
    }
  }

  #awaitStart(): void {
    this.#deadline = deadlineAfter(START_TIME);
    this.#reader.readline();
    this.#deadline = null;
    nativeCalls().close(this.#other);
    this.#other = -1;
  }

  #send(bytes: Uint8Array): void {
    const result = nativeCalls().send(this.#descriptor, bytes, 0, bytes.length, 0);
    // A question is far smaller than what the system takes, and only one is ever on its way.
    if (result < bytes.length) throw this.#failure(systemErrorOf(Math.min(result, EAGAIN)));
  }

  #receive(size: number): Buffer {
    const buffer = Buffer.allocUnsafe(Math.min(size, 4096));
    for (;;) {
      const length = nativeCalls().recv(this.#descriptor, buffer, 0, buffer.length, 0);
      if (length > 0) return buffer.subarray(0, length);
      if (length !== EAGAIN) throw this.#failure(length === 0 ? undefined : systemErrorOf(length));
      const outcome = blockUntil(this.#descriptor, POLLIN, this.#deadline);
      if (outcome === INTERRUPTED) throw interruptedError(`resolve "${this.#asking.host}"`, "getaddrinfo");
      if (outcome !== READY) throw this.#failure(undefined);
    }
  }

  #failure(cause: unknown): GaiError {
    const code = codeOf(cause) || "EAI_AGAIN";
    return gaiError(`resolve "${this.#asking.host}"`, "the thread that looks up names does not answer", code, cause);
  }
}
