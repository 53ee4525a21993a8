/**
 * `this.server` of a blocking handler: the members of the real server, by calls that block.
 *
 * A thread posts a request and waits at its interrupt, which the server wakes when the answer is at the thread's port. How a
 * child process asks is told in blocking-child-calls.ts.
 *
 * @module
 */

import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { Address } from "../../core/address/address.js";
import { blockForMessage, interruptedError, isInterrupted } from "../../core/blocking/wait.js";
import type { BaseServer } from "../../core/server/base-server.js";
import { type ErrorMessage, packError, unpackError } from "./error-codec.js";
import { memberOf } from "./remote-server.js";

/** From the handler's side: to read a member, or, with parameters, to call it. */
export interface CallRequest {
  readonly id: number;
  readonly name: string;
  readonly parameters: readonly unknown[] | null;
}

/** From the server. */
export type CallResponse = { readonly id: number } & (Value | { readonly error: ErrorMessage });

type Value =
  | { readonly value: unknown }
  /** It was to be read, and is to be called. */
  | { readonly isMethod: true };

/** Makes a call, and blocks until it is answered. @throws ClosedResourceError when the request is broken off meanwhile */
export type Call = (request: CallRequest) => CallResponse;

// ── the server's side ───────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Answers the questions of a thread.
 *
 * @param wake wakes the thread, which waits for the answer.
 */
export function answerThread(server: BaseServer, port: MessagePort, wake: () => void): void {
  port.on("message", async (request: CallRequest) => {
    await answer(server, request, (message) => port.postMessage(message));
    wake();
  });
}

/** Answers a call. @param send throws where the answer cannot be copied */
export async function answer(
  server: BaseServer,
  request: CallRequest,
  send: (answer: CallResponse) => void,
): Promise<void> {
  const { id } = request;
  try {
    send({ id, ...(await findResponse(server, request)) });
  } catch (error) {
    send({ id, error: packError(error) });
  }
}

async function findResponse(server: BaseServer, { name, parameters }: CallRequest): Promise<Value> {
  const member = memberOf(server, name);
  if (typeof member !== "function") {
    if (parameters !== null) throw new TypeError(`The server's ${name} is no method.`);
    return { value: await member };
  }
  return parameters === null ? { isMethod: true } : { value: await member(...parameters) };
}

// ── the handler's side ──────────────────────────────────────────────────────────────────────────────────────────────

/** How a thread asks. */
export function callByPort(port: MessagePort): Call {
  return (request) => {
    // What has failed is not to be done even so.
    if (isInterrupted()) throw interruptedCall(request);
    port.postMessage(request);
    for (;;) {
      const answer: CallResponse | undefined = receiveMessageOnPort(port)?.message;
      // One with another number is for a request that was interrupted.
      if (answer?.id === request.id) return answer;
      if (answer === undefined && blockForMessage()) throw interruptedCall(request);
    }
  };
}

/** The error for a call of a request that was broken off. */
export function interruptedCall({ name }: CallRequest): Error {
  return interruptedError(`ask the server for ${name}`, "recv");
}

/** The server as a handler sees it. */
export function connectServerBlocking(serverAddress: Address, call: Call): object {
  const methods = new Map<string, (...parameters: unknown[]) => unknown>();
  let lastId = 0;

  function askFor(name: string, parameters: readonly unknown[] | null): unknown {
    lastId += 1;
    const found = call({ id: lastId, name, parameters });
    if ("error" in found) throw unpackError(found.error);
    return "value" in found ? found.value : methodOf(name);
  }

  function methodOf(name: string): (...parameters: unknown[]) => unknown {
    const method = (...parameters: unknown[]): unknown => askFor(name, parameters);
    methods.set(name, method);
    return method;
  }

  return new Proxy(
    {},
    {
      get(_target, name) {
        if (name === "serverAddress") return serverAddress;
        // What the language itself asks for (whether it is a promise, how to print it) is nobody's request.
        if (typeof name === "symbol" || name === "then" || name === "toJSON") return undefined;
        return methods.get(name) ?? askFor(name, null);
      },
      set(_target, name) {
        throw new TypeError(
          `Cannot set the server's ${String(name)} from a handler: give the server a method for that.`,
        );
      },
    },
  );
}
