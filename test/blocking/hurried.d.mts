/** What hurried.mjs exports, for the type checker. */
import type { Obedient } from "./handlers.mjs";

export const Hurried: typeof Obedient;
