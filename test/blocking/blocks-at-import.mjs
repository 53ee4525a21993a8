/** A handler whose module blocks for ever when a thread imports it, once it has made the file that BLOCKED_FILE names. */
import { writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { BlockingRequestHandler, BlockingSocket } from "ts-socketserver";

export class Stuck extends BlockingRequestHandler {
  static module = import.meta.url;
}

if (!isMainThread) {
  const listener = new BlockingSocket();
  listener.bind(["127.0.0.1", 0]);
  listener.listen();
  writeFileSync(process.env.BLOCKED_FILE, "");
  listener.accept();
}
