/*
 * Which descriptors are ready: one epoll set, nested in the event loop of the thread.
 *
 * libuv watches the set as if it were one descriptor. When anything in it is ready, everything that is ready goes to
 * JavaScript in one call: crossing over is what costs, not asking.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "arguments.h"
#include "calls.h"
#include "descriptors.h"

/* The most that one turn carries: what is left over comes with the next, after everything else in the loop. */
enum { MAX_EVENTS = 1024 };

/* An exception of ours, or of the callback, goes where every uncaught one goes. */
static void raise_uncaught(napi_env env) {
  bool pending = false;
  napi_value error;
  /* None is pending in a thread that is being terminated: its calls end without one. */
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
}

/* Asks which descriptors are ready and writes [slot, events] for each. Returns how many, or -1 with an exception pending. */
static int collect(struct environment *environment) {
  napi_value ready;
  void *memory = NULL;
  size_t length = 0;
  /* Looked up every time: a program can take an array's memory away (structuredClone with transfer, resize). */
  if (napi_get_reference_value(environment->env, environment->ready, &ready) != napi_ok || ready == NULL ||
      napi_get_typedarray_info(environment->env, ready, NULL, &length, &memory, NULL, NULL) != napi_ok) {
    return 0;
  }
  const size_t room = length / 2 < MAX_EVENTS ? length / 2 : MAX_EVENTS;
  if (room == 0) {
    /* Nothing can be told any more, and the set would stay ready for ever. */
    uv_poll_stop(environment->poll);
    napi_throw_error(environment->env, "ERR_INVALID_STATE",
                     "start: ready has lost its memory; nothing is watched any more");
    return -1;
  }
  struct epoll_event events[MAX_EVENTS];
  int count;
  do {
    count = epoll_wait(environment->epoll, events, (int)room, 0);
  } while (count < 0 && errno == EINTR);
  int32_t *const pairs = memory;
  for (int index = 0; index < count; index += 1) {
    pairs[2 * index] = (int32_t)events[index].data.u32;
    pairs[2 * index + 1] = (int32_t)events[index].events;
  }
  return count < 0 ? 0 : count;
}

static void tell(struct environment *environment, int count) {
  napi_env env = environment->env;
  napi_value callback;
  napi_value number;
  napi_value receiver;
  napi_value result;
  /*
   * napi_make_callback(), so that promises and process.nextTick() run before the loop goes on. Without an async context, and
   * with a new receiver each time: an AsyncLocalStorage is empty here, as a batch belongs to no single request.
   */
  if (napi_get_reference_value(env, environment->callback, &callback) != napi_ok ||
      napi_create_int32(env, count, &number) != napi_ok || napi_create_object(env, &receiver) != napi_ok) {
    return;
  }
  if (napi_make_callback(env, NULL, receiver, callback, 1, &number, &result) != napi_ok) raise_uncaught(env);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  struct environment *environment = uv_handle_get_data((uv_handle_t *)poll);
  napi_handle_scope scope;
  if (napi_open_handle_scope(environment->env, &scope) != napi_ok) return;
  const int count = collect(environment);
  if (count > 0) tell(environment, count);
  if (count < 0) raise_uncaught(environment->env);
  napi_close_handle_scope(environment->env, scope);
}

static void on_poll_closed(uv_handle_t *handle) {
  struct environment *environment = uv_handle_get_data(handle);
  /* Only now: libuv may have put off what it had to do with this descriptor. */
  close(environment->epoll);
  free(handle);
  environment_release(environment);
}

/*
 * Ends the watch. libuv hands a closed handle back from its loop only; closing it nowhere would leave the loop of a worker
 * busy, which Node answers with an abort.
 */
static void close_watch(struct environment *environment) {
  napi_delete_reference(environment->env, environment->callback);
  napi_delete_reference(environment->env, environment->ready);
  environment_hold(environment);
  uv_close((uv_handle_t *)environment->poll, on_poll_closed);
}

static void throw_state(const struct call *call, const char *what) {
  char message[64];
  snprintf(message, sizeof message, "%s: %s", call->name, what);
  napi_throw_error(call->env, "ERR_INVALID_STATE", message);
}

