/*
 * The only thing that environments share: a descriptor transferred to another one belongs to it from that moment on, whether or not
 * it ever takes it. So there is no moment in which the descriptor has two owners, or none, however the threads end.
 */
#include "handover.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "arguments.h"
#include "calls.h"
#include "descriptors.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Under the lock: the environments that live, and the number that the last one got. */
static struct environment *first;
static uint32_t last_number;

/* The environment can be transferred nothing any more; closes what it was transferred and has not taken. */
static void end_handover(struct environment *environment) {
  pthread_mutex_lock(&lock);
  for (struct environment **link = &first; *link != NULL; link = &(*link)->next) {
    if (*link != environment) continue;
    *link = environment->next;
    break;
  }
  pthread_mutex_unlock(&lock);
  for (size_t index = 0; index < environment->transferred_count; index += 1) close(environment->transferred[index]);
  free(environment->transferred);
  environment->transferred = NULL;
  environment->transferred_count = 0;
}

void handover_begin(struct environment *environment) {
  pthread_mutex_lock(&lock);
  environment->number = ++last_number;
  environment->next = first;
  first = environment;
  pthread_mutex_unlock(&lock);
  environment_add_teardown(environment, end_handover);
}

/* Under the lock. */
static struct environment *find(uint32_t number) {
  struct environment *environment = first;
  while (environment != NULL && environment->number != number) environment = environment->next;
  return environment;
}

/* Under the lock. */
static bool make_room_for_one(struct environment *environment) {
  if (environment->transferred_count < environment->transferred_capacity) return true;
  const size_t capacity = environment->transferred_capacity == 0 ? 16 : 2 * environment->transferred_capacity;
  int *transferred = realloc(environment->transferred, capacity * sizeof *transferred);
  if (transferred == NULL) return false;
  environment->transferred = transferred;
  environment->transferred_capacity = capacity;
  return true;
}

napi_value call_owner_id(napi_env env, napi_callback_info info) {
  struct call call;
  if (!begin_call(&call, env, info, "ownerId")) return NULL;
  return answer_number(&call, (int)call.environment->number);
}

napi_value call_transfer(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  int number;
  if (!begin_call(&call, env, info, "transfer") || !read_descriptor(&call, &descriptor) ||
      !read_integer(&call, 1, "owner", 1, &number)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  int result = 0;
  pthread_mutex_lock(&lock);
  struct environment *target = find((uint32_t)number);
  if (target == NULL) {
    result = -ESRCH;
  } else if (!make_room_for_one(target)) {
    result = -ENOMEM;
  } else {
    forget_watch(call.environment, descriptor);
    call.environment->descriptors[descriptor] = 0;
    target->transferred[target->transferred_count] = descriptor;
    target->transferred_count += 1;
  }
  pthread_mutex_unlock(&lock);
  return answer_number(&call, result);
}

/* Under the lock: takes what was transferred, for which there is room then. Only such a number is worth any memory. */
static int claim(struct environment *environment, int descriptor) {
  for (size_t index = 0; index < environment->transferred_count; index += 1) {
    if (environment->transferred[index] != descriptor) continue;
    /* Where this fails it stays with what was transferred, and is closed with it. */
    if (!environment_make_room(environment, descriptor)) return -ENOMEM;
    environment->transferred_count -= 1;
    environment->transferred[index] = environment->transferred[environment->transferred_count];
    return 0;
  }
  return -EBADF;
}

napi_value call_claim(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  if (!begin_call(&call, env, info, "claim") || !read_descriptor(&call, &descriptor)) return NULL;
  pthread_mutex_lock(&lock);
  const int result = claim(call.environment, descriptor);
  pthread_mutex_unlock(&lock);
  if (result == 0) environment_own(call.environment, descriptor);
  return answer_number(&call, result);
}
