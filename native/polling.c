/* Waiting for readiness without the event loop: what makes a socket of a worker thread block. */
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "arguments.h"
#include "calls.h"

/* A caller's entry: descriptor, events, revents. */
enum { ENTRY_SIZE = 3 };

/* Where the events stand in an entry, and the greatest set of them that the system can be given. */
enum { EVENTS = 1, MAX_EVENTS = INT16_MAX };

/* Up to here no memory is needed: a blocking call waits for one descriptor, or two. */
enum { FEW = 64 };

static const long NANOSECONDS = 1000000000;

static struct timespec now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time;
}

static struct timespec after(struct timespec time, int milliseconds) {
  time.tv_sec += milliseconds / 1000;
  time.tv_nsec += (milliseconds % 1000) * 1000000L;
  if (time.tv_nsec >= NANOSECONDS) {
    time.tv_sec += 1;
    time.tv_nsec -= NANOSECONDS;
  }
  return time;
}

/* The time until then, or none when that has passed. */
static struct timespec until(struct timespec deadline) {
  const struct timespec present = now();
  struct timespec left = {deadline.tv_sec - present.tv_sec, deadline.tv_nsec - present.tv_nsec};
  if (left.tv_nsec < 0) {
    left.tv_sec -= 1;
    left.tv_nsec += NANOSECONDS;
  }
  return left.tv_sec < 0 ? (struct timespec){0, 0} : left;
}

/* poll(), which a signal does not end: every profiler and every child that exits sends one. */
static int wait_for(struct pollfd *entries, size_t count, int milliseconds) {
  struct timespec deadline = {0, 0};
  if (milliseconds > 0) deadline = after(now(), milliseconds);
  struct timespec left = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};
  for (;;) {
    const int result = ppoll(entries, count, milliseconds < 0 ? NULL : &left, NULL);
    if (result >= 0 || errno != EINTR) return result;
    if (milliseconds > 0) left = until(deadline);
  }
}

/* Makes the system's entries of the caller's; false, with an exception pending, where one asks for what are no events. */
static bool fill_entries(const struct call *call, struct pollfd *asked, const int32_t *entries, size_t count) {
  for (size_t index = 0; index < count; index += 1) {
    const int32_t *entry = entries + index * ENTRY_SIZE;
    const int32_t events = entry[EVENTS];
    if (events < 0 || events > MAX_EVENTS) {
      refuse_element(call, "entries", index * ENTRY_SIZE + EVENTS, "a set of POLL events", events);
      return false;
    }
    asked[index] = (struct pollfd){.fd = entry[0], .events = (short)events};
  }
  return true;
}

static bool owns_all(const struct environment *environment, const struct pollfd *asked, size_t count) {
  for (size_t index = 0; index < count; index += 1) {
    if (!environment_owns(environment, asked[index].fd)) return false;
  }
  return true;
}

napi_value call_poll(napi_env env, napi_callback_info info) {
  struct call call;
  struct integers entries;
  size_t count;
  int milliseconds;
  if (!begin_call(&call, env, info, "poll") || !read_integers(&call, 0, "entries", 0, &entries) ||
      !read_size(&call, 1, "count", entries.length / ENTRY_SIZE, &count) ||
      !read_integer(&call, 2, "timeoutMilliseconds", -1, &milliseconds)) {
    return NULL;
  }
  struct pollfd few[FEW];
  struct pollfd *asked = count <= FEW ? few : malloc(count * sizeof *asked);
  if (asked == NULL) return answer_number(&call, -ENOMEM);
  napi_value number = NULL;
  if (fill_entries(&call, asked, entries.data, count)) {
    int ready = -1;
    errno = EBADF;
    if (owns_all(call.environment, asked, count)) ready = wait_for(asked, count, milliseconds);
    number = answer(&call, ready);
    for (size_t index = 0; ready >= 0 && index < count; index += 1) {
      entries.data[index * ENTRY_SIZE + 2] = asked[index].revents;
    }
  }
  if (asked != few) free(asked);
  return number;
}
