/**
 * Numbers of the system calls, as Linux has them on every processor, and what else every caller of them needs.
 *
 * Constants of JavaScript, and not read from the addon (which has them as well, and a test that compares): they stand in
 * the way of every message.
 *
 * @module
 */

/** Something to read, or to accept. */
export const EPOLLIN = 0x1;
/** Urgent bytes. */
export const EPOLLPRI = 0x2;
/** Room to write. */
export const EPOLLOUT = 0x4;
/** The connection has failed. */
export const EPOLLERR = 0x8;
/** Both directions have ended. */
export const EPOLLHUP = 0x10;
/** The peer has ended its sending. */
export const EPOLLRDHUP = 0x2000;
/** Events tell of changes, once. */
export const EPOLLET = 1 << 31;

/** The same for `poll()`. */
export const POLLIN = EPOLLIN;
export const POLLPRI = EPOLLPRI;
export const POLLOUT = EPOLLOUT;
/** Anything that lets a waiting call return. */
export const POLL_FAILED = EPOLLERR | EPOLLHUP;

/** `struct linger` that makes `close()` send a reset: on, for 0 seconds. */
export const RESET_ON_CLOSE: Uint8Array = Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0]);
/** How often a Unix socket tries again of whose peer's queue or backlog the system tells nothing, in milliseconds. */
export const RETRY_TIME = 10;

/** Results of calls: it would have had to wait. */
export const EAGAIN = -11;
/** The call makes no sense for this socket. */
export const EINVAL = -22;

/** More follows at once: the system may wait for it. */
export const MSG_MORE = 0x8000;
