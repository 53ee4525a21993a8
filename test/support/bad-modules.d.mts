/** What bad-modules.mjs exports, for the type checker. */
import type { BaseRequestHandler, Socket } from "ts-socketserver";

type Found = { readonly module: string };
type StreamHandler = (new (...args: never[]) => BaseRequestHandler<Socket>) & Found;

export const Careless: StreamHandler;
export const Hasty: StreamHandler;
export const Endless: StreamHandler;
export const Leaving: StreamHandler;
export const Failing: StreamHandler;
export const ShortLived: StreamHandler;
export const Undecided: StreamHandler;