/* Makes the epoll set and has the loop watch it. Returns 0, or -errno with nothing left open. */
static int open_watch(struct environment *environment) {
  uv_loop_t *loop;
  if (napi_get_uv_event_loop(environment->env, &loop) != napi_ok) return -EINVAL;
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return -errno;
  /* As large as the libuv of this process has it, not the one whose headers this was compiled with. */
  uv_poll_t *poll = calloc(1, uv_handle_size(UV_POLL));
  int result = poll == NULL ? -ENOMEM : uv_poll_init(loop, poll, epoll);
  if (result < 0) {
    free(poll);
    close(epoll);
    return result;
  }
  environment->epoll = epoll;
  environment->poll = poll;
  environment_add_teardown(environment, close_watch);
  uv_handle_set_data((uv_handle_t *)poll, environment);
  /* Cannot fail for a handle that is open; and from here on the handle must be closed with the thread in any case. */
  result = uv_poll_start(poll, UV_READABLE, on_ready);
  uv_unref((uv_handle_t *)poll);
  return result;
}

napi_value call_start(napi_env env, napi_callback_info info) {
  struct call call;
  struct integers ready;
  if (!begin_call(&call, env, info, "start")) return NULL;
  struct environment *environment = call.environment;
  napi_valuetype type;
  if (napi_typeof(env, call.values[0], &type) != napi_ok || type != napi_function) {
    refuse_type(&call, 0, "callback", "a function");
    return NULL;
  }
  if (!read_integers(&call, 1, "ready", 2, &ready)) return NULL;
  if (environment->poll != NULL) {
    throw_state(&call, "has been called already in this thread");
    return NULL;
  }
  if (napi_create_reference(env, call.values[0], 1, &environment->callback) != napi_ok) return NULL;
  if (napi_create_reference(env, call.values[1], 1, &environment->ready) != napi_ok) {
    napi_delete_reference(env, environment->callback);
    return NULL;
  }
  const int result = open_watch(environment);
  if (environment->poll == NULL) {
    napi_delete_reference(env, environment->callback);
    napi_delete_reference(env, environment->ready);
  }
  return answer_number(&call, result);
}

/* Reads the call of ref() or unref(): the handle, or NULL with an exception pending. */
static uv_handle_t *begin_reference(struct call *call, napi_env env, napi_callback_info info, const char *name) {
  if (!begin_call(call, env, info, name)) return NULL;
  uv_poll_t *poll = call->environment->poll;
  if (poll == NULL) throw_state(call, "start has to be called first");
  return (uv_handle_t *)poll;
}

napi_value call_ref(napi_env env, napi_callback_info info) {
  struct call call;
  uv_handle_t *handle = begin_reference(&call, env, info, "ref");
  if (handle == NULL) return NULL;
  uv_ref(handle);
  return answer_number(&call, 0);
}

napi_value call_unref(napi_env env, napi_callback_info info) {
  struct call call;
  uv_handle_t *handle = begin_reference(&call, env, info, "unref");
  if (handle == NULL) return NULL;
  uv_unref(handle);
  return answer_number(&call, 0);
}

napi_value call_watch(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  int64_t slot;
  int64_t events;
  /* EPOLLET is the sign bit: JavaScript's `|` makes a negative number of it, and a literal a positive one. */
  if (!begin_call(&call, env, info, "watch") || !read_descriptor(&call, &descriptor) ||
      !read_number(&call, 1, "slot", 0, UINT32_MAX, &slot) ||
      !read_number(&call, 2, "events", INT32_MIN, UINT32_MAX, &events)) {
    return NULL;
  }
  struct environment *environment = call.environment;
  if (environment->poll == NULL) {
    throw_state(&call, "start has to be called first");
    return NULL;
  }
  if (!environment_owns(environment, descriptor)) return answer_number(&call, -EBADF);
  struct epoll_event event = {.events = (uint32_t)events, .data.u32 = (uint32_t)slot};
  const bool watched = (environment->descriptors[descriptor] & DESCRIPTOR_WATCHED) != 0;
  const int result = epoll_ctl(environment->epoll, watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event);
  if (result == 0) environment->descriptors[descriptor] |= DESCRIPTOR_WATCHED;
  return answer(&call, result);
}

int forget_watch(struct environment *environment, int descriptor) {
  if ((environment->descriptors[descriptor] & DESCRIPTOR_WATCHED) == 0) return 0;
  environment->descriptors[descriptor] = DESCRIPTOR_OWNED;
  return epoll_ctl(environment->epoll, EPOLL_CTL_DEL, descriptor, NULL) < 0 ? -errno : 0;
}

napi_value call_unwatch(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  if (!begin_call(&call, env, info, "unwatch") || !read_descriptor(&call, &descriptor)) return NULL;
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  return answer_number(&call, forget_watch(call.environment, descriptor));
}
