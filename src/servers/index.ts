/**
 * `ts-socketserver/servers`: servers that are ready to run. `socketserver --help` lists them.
 *
 * Their handlers can be subclassed, and go with any server class.
 *
 * @module
 */

export type { BundledExample, BundledOption, BundledServer, ModelName } from "./bundled-server.js";
export { bundledServers } from "./catalogue.js";
export { EchoDatagramHandler, EchoStreamHandler, echo } from "./echo.js";
export type { Greeting } from "./greet.js";
export { GreetDatagramHandler, GreetMixIn, GreetStreamHandler, greet } from "./greet.js";
export { UpperDatagramHandler, UpperStreamHandler, upper } from "./upper.js";
