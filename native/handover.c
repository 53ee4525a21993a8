/*
 * The only thing that environments share: a descriptor given to another one belongs to it from that moment on, whether or not
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

/* The environment can be given nothing any more; closes what it was given and has not taken. */
static void end_handover(struct environment *environment) {
  pthread_mutex_lock(&lock);
  for (struct environment **link = &first; *link != NULL; link = &(*link)->next) {
    if (*link != environment) continue;
    *link = environment->next;
    break;
  }
  pthread_mutex_unlock(&lock);
  for (size_t index = 0; index < environment->given_count; index += 1) close(environment->given[index]);
  free(environment->given);
  environment->given = NULL;
  environment->given_count = 0;
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
  if (environment->given_count < environment->given_capacity) return true;
  const size_t capacity = environment->given_capacity == 0 ? 16 : 2 * environment->given_capacity;
  int *given = realloc(environment->given, capacity * sizeof *given);
  if (given == NULL) return false;
  environment->given = given;
  environment->given_capacity = capacity;
  return true;
}

napi_value call_environment(napi_env env, napi_callback_info info) {
  struct call call;
  if (!begin_call(&call, env, info, "environment")) return NULL;
  return answer_number(&call, (int)call.environment->number);
}

napi_value call_give(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  int number;
  if (!begin_call(&call, env, info, "give") || !read_descriptor(&call, &descriptor) ||
      !read_integer(&call, 1, "environment", 1, &number)) {
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
    target->given[target->given_count] = descriptor;
    target->given_count += 1;
  }
  pthread_mutex_unlock(&lock);
  return answer_number(&call, result);
}

/* Under the lock: takes what was given, for which there is room then. Only such a number is worth any memory. */
static int take(struct environment *environment, int descriptor) {
  for (size_t index = 0; index < environment->given_count; index += 1) {
    if (environment->given[index] != descriptor) continue;
    /* Where this fails it stays with what was given, and is closed with it. */
    if (!environment_make_room(environment, descriptor)) return -ENOMEM;
    environment->given_count -= 1;
    environment->given[index] = environment->given[environment->given_count];
    return 0;
  }
  return -EBADF;
}

napi_value call_take(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  if (!begin_call(&call, env, info, "take") || !read_descriptor(&call, &descriptor)) return NULL;
  pthread_mutex_lock(&lock);
  const int result = take(call.environment, descriptor);
  pthread_mutex_unlock(&lock);
  if (result == 0) environment_own(call.environment, descriptor);
  return answer_number(&call, result);
}
