/** What blocks-at-import.mjs exports, for the type checker. */
import type { BlockingRequestHandler } from "ts-socketserver";

export const Stuck: (new (
  ...args: never[]
) => BlockingRequestHandler) & {
  readonly blocking: true;
  readonly module: string;
};
