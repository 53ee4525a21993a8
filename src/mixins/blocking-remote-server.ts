/**
 * `this.server` of a blocking handler in a thread: the members of the real server, by calls that block.
 *
 * The thread posts a question and waits at its interrupt, which the server wakes when the answer is at the thread's port.
 *
 * @module
 */

import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { Address } from "../core/address.js";
import type { BaseServer } from "../core/base-server.js";
import { blockForMessage, interruptedError } from "../core/blocking-wait.js";
import { type ErrorMessage, packError, unpackError } from "./error-message.js";
import { memberOf } from "./remote-server.js";

/** From the thread: to read a member, or, with parameters, to call it. */
interface Question {
  readonly id: number;
  readonly name: string;
  readonly parameters: readonly unknown[] | null;
}

/** To the thread. */
type Answer = { readonly id: number } & (
  | { readonly value: unknown }
  /** It was to be read, and is to be called. */
  | { readonly isMethod: true }
  | { readonly error: ErrorMessage }
);

// ── the server's side ───────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Answers the questions of a thread.
 *
 * @param wake wakes the thread, which waits for the answer.
 */
export function answerThread(server: BaseServer, port: MessagePort, wake: () => void): void {
  port.on("message", async (question: Question) => {
    const { id } = question;
    try {
      port.postMessage({ id, ...(await findAnswer(server, question)) });
    } catch (error) {
      // Also where the value cannot be copied.
      port.postMessage({ id, error: packError(error) });
    }
    wake();
  });
}

async function findAnswer(server: BaseServer, { name, parameters }: Question): Promise<object> {
  const member = memberOf(server, name);
  if (typeof member !== "function") {
    if (parameters !== null) throw new TypeError(`The server's ${name} is no method.`);
    return { value: await member };
  }
  return parameters === null ? { isMethod: true } : { value: await member(...parameters) };
}

// ── the thread's side ───────────────────────────────────────────────────────────────────────────────────────────────

/** The server at the other end of the port. */
export function connectServerBlocking(serverAddress: Address, port: MessagePort): object {
  const methods = new Map<string, (...parameters: unknown[]) => unknown>();
  let lastId = 0;

  function ask(name: string, parameters: readonly unknown[] | null): Answer {
    lastId += 1;
    const question: Question = { id: lastId, name, parameters };
    port.postMessage(question);
    for (;;) {
      const answer: Answer | undefined = receiveMessageOnPort(port)?.message;
      // One with another number is for a question that was interrupted.
      if (answer?.id === question.id) return answer;
      if (answer === undefined && blockForMessage()) throw interruptedError(`ask the server for ${name}`, "recv");
    }
  }

  function toValue(answer: Answer): unknown {
    if ("error" in answer) throw unpackError(answer.error);
    return "value" in answer ? answer.value : undefined;
  }

  function methodOf(name: string): (...parameters: unknown[]) => unknown {
    const method = (...parameters: unknown[]): unknown => toValue(ask(name, parameters));
    methods.set(name, method);
    return method;
  }

  return new Proxy(
    {},
    {
      get(_target, name) {
        if (name === "serverAddress") return serverAddress;
        // What the language itself asks for (whether it is a promise, how to print it) is nobody's question.
        if (typeof name === "symbol" || name === "then" || name === "toJSON") return undefined;
        const method = methods.get(name);
        if (method !== undefined) return method;
        const answer = ask(name, null);
        return "isMethod" in answer ? methodOf(name) : toValue(answer);
      },
      set(_target, name) {
        throw new TypeError(
          `Cannot set the server's ${String(name)} from a thread: give the server a method for that.`,
        );
      },
    },
  );
}
