/* Making sockets, and what is asked and said of them. */
#include <unistd.h>

#include "arguments.h"
#include "calls.h"

static const int MADE_WITH = SOCK_NONBLOCK | SOCK_CLOEXEC;

napi_value call_socket(napi_env env, napi_callback_info info) {
  struct call call;
  int family;
  int type;
  int protocol;
  if (!begin_call(&call, env, info, "socket") || !read_integer(&call, 0, "family", INT32_MIN, &family) ||
      !read_integer(&call, 1, "type", INT32_MIN, &type) || !read_integer(&call, 2, "protocol", INT32_MIN, &protocol)) {
    return NULL;
  }
  const int descriptor = socket(family, type | MADE_WITH, protocol);
  if (descriptor < 0) return answer(&call, descriptor);
  return answer_number(&call, environment_own(call.environment, descriptor));
}

napi_value call_socketpair(napi_env env, napi_callback_info info) {
  struct call call;
  int family;
  int type;
  int protocol;
  struct integers out;
  if (!begin_call(&call, env, info, "socketpair") || !read_integer(&call, 0, "family", INT32_MIN, &family) ||
      !read_integer(&call, 1, "type", INT32_MIN, &type) || !read_integer(&call, 2, "protocol", INT32_MIN, &protocol) ||
      !read_integers(&call, 3, "out", 2, &out)) {
    return NULL;
  }
  int pair[2];
  if (socketpair(family, type | MADE_WITH, protocol, pair) < 0) return answer(&call, -1);
  /* Room for both before either is owned: otherwise the first would be left over when the second fails. */
  const int higher = pair[0] > pair[1] ? pair[0] : pair[1];
  if (!environment_make_room(call.environment, higher)) {
    close(pair[0]);
    close(pair[1]);
    return answer_number(&call, -ENOMEM);
  }
  for (size_t end = 0; end < 2; end += 1) out.data[end] = environment_own(call.environment, pair[end]);
  return answer_number(&call, 0);
}

napi_value call_bind(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  struct address address;
  if (!begin_call(&call, env, info, "bind") || !read_descriptor(&call, &descriptor) || !read_address(&call, 1, &address)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  return answer(&call, bind(descriptor, (const struct sockaddr *)&address.storage, address.length));
}

napi_value call_listen(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  int backlog;
  if (!begin_call(&call, env, info, "listen") || !read_descriptor(&call, &descriptor) ||
      !read_integer(&call, 1, "backlog", INT32_MIN, &backlog)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  return answer(&call, listen(descriptor, backlog));
}

napi_value call_connect(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  struct address address;
  if (!begin_call(&call, env, info, "connect") || !read_descriptor(&call, &descriptor) ||
      !read_address(&call, 1, &address)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  const int result = connect(descriptor, (const struct sockaddr *)&address.storage, address.length);
  /* An interrupted connect() goes on by itself, and a second one would be told EALREADY. */
  if (result < 0 && errno == EINTR) return answer_number(&call, -EINPROGRESS);
  return answer(&call, result);
}

napi_value call_accept(napi_env env, napi_callback_info info) {
  struct call call;
  int listener;
  struct bytes out;
  if (!begin_call(&call, env, info, "accept") || !read_descriptor(&call, &listener) ||
      !read_room(&call, 1, "address", ADDRESS_SIZE, &out)) {
    return NULL;
  }
  if (!environment_owns(call.environment, listener)) return answer_number(&call, -EBADF);
  struct address address;
  int descriptor;
  do {
    address.length = sizeof address.storage;
    descriptor = accept4(listener, (struct sockaddr *)&address.storage, &address.length, MADE_WITH);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return answer(&call, descriptor);
  write_address(&address, out.data);
  return answer_number(&call, environment_own(call.environment, descriptor));
}

napi_value call_shutdown(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  int how;
  if (!begin_call(&call, env, info, "shutdown") || !read_descriptor(&call, &descriptor) ||
      !read_integer(&call, 1, "how", INT32_MIN, &how)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  return answer(&call, shutdown(descriptor, how));
}

/* getsockname() and getpeername() differ in nothing but which end they ask for. */
static napi_value name_of(napi_env env, napi_callback_info info, const char *name,
                          int (*ask)(int, struct sockaddr *, socklen_t *)) {
  struct call call;
  int descriptor;
  struct bytes out;
  if (!begin_call(&call, env, info, name) || !read_descriptor(&call, &descriptor) ||
      !read_room(&call, 1, "address", ADDRESS_SIZE, &out)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  struct address address = {.length = sizeof address.storage};
  const int result = ask(descriptor, (struct sockaddr *)&address.storage, &address.length);
  if (result == 0) write_address(&address, out.data);
  return answer(&call, result);
}

napi_value call_getsockname(napi_env env, napi_callback_info info) {
  return name_of(env, info, "getsockname", getsockname);
}

napi_value call_getpeername(napi_env env, napi_callback_info info) {
  return name_of(env, info, "getpeername", getpeername);
}

napi_value call_getsockopt(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  int level;
  int option;
  struct bytes out;
  if (!begin_call(&call, env, info, "getsockopt") || !read_descriptor(&call, &descriptor) ||
      !read_integer(&call, 1, "level", INT32_MIN, &level) || !read_integer(&call, 2, "option", INT32_MIN, &option) ||
      !read_bytes(&call, 3, "buffer", &out)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  socklen_t length = out.length < INT32_MAX ? (socklen_t)out.length : INT32_MAX;
  const int result = getsockopt(descriptor, level, option, out.data, &length);
  return answer(&call, result < 0 ? result : (ssize_t)length);
}

napi_value call_setsockopt(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  int level;
  int option;
  struct bytes value;
  size_t length;
  if (!begin_call(&call, env, info, "setsockopt") || !read_descriptor(&call, &descriptor) ||
      !read_integer(&call, 1, "level", INT32_MIN, &level) || !read_integer(&call, 2, "option", INT32_MIN, &option) ||
      !read_bytes(&call, 3, "buffer", &value) ||
      !read_size(&call, 4, "length", value.length < INT32_MAX ? value.length : INT32_MAX, &length)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  return answer(&call, setsockopt(descriptor, level, option, value.data, (socklen_t)length));
}
