/* What the calls do to a descriptor besides its own work. */
#ifndef SOCKETSERVER_DESCRIPTORS_H
#define SOCKETSERVER_DESCRIPTORS_H

#include "environment.h"

/* Sees to it that no call on this socket blocks. Returns 0, or -errno: -ENOTSOCK for what is no socket, which stays as it was. */
int make_socket_nonblocking(int descriptor);

/*
 * readiness.c: takes a watched descriptor out of the epoll set. Returns 0, or -errno.
 *
 * Closing alone is not enough: where a copy of the descriptor lives on (dup(), another process), the set would go on
 * telling of it, under a slot that has another owner by then.
 */
int forget_watch(struct environment *environment, int descriptor);

#endif
