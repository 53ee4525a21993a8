/**
 * Modules that must not be imported as they are: what this one does at that is said behind the question mark of its URL, under
 * which the classes name it. The tests themselves import it without one.
 */
import { writeFileSync } from "node:fs";
import { BaseRequestHandler, TCPServer } from "ts-socketserver";

const serve = () => new TCPServer(["127.0.0.1", 0], Careless).serveForever();

export class Careless extends BaseRequestHandler {
  static module = `${import.meta.url}?serve`;
}
export class Hasty extends BaseRequestHandler {
  static module = `${import.meta.url}?serve-unawaited`;
}
export class Endless extends BaseRequestHandler {
  static module = `${import.meta.url}?endless`;
}
export class Leaving extends BaseRequestHandler {
  static module = `${import.meta.url}?leave`;
}
export class Failing extends BaseRequestHandler {
  static module = `${import.meta.url}?fail`;
}
/** Is imported without trouble, and does not live long. */
export class ShortLived extends BaseRequestHandler {
  static module = `${import.meta.url}?leave-soon`;
}

/** Is never done, and makes the file that the environment names: all that it has to load is loaded. */
function goOnForEver() {
  if (process.env.BAD_MODULE_BEGUN !== undefined) writeFileSync(process.env.BAD_MODULE_BEGUN, "");
  return new Promise(() => {});
}

/** Ends its thread or process; and where the environment says so, the next one is never done with importing it. */
export class Undecided extends BaseRequestHandler {
  static module = `${import.meta.url}?endless-if-told`;
  handle() {
    process.exit(7);
  }
}

const misdeeds = {
  "?serve": serve,
  "?serve-unawaited": () => void serve(),
  "?endless": goOnForEver,
  "?endless-if-told": () => (process.env.BAD_MODULE === "endless" ? goOnForEver() : undefined),
  "?leave": () => process.exit(5),
  "?fail": () => {
    throw new SyntaxError("what a module!");
  },
  "?leave-soon": () => void leaveAfter(20),
};

/** Ends its thread or process after so many turns: those that it takes to say that it is ready are fewer. */
function leaveAfter(turns) {
  if (turns === 0) process.exit(6);
  setImmediate(leaveAfter, turns - 1);
}

await misdeeds[new URL(import.meta.url).search]?.();
