/**
 * {@link oneOf}: a choice in words.
 *
 * @module
 */

/** Writes a choice: `plain, multiplexing or threading`. */
export function oneOf(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} or ${last}`;
}
