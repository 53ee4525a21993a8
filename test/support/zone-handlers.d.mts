import { StreamRequestHandler } from "ts-socketserver";

export class Names extends StreamRequestHandler {
  static override readonly module: string;
}
