/** What handlers.mjs exports, for the type checker. */
import type {
  BaseRequestHandler,
  BlockingDatagramRequest,
  BlockingRequestHandler,
  BlockingRequestHandlerClass,
} from "ts-socketserver";

type Found = { readonly module: string };
type StreamHandler = (new (...args: never[]) => BlockingRequestHandler) & { readonly blocking: true } & Found;
type DatagramHandler = BlockingRequestHandlerClass<BlockingDatagramRequest> & Found;

export const Asynchronous: StreamHandler;
export const Deceptive: (new (...args: never[]) => BaseRequestHandler) & Found;
export const Drain: StreamHandler;
export const Echo: StreamHandler;
export const Forgetful: StreamHandler;
export const ForgetfulSetup: StreamHandler;
export const Informer: StreamHandler;
export const Obedient: StreamHandler;
export const Steps: StreamHandler;
export const Twice: StreamHandler;
export const Untidy: StreamHandler;
export const FailingDatagram: DatagramHandler;
export const TwiceDatagram: DatagramHandler;
export const UpperDatagram: DatagramHandler;
