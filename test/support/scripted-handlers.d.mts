import type { BlockingRequestHandlerClass, BlockingSocket, RequestHandlerClass, Socket } from "ts-socketserver";

/** What a handler is to do next. */
export interface Step {
  readonly kind: "write" | "writelines" | "sendall" | "flush" | "turn" | "echo" | "time out" | "throw";
  readonly size: number;
  readonly as: "text" | "bytes";
  readonly awaited: boolean;
}

export declare function bytesOf(step: Step, index: number): Buffer;
export declare const Scripted: RequestHandlerClass<Socket> & { readonly module: string };
export declare const BlockingScripted: BlockingRequestHandlerClass<BlockingSocket> & { readonly module: string };
