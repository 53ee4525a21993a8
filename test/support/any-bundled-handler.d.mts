import type { BaseRequestHandler, DatagramRequest, Socket } from "ts-socketserver";

/** What the handlers ask the server. */
interface Turn {
  /** The name of the bundled server whose handler is to run. */
  current(): string;
}

export class AnyStreamHandler extends BaseRequestHandler<Socket, Turn> {
  static override readonly module: string;
}
export class AnyDatagramHandler extends BaseRequestHandler<DatagramRequest, Turn> {
  static override readonly module: string;
}
