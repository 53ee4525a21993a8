/*
 * What one JavaScript environment (the main thread, or one worker) has in this addon: the descriptors that it owns, and its
 * readiness watch. Nothing of it is touched by another thread, but for what others give it (handover.h): so no other call
 * needs a lock.
 */
#ifndef SOCKETSERVER_ENVIRONMENT_H
#define SOCKETSERVER_ENVIRONMENT_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* What is known of a descriptor, as bits. Zero: it belongs to somebody else, or is not open. */
enum { DESCRIPTOR_OWNED = 1, DESCRIPTOR_WATCHED = 2 };

struct environment;

/* What a part of the addon has to undo when its environment ends. Runs in the thread of the environment, without JavaScript. */
typedef void teardown(struct environment *environment);

/* handover.c and readiness.c have one each. */
enum { MAX_TEARDOWNS = 2 };

struct environment {
  napi_env env;
  napi_async_cleanup_hook_handle cleanup;

  /* Run in this order when the environment ends; it is freed when nothing holds it any more. */
  teardown *teardowns[MAX_TEARDOWNS];
  size_t teardown_count;
  size_t holds;

  /* Indexed by descriptor: the system gives out the lowest free number, so that this stays as small as there are descriptors. */
  uint8_t *descriptors;
  size_t capacity;

  /* handover.c, under its lock: the number by which others name this environment, and what they have given it. */
  uint32_t number;
  struct environment *next;
  int *transferred;
  size_t transferred_count;
  size_t transferred_capacity;

  /* The readiness watch: -1, NULL, NULL, NULL before start(). The libuv handle is on the heap, as only libuv knows its size. */
  int epoll;
  uv_poll_t *poll;
  napi_ref callback;
  napi_ref ready;
};

/* Makes the environment and has it torn down with its thread; NULL where that fails. */
struct environment *environment_create(napi_env env);

/* Has a callback run when the environment ends, after those that were added before; at most MAX_TEARDOWNS. */
void environment_add_teardown(struct environment *environment, teardown *run);

/* Keeps the memory of an environment that ends, for a teardown that finishes later. Each hold needs one release. */
void environment_hold(struct environment *environment);

/* Ends a hold; the last one frees the environment. */
void environment_release(struct environment *environment);

static inline bool environment_owns(const struct environment *environment, int descriptor) {
  return descriptor >= 0 && (size_t)descriptor < environment->capacity &&
         (environment->descriptors[descriptor] & DESCRIPTOR_OWNED) != 0;
}

/*
 * Notes that a descriptor just made belongs to this environment. Returns the descriptor; or -ENOMEM, after having closed it:
 * a descriptor that nobody remembers would never be closed.
 */
int environment_own(struct environment *environment, int descriptor);

/* Whether the descriptor can be noted without further memory; makes room for it. For adopt(), which must not close on failure. */
bool environment_make_room(struct environment *environment, int descriptor);

#endif
