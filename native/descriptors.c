/* Who owns what: copies, the end, and descriptors that come from elsewhere or go there. */
#include "descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include "arguments.h"
#include "calls.h"

int make_socket_nonblocking(int descriptor) {
  int type;
  socklen_t length = sizeof type;
  if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) < 0) return -errno;
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
  return 0;
}

napi_value call_dup(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  if (!begin_call(&call, env, info, "dup") || !read_descriptor(&call, &descriptor)) return NULL;
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  const int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return answer(&call, copy);
  return answer_number(&call, environment_own(call.environment, copy));
}

napi_value call_close(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  if (!begin_call(&call, env, info, "close") || !read_descriptor(&call, &descriptor)) return NULL;
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  forget_watch(call.environment, descriptor);
  call.environment->descriptors[descriptor] = 0;
  /* Never twice: Linux has freed the number even where close() was interrupted, and it may have a new owner already. */
  if (close(descriptor) < 0 && errno != EINTR) return answer(&call, -1);
  return answer_number(&call, 0);
}

napi_value call_adopt(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  if (!begin_call(&call, env, info, "adopt") || !read_descriptor(&call, &descriptor)) return NULL;
  if (environment_owns(call.environment, descriptor)) return answer_number(&call, -EEXIST);
  const int result = make_socket_nonblocking(descriptor);
  if (result < 0) return answer_number(&call, result);
  const int flags = fcntl(descriptor, F_GETFD);
  if (flags < 0 || fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) < 0) return answer(&call, -1);
  /* Where this fails the descriptor stays with whoever offered it: it must not be closed here. */
  if (!environment_make_room(call.environment, descriptor)) return answer_number(&call, -ENOMEM);
  environment_own(call.environment, descriptor);
  return answer_number(&call, 0);
}

napi_value call_release(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  if (!begin_call(&call, env, info, "release") || !read_descriptor(&call, &descriptor)) return NULL;
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  forget_watch(call.environment, descriptor);
  call.environment->descriptors[descriptor] = 0;
  return answer_number(&call, 0);
}
