/* Descriptors on their way from one thread of this process to another. */
#ifndef SOCKETSERVER_HANDOVER_H
#define SOCKETSERVER_HANDOVER_H

#include "environment.h"

/* Makes the environment known, so that it can be given descriptors. */
void handover_begin(struct environment *environment);

/* It can be given nothing any more; closes what it was given and has not taken. */
void handover_end(struct environment *environment);

#endif
