// How late the event loop comes to its timers, in milliseconds.
import { monitorEventLoopDelay } from "node:perf_hooks";

/** Begins to watch. What is returned tells what was seen until then, and begins anew. */
export function watchEventLoop() {
  // What it tells includes its own interval, this one millisecond.
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  return () => {
    const seen = { median: delay.percentile(50) / 1e6, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
    delay.reset();
    return seen;
  };
}
