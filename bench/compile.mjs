// The compiled programs of the benchmark: made anew for each run, in a directory that is gone afterwards.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const here = import.meta.dirname;
const root = dirname(here);

function sourcesIn(folder) {
  const names = readdirSync(join(here, folder)).filter((name) => name.endsWith(".c"));
  return names.map((name) => join(here, folder, name));
}

/**
 * Compiles C.
 *
 * @param {string} directory where the program goes
 * @param {string} name the program's
 * @param {string[]} sources
 * @returns {string} the program
 */
function compileC(directory, name, sources) {
  const program = join(directory, name);
  // _GNU_SOURCE: for recvmmsg() and its like.
  const options = ["-O2", "-Wall", "-Wextra", "-D_GNU_SOURCE", "-o", program];
  const { status } = spawnSync("cc", [...options, ...sources], { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) {
    throw new Error(
      `Cannot compile ${name}: the benchmark needs a C compiler. Install gcc or clang, so that cc works.`,
    );
  }
  return program;
}

/** @param {string} directory @returns the load generator */
export function compileLoad(directory) {
  return compileC(directory, "load", sourcesIn("load"));
}

/** @param {string} directory @param {string} name of a file of subjects/, without its ending */
export function compileSubject(directory, name) {
  return compileC(directory, name, [join(here, "subjects", `${name}.c`)]);
}

/**
 * Compiles the subject in Go.
 *
 * @param {string} directory
 * @returns {string} the program. @throws Error with what the compiler says
 */
export function compileGo(directory) {
  const program = join(directory, "go-echo");
  const source = join(here, "subjects", "echo.go");
  const { status, error, stderr } = spawnSync("go", ["build", "-o", program, source], { encoding: "utf8" });
  if (status !== 0) throw new Error(`go cannot compile echo.go: ${error?.message ?? stderr.trim()}`);
  return program;
}

/** @param {string} name of a program of examples/ @returns where compileExamples() puts it */
export function compiledExample(name) {
  return join(root, "build", "bench", `${name}.js`);
}

/** Compiles the measured programs of examples/: within the project, so that they find the package by its name. */
export function compileExamples() {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
  const project = ["-p", join(here, "tsconfig.json")];
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...project], { encoding: "utf8" });
  if (status !== 0) throw new Error(`tsc cannot compile the examples: ${stdout.trim()}`);
}
