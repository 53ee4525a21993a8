/*
 * The module as JavaScript sees it. What the calls mean stands in src/core/transport/native/addon.ts; what they have in common:
 *
 * - A call returns a number: 0 or more is the system's answer, less is -errno. Nothing is thrown for what the system refuses,
 *   as "would block" is the most frequent answer of all. Wrong arguments are thrown: they are mistakes in the program.
 * - Nothing blocks but poll() and recvBlocking(). A call that a signal interrupts is made again.
 * - A descriptor that the calling environment does not own is -EBADF, so that no mistake can close or read what belongs to
 *   Node or to another thread.
 */
#include <poll.h>
#include <sys/epoll.h>

#include "arguments.h"
#include "calls.h"
#include "handover.h"

static const struct {
  const char *name;
  napi_callback call;
} CALLS[] = {
    {"socket", call_socket},
    {"socketpair", call_socketpair},
    {"bind", call_bind},
    {"listen", call_listen},
    {"connect", call_connect},
    {"accept", call_accept},
    {"shutdown", call_shutdown},
    {"getsockname", call_getsockname},
    {"getpeername", call_getpeername},
    {"getsockopt", call_getsockopt},
    {"setsockopt", call_setsockopt},
    {"recv", call_recv},
    {"recvmany", call_recvmany},
    {"setblocking", call_setblocking},
    {"recvBlocking", call_recv_blocking},
    {"send", call_send},
    {"sendmany", call_sendmany},
    {"recvfrom", call_recvfrom},
    {"sendto", call_sendto},
    {"recvmmsg", call_recvmmsg},
    {"sendmmsg", call_sendmmsg},
    {"sendmsg", call_sendmsg},
    {"recvmsg", call_recvmsg},
    {"dup", call_dup},
    {"close", call_close},
    {"adopt", call_adopt},
    {"release", call_release},
    {"ownerId", call_owner_id},
    {"transfer", call_transfer},
    {"claim", call_claim},
    {"start", call_start},
    {"ref", call_ref},
    {"unref", call_unref},
    {"watch", call_watch},
    {"unwatch", call_unwatch},
    {"poll", call_poll},
};

static const struct {
  const char *name;
  uint32_t value;
} CONSTANTS[] = {
    {"ADDRESS_SIZE", ADDRESS_SIZE}, {"EPOLLIN", EPOLLIN},       {"EPOLLOUT", EPOLLOUT}, {"EPOLLRDHUP", EPOLLRDHUP},
    {"EPOLLPRI", EPOLLPRI},         {"EPOLLERR", EPOLLERR},     {"EPOLLHUP", EPOLLHUP}, {"EPOLLET", (uint32_t)EPOLLET},
    {"POLLIN", POLLIN},             {"POLLOUT", POLLOUT},       {"POLLPRI", POLLPRI},   {"POLLERR", POLLERR},
    {"POLLHUP", POLLHUP},           {"POLLNVAL", POLLNVAL},
};

static bool define_calls(napi_env env, napi_value exports, struct environment *environment) {
  for (size_t index = 0; index < sizeof CALLS / sizeof CALLS[0]; index += 1) {
    const char *const name = CALLS[index].name;
    napi_value function;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, CALLS[index].call, environment, &function) != napi_ok ||
        napi_set_named_property(env, exports, name, function) != napi_ok) {
      return false;
    }
  }
  return true;
}

static bool define_constants(napi_env env, napi_value exports) {
  napi_value constants;
  if (napi_create_object(env, &constants) != napi_ok) return false;
  for (size_t index = 0; index < sizeof CONSTANTS / sizeof CONSTANTS[0]; index += 1) {
    napi_value value;
    if (napi_create_uint32(env, CONSTANTS[index].value, &value) != napi_ok ||
        napi_set_named_property(env, constants, CONSTANTS[index].name, value) != napi_ok) {
      return false;
    }
  }
  return napi_set_named_property(env, exports, "constants", constants) == napi_ok;
}

/* Runs once for every environment that loads the addon. */
NAPI_MODULE_INIT() {
  struct environment *environment = environment_create(env);
  if (environment == NULL) {
    napi_throw_error(env, "ENOMEM", "Cannot load the native transport: no memory for its table of descriptors");
    return NULL;
  }
  handover_begin(environment);
  /* Where this fails, Node throws; the environment is freed with the thread. */
  return define_calls(env, exports, environment) && define_constants(env, exports) ? exports : NULL;
}
