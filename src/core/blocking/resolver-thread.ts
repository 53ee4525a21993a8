/**
 * The program of the thread that looks up host names for one that blocks: answers each line with a line.
 *
 * @module
 */

import { workerData } from "node:worker_threads";
import { lookUp } from "../address/resolve.js";
import { codeOf } from "../errors.js";
import { Socket } from "../socket/socket.js";
import type { ResolverAnswer, ResolverQuestion } from "./resolver.js";

async function answer({ host, family }: ResolverQuestion): Promise<ResolverAnswer> {
  try {
    const [[, address]] = await lookUp(host, family);
    return { address };
  } catch (error) {
    return { message: error instanceof Error ? error.message : String(error), code: codeOf(error) };
  }
}

/** @param fileno of its end of the pair, which is copied. The other end is closed when who asks has ended. */
async function main(fileno: number): Promise<void> {
  const borrowed = new Socket(undefined, undefined, undefined, { fileno });
  await using socket = borrowed.dup();
  borrowed.detach();
  await socket.sendall("ready\n");
  for await (const line of socket.makefile("rb")) {
    await socket.sendall(`${JSON.stringify(await answer(JSON.parse(line.toString())))}\n`);
  }
}

if (typeof workerData === "number") void main(workerData);
