/** What contract-handlers.mjs exports, for the type checker. */
import { BaseRequestHandler, DatagramRequestHandler, type Socket, StreamRequestHandler } from "ts-socketserver";

export class LineEcho extends StreamRequestHandler {
  static override readonly module: string;
}
export class DatagramEcho extends DatagramRequestHandler {
  static override readonly module: string;
}
export class Echo extends StreamRequestHandler {
  static override readonly module: string;
}
export class Idle extends BaseRequestHandler {
  static override readonly module: string;
}
/** Its server has `note()`, and `exits`. */
export class Bad extends BaseRequestHandler<Socket> {
  static override readonly module: string;
}
/** Its server has `hold()`. */
export class Held extends StreamRequestHandler {
  static override readonly module: string;
}
export class Obeying extends DatagramRequestHandler {
  static override readonly module: string;
}
