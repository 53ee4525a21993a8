// Runs the tests on every version of Node.js that is supported, one after the other.
//
//   npm run test:versions                     all tests on 20, 22, 24 and 26
//   npm run test:versions -- 24 26            on these
//   npm run test:versions -- 24 test/socket   only what is in that folder
//
// The npm package "node" brings each version, into a folder beside node_modules. The addon is not built again: one binary is
// to serve them all.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const MAJORS = ["20", "22", "24", "26"];

const root = dirname(import.meta.dirname);
const given = process.argv.slice(2);
const wanted = given.filter((text) => /^\d+$/.test(text));
const files = given.filter((text) => !/^\d+$/.test(text));

const unknown = wanted.filter((major) => !MAJORS.includes(major));
if (unknown.length > 0) {
  console.error(`Node.js ${unknown.join(", ")} is not supported: choose from ${MAJORS.join(", ")}.`);
  process.exit(1);
}

/** The program of that version, installed when it is not there yet. */
function nodeOf(major) {
  const folder = join(root, "node_modules", ".node-versions", major);
  const program = join(folder, "node_modules", "node", "bin", "node");
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  // The package puts its program there in a script of its own.
  const options = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
  spawnSync("npm", ["install", ...options, `node@${major}`], { cwd: folder, stdio: "inherit", shell: false });
  if (existsSync(program)) return program;
  throw new Error(`The npm package node@${major} did not bring ${program}: is the registry within reach?`);
}

const failed = (wanted.length > 0 ? wanted : MAJORS).filter((major) => {
  const node = nodeOf(major);
  const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim();
  console.log(`\n── Node.js ${version} ──`);
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  // Programs that the tests start are to run on the same version.
  const path = `${dirname(node)}:${process.env.PATH}`;
  const { status } = spawnSync(node, [vitest, "run", ...files], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: path },
  });
  return status !== 0;
});

console.log(failed.length === 0 ? "\nPassed on all." : `\nFailed on Node.js ${failed.join(", ")}.`);
process.exit(failed.length === 0 ? 0 : 1);
