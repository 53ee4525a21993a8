// A process that tells lines of JSON on stdout and takes lines on stdin.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const STDERR_KEPT = 2000;

const running = new Set();

export class JsonProcess {
  #child;
  #lines;
  #closed;
  #stderr = "";
  #name;

  /**
   * Starts it.
   *
   * @param {string} name for messages
   * @param {string[]} command
   * @param {Record<string, string>} environment added to this process's own
   */
  constructor(name, [program, ...texts], environment = {}) {
    this.#name = name;
    this.#child = spawn(program, texts, { env: { ...process.env, ...environment }, stdio: "pipe" });
    this.#closed = once(this.#child, "close");
    this.#closed.then(
      () => running.delete(this),
      () => running.delete(this),
    );
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    this.#child.stderr.setEncoding("utf8").on("data", (text) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    // It may be gone already: then the next line, which does not come, says so.
    this.#child.stdin.on("error", () => {});
    running.add(this);
  }

  get pid() {
    return this.#child.pid;
  }

  /**
   * The next line of JSON.
   *
   * @param {number} seconds that it may take; then the process is killed
   * @returns {Promise<any>} @throws Error when none comes, with what the process wrote to stderr
   */
  async next(seconds) {
    return JSON.parse(await this.nextLine(seconds));
  }

  /**
   * The next line, of a program that prints something else than JSON.
   *
   * @param {number} seconds that it may take; then the process is killed
   * @returns {Promise<string>} @throws Error when none comes, with what the process wrote to stderr
   */
  async nextLine(seconds) {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#child.kill("SIGKILL");
    }, seconds * 1000);
    try {
      const { done, value } = await this.#lines.next();
      if (!done) return value;
      await this.#closed;
    } finally {
      clearTimeout(timer);
    }
    const reason = this.#stderr.trim() || "without a word";
    throw new Error(late ? `${this.#name} said nothing for ${seconds} seconds` : `${this.#name} ended: ${reason}`);
  }

  /** @param {string} line sent to its stdin */
  say(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Ends its stdin, and waits until it has ended by itself. */
  async finish() {
    this.#child.stdin.end();
    await this.#closed;
  }

  /** Kills it, if it still runs. */
  async stop() {
    this.#child.kill("SIGKILL");
    await this.#closed;
  }

  /** Kills all that run: for the end of the benchmark before its time. */
  static killAll() {
    for (const one of running) one.#child.kill("SIGKILL");
  }
}
