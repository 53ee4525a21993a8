/**
 * {@link NumberTable}: values by number, for what comes and goes all the time.
 *
 * @module
 */

/** How many places there are at first: a power of two, as always. */
const FIRST_PLACES = 16;

/**
 * What a `Map` with numbers is, for requests and the like, of which a busy server has many thousands a second.
 *
 * V8 links each table that a `Map` or `Set` has outgrown to the one that took its place, for the sake of iterations under way.
 * Once one of these is old, all that follow it, and what they held, are old as well: most of the garbage of a busy server, which
 * each small collection copies, and only a full one frees. Here nothing is linked: a number's last bits are its place.
 */
export class NumberTable<Value> {
  /** What stands where. */
  #numbers: (number | null)[] = new Array(FIRST_PLACES).fill(null);
  #values: (Value | undefined)[] = new Array(FIRST_PLACES).fill(undefined);
  #next = 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Gives a value a number from 1, which no other has had, or will have. */
  add(value: Value): number {
    // Half of the places are free, so that the next number whose place is one of them is never far.
    if (2 * this.#size >= this.#numbers.length) this.#grow();
    let number = this.#next;
    while (this.#numbers[this.#placeOf(number)] !== null) number += 1;
    this.#next = number + 1;
    this.#put(number, value);
    return number;
  }

  /**
   * Keeps a value by a number that another table has given it. Where it lives no longer than in the other table, this one grows
   * no larger than that.
   */
  set(number: number, value: Value): void {
    for (;;) {
      const found = this.#numbers[this.#placeOf(number)];
      if (found === number) this.#size -= 1;
      if (found === number || found === null) break;
      this.#grow();
    }
    this.#put(number, value);
  }

  get(number: number): Value | undefined {
    const place = this.#placeOf(number);
    return this.#numbers[place] === number ? this.#values[place] : undefined;
  }

  has(number: number): boolean {
    return this.#numbers[this.#placeOf(number)] === number;
  }

  /** @returns whether it was there. */
  delete(number: number): boolean {
    const place = this.#placeOf(number);
    if (this.#numbers[place] !== number) return false;
    this.#numbers[place] = null;
    this.#values[place] = undefined;
    this.#size -= 1;
    return true;
  }

  clear(): void {
    this.#numbers.fill(null);
    this.#values.fill(undefined);
    this.#size = 0;
  }

  /** All values, in the order of their numbers. */
  values(): Value[] {
    const numbers = this.#numbers.filter((number) => number !== null).sort((one, other) => one - other);
    return numbers.map((number) => this.#values[this.#placeOf(number)] as Value);
  }

  #placeOf(number: number): number {
    return number & (this.#numbers.length - 1);
  }

  #put(number: number, value: Value): void {
    const place = this.#placeOf(number);
    this.#numbers[place] = number;
    this.#values[place] = value;
    this.#size += 1;
  }

  /** Twice as many places. No two numbers that had places of their own get the same one. */
  #grow(): void {
    const numbers = this.#numbers;
    const values = this.#values;
    this.#numbers = new Array(2 * numbers.length).fill(null);
    this.#values = new Array(2 * values.length).fill(undefined);
    this.#size = 0;
    for (const [place, number] of numbers.entries()) if (number !== null) this.#put(number, values[place] as Value);
  }
}
