/* Descriptors on their way from one thread of this process to another. */
#ifndef SOCKETSERVER_HANDOVER_H
#define SOCKETSERVER_HANDOVER_H

#include "environment.h"

/* Makes the environment known until it ends, so that it can be given descriptors. */
void handover_begin(struct environment *environment);

#endif
