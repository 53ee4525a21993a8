/**
 * The flags of Node.js that a child process is started with.
 *
 * @module
 */

/** Flags that say what this process is to run. */
const OWN = /^(-i|--interactive|-c|--check|-e|--eval|-p|--print|-pe|--input-type|--test|--watch|--watch-path)(=|$)/;
/** Those of them that are followed by a value of their own. */
const FOLLOWED = /^(-e|--eval|-p|--print|-pe|--input-type|--watch-path)$/;
const INSPECT = /^--inspect(-brk|-wait|-port)?(=|$)/;

/**
 * The flags of this process (by which it runs TypeScript, for instance), but for what belongs to one process alone. Where this one
 * is debugged, each child is too, at a port that is free.
 */
export function childArguments(own: readonly string[]): string[] {
  const flags: string[] = [];
  for (let index = 0; index < own.length; index += 1) {
    const flag = own[index] ?? "";
    if (OWN.test(flag)) index += FOLLOWED.test(flag) ? 1 : 0;
    else if (!INSPECT.test(flag)) flags.push(flag);
    else if (!flags.includes("--inspect=0")) flags.push("--inspect=0");
  }
  return flags;
}
