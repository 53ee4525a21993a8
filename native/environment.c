#include "environment.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

void environment_add_teardown(struct environment *environment, teardown *run) {
  assert(environment->teardown_count < MAX_TEARDOWNS);
  environment->teardowns[environment->teardown_count] = run;
  environment->teardown_count += 1;
}

void environment_hold(struct environment *environment) { environment->holds += 1; }

void environment_release(struct environment *environment) {
  environment->holds -= 1;
  if (environment->holds > 0) return;
  const napi_async_cleanup_hook_handle cleanup = environment->cleanup;
  free(environment->descriptors);
  free(environment);
  /* The last step: with it, Node goes on with the end of the thread. */
  napi_remove_async_cleanup_hook(cleanup);
}

/*
 * The thread ends, by itself or by worker.terminate(): no JavaScript runs any more.
 *
 * An asynchronous hook, because a teardown may need the loop: Node turns the loop until the hook is removed.
 */
static void on_cleanup(napi_async_cleanup_hook_handle cleanup, void *data) {
  (void)cleanup;
  struct environment *environment = data;
  for (size_t index = 0; index < environment->teardown_count; index += 1) environment->teardowns[index](environment);
  close_descriptors(environment);
  environment_release(environment);
}

struct environment *environment_create(napi_env env) {
  struct environment *environment = calloc(1, sizeof *environment);
  if (environment == NULL) return NULL;
  environment->env = env;
  environment->holds = 1;
  environment->epoll = -1;
  environment->capacity = FIRST_CAPACITY;
  environment->descriptors = calloc(FIRST_CAPACITY, sizeof *environment->descriptors);
  if (environment->descriptors == NULL ||
      napi_add_async_cleanup_hook(env, on_cleanup, environment, &environment->cleanup) != napi_ok) {
    free(environment->descriptors);
    free(environment);
    return NULL;
  }
  return environment;
}
