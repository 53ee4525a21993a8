/**
 * {@link parseFortunes}: the files of the `fortune` program, of sayings and quotes.
 *
 * @module
 */

/**
 * Takes a file of quotes apart: between two of them stands a line that is a `%` and nothing else.
 *
 * Blank lines around a quote are left out, and so is a quote that has no others. Its lines end with `"\n"`, whatever the
 * file's end with; the last one has no end.
 *
 * @example
 * ```ts
 * parseFortunes("Know thyself.\n%\nNothing\nin excess.\n"); // ["Know thyself.", "Nothing\nin excess."]
 * ```
 */
export function parseFortunes(text: string): string[] {
  const quotes: string[][] = [[]];
  for (const line of text.split(/\r?\n/)) {
    if (line.trimEnd() === "%") quotes.push([]);
    else quotes.at(-1)?.push(line.trimEnd());
  }
  return quotes.map((lines) => lines.join("\n").replace(/^\n+|\n+$/g, "")).filter((quote) => quote !== "");
}
