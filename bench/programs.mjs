// Programs that the benchmark runs, and that may not be installed.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

/** @returns the first line of what a program prints. @throws Error when it is not there */
export function firstLine(program, ...texts) {
  try {
    return execFileSync(program, texts, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .trim()
      .split("\n")[0];
  } catch {
    throw new Error("not installed here");
  }
}

/** The system's own, too: what Debian's packages bring is not seen by a Python of another origin. */
const PYTHONS = ["python3", "/usr/bin/python3"];

/**
 * The first Python that can import a module.
 *
 * @param {string} module
 * @returns {{ python: string, version: string }} the version of the module. @throws Error when there is none
 */
export function pythonWith(module) {
  for (const python of PYTHONS) {
    try {
      const version = firstLine(python, "-c", `import ${module}; print(${module}.__version__)`);
      return { python, version: `${module} ${version}, ${firstLine(python, "--version")}` };
    } catch {
      // The next one may have it.
    }
  }
  throw new Error("not installed here");
}

/** A port of 127.0.0.1 that is free now, for programs that have to be given one. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
