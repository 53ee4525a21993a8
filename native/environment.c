#include "environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handover.h"

/* Room for most programs from the start; doubled when a higher descriptor comes. */
static const size_t FIRST_CAPACITY = 1024;

bool environment_make_room(struct environment *environment, int descriptor) {
  if (descriptor < 0) return false;
  const size_t needed = (size_t)descriptor + 1;
  if (needed <= environment->capacity) return true;
  size_t capacity = environment->capacity;
  while (capacity < needed) capacity *= 2;
  uint8_t *descriptors = realloc(environment->descriptors, capacity);
  if (descriptors == NULL) return false;
  memset(descriptors + environment->capacity, 0, capacity - environment->capacity);
  environment->descriptors = descriptors;
  environment->capacity = capacity;
  return true;
}

int environment_own(struct environment *environment, int descriptor) {
  if (!environment_make_room(environment, descriptor)) {
    close(descriptor);
    return -ENOMEM;
  }
  environment->descriptors[descriptor] = DESCRIPTOR_OWNED;
  return descriptor;
}

static void close_descriptors(struct environment *environment) {
  for (size_t descriptor = 0; descriptor < environment->capacity; descriptor += 1) {
    if (environment->descriptors[descriptor] != 0) close((int)descriptor);
  }
}

static void free_environment(struct environment *environment) {
  const napi_async_cleanup_hook_handle cleanup = environment->cleanup;
  free(environment->descriptors);
  free(environment);
  /* The last step: with it, Node goes on with the end of the thread. */
  napi_remove_async_cleanup_hook(cleanup);
}

static void on_poll_closed(uv_handle_t *handle) {
  struct environment *environment = uv_handle_get_data(handle);
  /* Only now: libuv may have put off what it had to do with this descriptor. */
  close(environment->epoll);
  free(handle);
  free_environment(environment);
}

/*
 * The thread ends, by itself or by worker.terminate(): no JavaScript runs any more.
 *
 * An asynchronous hook, because libuv hands a closed handle back from its loop only: Node turns the loop until the hook is
 * removed. Closing it nowhere would leave the loop of a worker busy, which Node answers with an abort.
 */
static void on_cleanup(napi_async_cleanup_hook_handle cleanup, void *data) {
  (void)cleanup;
  struct environment *environment = data;
  handover_end(environment);
  close_descriptors(environment);
  if (environment->poll == NULL) {
    free_environment(environment);
    return;
  }
  napi_delete_reference(environment->env, environment->callback);
  napi_delete_reference(environment->env, environment->ready);
  uv_close((uv_handle_t *)environment->poll, on_poll_closed);
}

struct environment *environment_create(napi_env env) {
  struct environment *environment = calloc(1, sizeof *environment);
  if (environment == NULL) return NULL;
  environment->env = env;
  environment->epoll = -1;
  environment->capacity = FIRST_CAPACITY;
  environment->descriptors = calloc(FIRST_CAPACITY, sizeof *environment->descriptors);
  if (environment->descriptors == NULL ||
      napi_add_async_cleanup_hook(env, on_cleanup, environment, &environment->cleanup) != napi_ok) {
    free(environment->descriptors);
    free(environment);
    return NULL;
  }
  handover_begin(environment);
  return environment;
}
