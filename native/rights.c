/* Descriptors that travel in messages (SCM_RIGHTS): how a socket gets to another thread or process. */
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "calls.h"
#include "descriptors.h"

/* The system's own bound of one message (SCM_MAX_FD), which no header tells. */
enum { MAX_TRAVELLERS = 253 };

/* A message that carries the sender's process as a descriptor too; older headers do not know it. */
#ifndef SCM_PIDFD
#define SCM_PIDFD 0x04
#endif

union travellers {
  char bytes[CMSG_SPACE(MAX_TRAVELLERS * sizeof(int))];
  struct cmsghdr aligned;
};

napi_value call_sendmsg(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  struct bytes part;
  int flags;
  struct integers descriptors;
  if (!begin_call(&call, env, info, "sendmsg") || !read_descriptor(&call, &descriptor) || !read_part(&call, 1, &part) ||
      !read_flags(&call, 4, &flags) || !read_integers(&call, 5, "descriptors", 0, &descriptors)) {
    return NULL;
  }
  if (descriptors.length > MAX_TRAVELLERS) {
    refuse_element(&call, "descriptors", MAX_TRAVELLERS, "the end: one message carries 253",
                   descriptors.data[MAX_TRAVELLERS]);
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  struct iovec vector = {.iov_base = part.data, .iov_len = part.length};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  union travellers control;
  if (descriptors.length > 0) {
    const size_t size = descriptors.length * sizeof(int);
    memset(&control, 0, CMSG_SPACE(size));
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(size);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    for (size_t index = 0; index < descriptors.length; index += 1) {
      const int traveller = descriptors.data[index];
      /* The stranger's descriptor must not leave by this door either. */
      if (!environment_owns(call.environment, traveller)) return answer_number(&call, -EBADF);
      memcpy(CMSG_DATA(header) + index * sizeof traveller, &traveller, sizeof traveller);
    }
  }
  ssize_t sent;
  do {
    sent = sendmsg(descriptor, &message, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return answer(&call, sent);
}

/* Where received descriptors go: as many as the caller has room for. */
struct arrivals {
  struct environment *environment;
  struct integers out;
  size_t count;
  bool cut;
};

/* A descriptor that arrived is ours already: what cannot be handed on is closed, or it would stay open for ever. */
static void take(struct arrivals *arrivals, int descriptor) {
  if (arrivals->count == arrivals->out.length) {
    close(descriptor);
    arrivals->cut = true;
    return;
  }
  if (environment_own(arrivals->environment, descriptor) < 0) {
    arrivals->cut = true;
    return;
  }
  /* A listener from a program that blocks would block this thread. What is no socket is left as it is. */
  make_socket_nonblocking(descriptor);
  arrivals->out.data[arrivals->count] = descriptor;
  arrivals->count += 1;
}

static void take_all(struct arrivals *arrivals, struct msghdr *message) {
  for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type != SCM_RIGHTS && header->cmsg_type != SCM_PIDFD) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < count; index += 1) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(header) + index * sizeof descriptor, sizeof descriptor);
      if (header->cmsg_type == SCM_RIGHTS) {
        take(arrivals, descriptor);
      } else if (descriptor >= 0) {
        close(descriptor);
      }
    }
  }
}

napi_value call_recvmsg(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  struct bytes part;
  int flags;
  struct integers descriptors;
  struct integers result;
  if (!begin_call(&call, env, info, "recvmsg") || !read_descriptor(&call, &descriptor) || !read_part(&call, 1, &part) ||
      !read_flags(&call, 4, &flags) || !read_integers(&call, 5, "descriptors", 0, &descriptors) ||
      !read_integers(&call, 6, "result", 2, &result)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  struct iovec vector = {.iov_base = part.data, .iov_len = part.length};
  /*
   * Always room for all that a message can carry, and then some: a smaller one would be filled by what comes before the
   * descriptors (credentials, time stamps), and its padding by one descriptor more than was asked for.
   */
  struct {
    union travellers travellers;
    union travellers others;
  } control;
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control};
  ssize_t received;
  do {
    message.msg_controllen = sizeof control;
    received = recvmsg(descriptor, &message, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  if (received < 0) return answer(&call, received);
  struct arrivals arrivals = {.environment = call.environment, .out = descriptors};
  take_all(&arrivals, &message);
  result.data[0] = (int32_t)arrivals.count;
  result.data[1] = message.msg_flags | (arrivals.cut ? MSG_CTRUNC : 0);
  return answer(&call, received);
}
