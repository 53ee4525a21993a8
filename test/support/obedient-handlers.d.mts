/** What obedient-handlers.mjs exports, for the type checker. */
import type { BaseRequestHandler, DatagramRequest, Socket } from "ts-socketserver";

type Found = { readonly module: string };
type StreamHandler = (new (...args: never[]) => BaseRequestHandler<Socket>) & Found;
type DatagramHandler = (new (...args: never[]) => BaseRequestHandler<DatagramRequest>) & Found;

export const Obedient: StreamHandler;
export const Inheriting: StreamHandler;
export const Throwing: StreamHandler;
export const Wanting: StreamHandler;
export const hidden: StreamHandler;
export const ObedientDatagram: DatagramHandler;
export const Twice: DatagramHandler;
