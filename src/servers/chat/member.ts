/**
 * {@link RoomMember}: somebody in a chat room, and what they have still to hear.
 *
 * @module
 */

import { BusyResourceError } from "../../core/errors.js";

/** Somebody in the room, or at its door: who has no nickname yet, is told nothing of what is said. */
export interface ChatMember {
  /** `null` at the door. */
  readonly nickname: string | null;
  /** Tells a line to this one alone. */
  tell(line: string): void;
}

/** One member as the room knows them. */
export class RoomMember implements ChatMember {
  readonly id: number;
  /** See {@link alike}. */
  alike = "";
  #nickname: string | null = null;
  readonly #maxWaiting: number;
  readonly #onTooSlow: (member: RoomMember) => void;
  #waiting: string[] = [];
  #listener: ((lines: readonly string[] | null) => void) | null = null;
  #isOut = false;
  #isTooSlow = false;

  constructor(id: number, maxWaiting: number, onTooSlow: (member: RoomMember) => void) {
    this.id = id;
    this.#maxWaiting = maxWaiting;
    this.#onTooSlow = onTooSlow;
  }

  get nickname(): string | null {
    return this.#nickname;
  }

  set nickname(nickname: string | null) {
    this.#nickname = nickname;
    this.alike = alike(nickname ?? "");
  }

  /** Whether nothing more is told. */
  get isOut(): boolean {
    return this.#isOut;
  }

  tell(line: string): void {
    if (this.#isOut || this.#isTooSlow) return;
    if (this.#waiting.length < this.#maxWaiting) {
      this.#waiting.push(line);
      this.#deliver();
      return;
    }
    this.#isTooSlow = true;
    this.#onTooSlow(this);
  }

  /** Nothing more is told after what waits, or, where that is given up, after one last line. */
  end(instead?: string): void {
    if (instead !== undefined) this.#waiting = [instead];
    this.#isOut = true;
    this.#deliver();
  }

  /** See `ChatRoom.hear`. */
  hear(): Promise<readonly string[] | null> {
    if (this.#listener !== null) {
      const message = "Cannot hear: somebody hears for this member already (EBUSY). Await one before the next.";
      return Promise.reject(new BusyResourceError(message, { code: "EBUSY" }));
    }
    return new Promise((resolve) => {
      this.#listener = resolve;
      this.#deliver();
    });
  }

  /** What waits. From now on there is nothing. */
  takeAll(): string[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  #deliver(): void {
    if (this.#listener === null || (this.#waiting.length === 0 && !this.#isOut)) return;
    this.#listener(this.#waiting.length === 0 ? null : this.takeAll());
    this.#listener = null;
  }
}

/** The same for names that look the same, or nearly. */
export function alike(nickname: string): string {
  return nickname.normalize("NFKC").toLowerCase();
}
