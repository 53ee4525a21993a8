/** What bad-module.mjs exports, for the type checker. */
import type { BaseRequestHandler, Socket } from "ts-socketserver";

type StreamHandler = new (...args: never[]) => BaseRequestHandler<Socket>;

export const Careless: StreamHandler;
export const Hasty: StreamHandler;
export const Endless: StreamHandler;
export const Leaving: StreamHandler;
