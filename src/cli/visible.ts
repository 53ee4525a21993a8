/**
 * {@link visible}: text from elsewhere, for a terminal.
 *
 * @module
 */

/** Makes control characters visible, but for line ends and tabs: what somebody else sends must not steer the terminal. */
export function visible(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
