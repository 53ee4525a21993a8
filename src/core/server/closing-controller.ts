/**
 * {@link closingController}: what tells everybody that something closes.
 *
 * @module
 */

import { setMaxListeners } from "node:events";

/** Makes a controller whose signal every request may listen to: Node would take more than ten listeners for a leak. */
export function closingController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
