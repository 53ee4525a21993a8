/** A blocking handler in whose process sockets have little time; not so in the tests, which import this module, too. */
import { setdefaulttimeout } from "ts-socketserver/socket";
import { Obedient } from "./handlers.mjs";

const IN_CHILD = "?in-child";
if (new URL(import.meta.url).search === IN_CHILD) setdefaulttimeout(0.05);

export class Hurried extends Obedient {
  static module = `${import.meta.url}${IN_CHILD}`;

  /** Its client may take its time. */
  setup() {
    this.request.settimeout(null);
    super.setup();
  }
}
