/**
 * {@link TextFile}: what all text streams tell of themselves.
 *
 * @module
 */

import type { EncodingErrors, Newline } from "./text-codec.js";

/** How text becomes bytes, and bytes text. */
interface TextSettings {
  readonly encoding: string;
  readonly errors: EncodingErrors;
  readonly newline: Newline;
}

/** A stream of text, to be read or written, whether its calls promise or block. */
export abstract class TextFile {
  readonly #settings: TextSettings;

  /** @internal */
  constructor(settings: TextSettings) {
    this.#settings = settings;
  }

  /** The name of the encoding, as it was given. */
  get encoding(): string {
    return this.#settings.encoding;
  }

  /** What happens to bytes that are no text, and to characters that the encoding does not have. */
  get errors(): EncodingErrors {
    return this.#settings.errors;
  }

  /** What ends a line. */
  get newline(): Newline {
    return this.#settings.newline;
  }
}
