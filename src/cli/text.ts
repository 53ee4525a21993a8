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
