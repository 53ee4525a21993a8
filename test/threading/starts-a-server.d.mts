/** What starts-a-server.mjs exports, for the type checker. */
import type { BaseRequestHandler, Socket } from "ts-socketserver";

export const Careless: new (...args: never[]) => BaseRequestHandler<Socket>;
