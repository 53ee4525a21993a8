/**
 * What mistakes.test.ts is made with.
 *
 * @module
 */

import type { Address, RequestHandlerClass, TCPServer, UDPServer } from "ts-socketserver";

export {
  BaseRequestHandler,
  DatagramRequestHandler,
  StreamRequestHandler,
  TCPServer,
  UDPServer,
} from "ts-socketserver";

/** A value as a program without types would hand it over. */
export function checkedOnlyAtRunTime(value: unknown): never {
  return value as never;
}

/** A server class that keeps the errors of its handlers, and a way to wait for the next one. */
export function captureErrors(Base: typeof TCPServer | typeof UDPServer) {
  const errors: unknown[] = [];
  let told = (): void => {};
  const keep = (error: unknown): void => {
    errors.push(error);
    told();
  };
  const ServerClass = Base as new (address: Address, handler: RequestHandlerClass) => TCPServer;
  class Server extends ServerClass {
    override handleError(error: unknown): void {
      keep(error);
    }
  }
  const next = async (): Promise<unknown> => {
    if (errors.length === 0) {
      await new Promise<void>((resolve) => {
        told = resolve;
      });
    }
    return errors.shift();
  };
  return { Server, next };
}
