/** What handlers.mjs exports, for the type checker. */
import type { BlockingDatagramRequest, BlockingRequestHandler, BlockingRequestHandlerClass } from "ts-socketserver";

type StreamHandler = (new (...args: never[]) => BlockingRequestHandler) & { readonly blocking: true };
type DatagramHandler = BlockingRequestHandlerClass<BlockingDatagramRequest>;

export const Asynchronous: StreamHandler;
export const Drain: StreamHandler;
export const Echo: StreamHandler;
export const ForgetfulSetup: StreamHandler;
export const Obedient: StreamHandler;
export const Steps: StreamHandler;
export const Twice: StreamHandler;
export const Untidy: StreamHandler;
export const FailingDatagram: DatagramHandler;
export const TwiceDatagram: DatagramHandler;
export const UpperDatagram: DatagramHandler;
