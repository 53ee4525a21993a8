// A subject that serves.
import { JsonProcess } from "./json-process.mjs";
import { asServer } from "./machine.mjs";

/** 50 threads want to be started and warmed up on one core. */
const SECONDS_TO_START = 40;
const SECONDS_TO_ANSWER = 30;

/**
 * How a subject is started.
 *
 * @typedef {object} Start
 * @property {string[]} command
 * @property {Record<string, string>} [environment]
 * @property {(line: string) => number | undefined} [portIn]
 *   finds the port in a line that the program prints, if it is there. Without it, the first line is JSON with `port`
 */

/** Thrown for a subject that cannot be measured here, with the reason. */
export class Unavailable extends Error {}

export class ServerProcess {
  #process;
  /** Where it serves on 127.0.0.1. */
  port = 0;

  constructor(process) {
    this.#process = process;
  }

  /**
   * Starts a subject and waits until it serves.
   *
   * @param {string} name
   * @param {Start} how
   * @param {{ spreads?: boolean }} [workload] whether it may use all cores
   * @throws Unavailable when the subject says that it cannot
   */
  static async start(name, { command, environment, portIn }, { spreads = false } = {}) {
    const server = new ServerProcess(new JsonProcess(name, asServer(command, spreads), environment));
    try {
      server.port = await (portIn === undefined ? server.#portOfJson() : server.#portOfText(portIn));
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async #portOfJson() {
    const { port, unavailable } = await this.#process.next(SECONDS_TO_START);
    if (unavailable !== undefined) throw new Unavailable(unavailable);
    return port;
  }

  async #portOfText(portIn) {
    for (;;) {
      const port = portIn(await this.#process.nextLine(SECONDS_TO_START));
      if (port !== undefined) return port;
    }
  }

  get pid() {
    return this.#process.pid;
  }

  /** Sends a command, and waits for what is answered. */
  async ask(command) {
    this.#process.say(command);
    return await this.#process.next(SECONDS_TO_ANSWER);
  }

  stop() {
    return this.#process.stop();
  }
}
