/**
 * {@link PollTarget}: the receiver of readiness events for one descriptor.
 *
 * @module
 */

/** Somebody whose descriptor is watched. */
export interface PollTarget {
  /** -1 when it was closed or given away. */
  readonly descriptor: number;
  /** How many bytes of a stream are to be received for somebody who waits for them, at most; 0 where {@link onReady} comes. */
  wantedBytes(events: number): number;
  /** They were received: or, as a number, what `recv` has answered in their place. @param room for how many there was room. */
  onReceived(received: Buffer | number, room: number): void;
  /** The descriptor is ready: `EPOLLIN` and the like. */
  onReady(events: number): void;
}
