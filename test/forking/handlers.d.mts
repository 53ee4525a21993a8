/** What handlers.mjs exports, for the type checker. */
import type { BaseRequestHandler, DatagramRequest, Socket } from "ts-socketserver";

type StreamHandler = new (...args: never[]) => BaseRequestHandler<Socket>;
type DatagramHandler = new (...args: never[]) => BaseRequestHandler<DatagramRequest>;

export const LineEcho: StreamHandler;
export const Bad: StreamHandler;
export const Obedient: StreamHandler;
export const Inheriting: StreamHandler;
export const Throwing: StreamHandler;
export const Wanting: StreamHandler;
export const hidden: StreamHandler;
export const DatagramEcho: DatagramHandler;
export const Twice: DatagramHandler;
