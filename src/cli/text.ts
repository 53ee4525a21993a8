/**
 * {@link tableOf}: rows for people to read.
 *
 * @module
 */

/** Writes rows as lines, with columns that are as wide as they need to be; what is empty in all rows is left out. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  const columns = (rows[0] ?? []).map((_, index) => rows.map((row) => row[index] ?? ""));
  const widths = columns.map((cells) => Math.max(...cells.map((cell) => cell.length)));
  const lines = rows.map((row) =>
    row.flatMap((cell, index) => (widths[index] === 0 ? [] : [cell.padEnd(widths[index] ?? 0)])).join("  "),
  );
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

/** Makes control characters visible, but for line ends and tabs: what somebody else sends must not steer the terminal. */
export function visible(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** Writes a choice: `plain, multiplexing or threading`. */
export function oneOf(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} or ${last}`;
}
