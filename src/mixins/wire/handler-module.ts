/**
 * How a handler class is found again in another thread or process: by the module that it names, and its own name there.
 *
 * @module
 */

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { isMainThread } from "node:worker_threads";
import type { RequestHandlerClass } from "../../core/server/handler.js";
import { importForHandler } from "../../core/server/handler-import.js";
import { messageOf } from "./error-codec.js";

/** A class that can be found again. */
export interface HandlerModule {
  readonly module: string;
  readonly className: string;
}

/** The parameters of a server's constructor, where a handler class must name its module. */
export type WithModules<Parameters extends readonly unknown[]> = {
  [Index in keyof Parameters]: Parameters[Index] extends abstract new (
    ...args: never[]
  ) => unknown
    ? Parameters[Index] & { readonly module: string }
    : Parameters[Index];
};

/**
 * Where a handler class is to be imported from.
 *
 * @param where `"threads"` or `"processes"`, for the message. @throws TypeError that names the class and the line to add.
 */
export function moduleOf(HandlerClass: RequestHandlerClass, where: string): HandlerModule {
  const className = HandlerClass.name;
  const refuse = (why: string): never => {
    throw new TypeError(
      `Cannot run ${className || "this handler"} in ${where}: ${why}. A handler for ${where} is an exported class with the line ` +
        "static override readonly module = import.meta.url;",
    );
  };
  if (className === "") return refuse("the class has no name by which to find it");
  // Inherited, it would name the module of another class.
  const module: unknown = Object.hasOwn(HandlerClass, "module") ? Reflect.get(HandlerClass, "module") : undefined;
  if (module === undefined) return refuse("it does not name its module");
  if (typeof module !== "string" || !URL.canParse(module)) return refuse(`its module is not a URL (${String(module)})`);
  return { module, className };
}

/**
 * A container holds objects of this thread: handlers elsewhere would be made without what they ask it for.
 *
 * @throws TypeError when there is one.
 */
export function refuseContainer(HandlerClass: RequestHandlerClass, container: unknown, where: string): void {
  if (container === undefined) return;
  throw new TypeError(
    `Cannot run ${HandlerClass.name} in ${where} with the option "container": its services are objects of this one. ` +
      "Register them in tsyringe's own container, in the handler's module.",
  );
}

/**
 * Imports a handler class.
 *
 * @throws Error that names the module, the class and the mend, when it cannot be imported or does not export the class.
 */
export async function importHandler({ module, className }: HandlerModule): Promise<RequestHandlerClass> {
  let exported: Record<string, unknown>;
  try {
    if (needsTsx(module)) await registerTsx(module);
    exported = await withRejectionsCaptured(importForHandler(module));
  } catch (error) {
    throw new Error(`Cannot import ${module} for its handler ${className}: ${messageOf(error)}`, { cause: error });
  }
  const found = exported[className];
  if (typeof found === "function") return found as RequestHandlerClass;
  throw new Error(`Cannot find the handler ${className} in ${module}: export it there under that name.`);
}

/**
 * Whether the module is TypeScript that tsx is to run, in a thread that does not have its hooks although it was started with
 * the same options: so it is before Node 22.
 */
function needsTsx(module: string): boolean {
  const [major = 0] = process.versions.node.split(".").map(Number);
  return (
    !isMainThread && major < 22 && /\.[cm]?tsx?$/.test(module) && process.execArgv.some((text) => text.includes("tsx"))
  );
}

async function registerTsx(module: string): Promise<void> {
  // What require() would find is tsx for require().
  const require = createRequire(module);
  const { exports } = require("tsx/package.json");
  const packageFile = pathToFileURL(require.resolve("tsx/package.json"));
  const tsx: { register(): unknown } = await import(new URL(exports["./esm/api"].import.default, packageFile).href);
  tsx.register();
}

/** The outcome of an import, to whose failures belongs what it has started and not waited for, such as a server. */
async function withRejectionsCaptured<Outcome>(importing: Promise<Outcome>): Promise<Outcome> {
  let onFailure: (reason: unknown) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => {
    onFailure = reject;
  });
  process.on("unhandledRejection", onFailure);
  try {
    const outcome = await Promise.race([importing, failed]);
    // Node tells of unhandled rejections before this.
    await Promise.race([new Promise(setImmediate), failed]);
    return outcome;
  } finally {
    process.off("unhandledRejection", onFailure);
  }
}
