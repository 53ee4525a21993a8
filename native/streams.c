/* The calls that most of a server's time goes to. */
#include <fcntl.h>
#include <sys/time.h>

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

/* Nothing can end such a wait early, and so nothing the thread that waits. */
enum { MAX_BLOCKING = 1000 };

napi_value call_setblocking(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  size_t milliseconds;
  if (!begin_call(&call, env, info, "setblocking") || !read_descriptor(&call, &descriptor) ||
      !read_size(&call, 1, "milliseconds", MAX_BLOCKING, &milliseconds)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  /* A time of 0 is the system's own "for ever", which only counts where the descriptor may block at all. */
  const struct timeval time = {(time_t)(milliseconds / 1000), (suseconds_t)(milliseconds % 1000) * 1000};
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return answer(&call, -1);
  const int wanted = milliseconds == 0 ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) < 0) return answer(&call, -1);
  return answer(&call, fcntl(descriptor, F_SETFL, wanted));
}

/* Of a descriptor that may block; the one call beside poll() that does. */
napi_value call_recv_blocking(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  struct bytes part;
  if (!begin_call(&call, env, info, "recvBlocking") || !read_descriptor(&call, &descriptor) ||
      !read_part(&call, 1, &part)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  ssize_t received;
  do {
    received = recv(descriptor, part.data, part.length, 0);
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
