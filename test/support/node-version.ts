/**
 * What this version of Node.js can do, as its release notes say: what the package finds out by trying is compared with it.
 *
 * @module
 */

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

/** Whether `postMessage()` can move TCP connections to worker threads. */
export const movesToThreads: boolean = (major === 24 && minor >= 20) || (major === 26 && minor >= 6) || major > 26;
