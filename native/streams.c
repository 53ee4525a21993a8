/* The calls that most of a server's time goes to. */
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "arguments.h"
#include "calls.h"

/*
 * recv() and send() as the C library has them are points at which a thread may be cancelled, which costs each of them four atomic
 * operations. Threads of Node are never cancelled.
 */
static ssize_t receive(int descriptor, void *data, size_t length, int flags) {
  ssize_t received;
  do {
    received = syscall(SYS_recvfrom, descriptor, data, length, flags, NULL, NULL);
  } while (received < 0 && errno == EINTR);
  return received;
}

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
  return answer(&call, receive(descriptor, part.data, part.length, flags | MSG_DONTWAIT));
}

/* Of each stream: its descriptor, the most that it may give, and what recv() has answered. */
enum { ENTRY = 3 };

/* Receives for one of them. Returns how many bytes have come. */
static size_t receive_for(const struct environment *environment, int32_t *entry, int32_t room, uint8_t *data) {
  const int32_t descriptor = entry[0];
  entry[1] = room;
  if (!environment_owns(environment, descriptor)) {
    entry[2] = -EBADF;
    return 0;
  }
  const ssize_t received = receive(descriptor, data, (size_t)room, MSG_DONTWAIT);
  entry[2] = received < 0 ? -errno : (int32_t)received;
  return received < 0 ? 0 : (size_t)received;
}

napi_value call_recvmany(napi_env env, napi_callback_info info) {
  struct call call;
  struct integers entries;
  size_t first;
  size_t count;
  struct bytes buffer;
  size_t used;
  size_t least;
  if (!begin_call(&call, env, info, "recvmany") || !read_integers(&call, 0, "entries", 0, &entries) ||
      !read_size(&call, 1, "first", entries.length / ENTRY, &first) ||
      !read_size(&call, 2, "count", entries.length / ENTRY - first, &count) || !read_bytes(&call, 3, "buffer", &buffer) ||
      !read_size(&call, 4, "offset", buffer.length, &used) || !read_size(&call, 5, "least", INT32_MAX, &least)) {
    return NULL;
  }
  size_t done = 0;
  for (; done < count; done += 1) {
    int32_t *const entry = entries.data + ENTRY * (first + done);
    const int32_t wanted = entry[1];
    const size_t left = buffer.length - used;
    if (wanted < 1) {
      refuse_element(&call, "entries", ENTRY * (first + done) + 1, "a size of at least 1", wanted);
      return NULL;
    }
    /* Not for nothing either: what asks for no bytes gets none, as at the end of a stream. */
    if (left == 0 || (left < (size_t)wanted && left < least)) break;
    const int32_t room = (size_t)wanted < left ? wanted : (int32_t)left;
    used += receive_for(call.environment, entry, room, buffer.data + used);
  }
  return answer_number(&call, (int32_t)done);
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
  return answer(&call, receive(descriptor, part.data, part.length, 0));
}

static ssize_t transmit(int descriptor, const void *data, size_t length, int flags) {
  ssize_t sent;
  do {
    /* MSG_NOSIGNAL: a peer that has gone is EPIPE for this connection, not SIGPIPE for the process. */
    sent = syscall(SYS_sendto, descriptor, data, length, flags | MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
  } while (sent < 0 && errno == EINTR);
  return sent;
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
  return answer(&call, transmit(descriptor, part.data, part.length, flags));
}

/* Of each message: the descriptor that it goes to, its length, and what send() has answered. */
napi_value call_sendmany(napi_env env, napi_callback_info info) {
  struct call call;
  struct integers entries;
  size_t count;
  struct bytes buffer;
  if (!begin_call(&call, env, info, "sendmany") || !read_integers(&call, 0, "entries", 0, &entries) ||
      !read_size(&call, 1, "count", entries.length / ENTRY, &count) || !read_bytes(&call, 2, "buffer", &buffer)) {
    return NULL;
  }
  size_t begin = 0;
  for (size_t index = 0; index < count; index += 1) {
    int32_t *const entry = entries.data + ENTRY * index;
    const int32_t descriptor = entry[0];
    const int32_t length = entry[1];
    if (length < 1 || (size_t)length > buffer.length - begin) {
      refuse_element(&call, "entries", ENTRY * index + 1, "a length from 1 to what is left of the buffer", length);
      return NULL;
    }
    if (environment_owns(call.environment, descriptor)) {
      const ssize_t sent = transmit(descriptor, buffer.data + begin, (size_t)length, 0);
      entry[2] = sent < 0 ? -errno : (int32_t)sent;
    } else {
      entry[2] = -EBADF;
    }
    begin += (size_t)length;
  }
  return answer_number(&call, (int32_t)count);
}
