/* The two calls that most of a server's time goes to. */
#include "arguments.h"
#include "calls.h"

napi_value call_recv(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  struct bytes part;
  int flags;
  if (!begin_call(&call, env, info, "recv") || !read_descriptor(&call, &descriptor) || !read_part(&call, 1, &part) ||
      !read_flags(&call, 4, &flags)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  ssize_t received;
  do {
    received = recv(descriptor, part.data, part.length, flags | MSG_DONTWAIT);
  } while (received < 0 && errno == EINTR);
  return answer(&call, received);
}

napi_value call_send(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  struct bytes part;
  int flags;
  if (!begin_call(&call, env, info, "send") || !read_descriptor(&call, &descriptor) || !read_part(&call, 1, &part) ||
      !read_flags(&call, 4, &flags)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  ssize_t sent;
  do {
    /* MSG_NOSIGNAL: a peer that has gone is EPIPE for this connection, not SIGPIPE for the process. */
    sent = send(descriptor, part.data, part.length, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return answer(&call, sent);
}
