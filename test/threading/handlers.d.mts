/** What handlers.mjs exports, for the type checker. */
import type { BaseRequestHandler, DatagramRequest, Socket } from "ts-socketserver";

type StreamHandler = new (...args: never[]) => BaseRequestHandler<Socket>;

export const Upper: StreamHandler;
export const Obedient: StreamHandler;
export const Inheriting: StreamHandler;
export const Throwing: StreamHandler;
export const hidden: StreamHandler;
export const UpperDatagram: new (...args: never[]) => BaseRequestHandler<DatagramRequest>;
