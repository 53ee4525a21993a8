/* Datagrams, one at a time and in batches. */
#include <limits.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "arguments.h"
#include "calls.h"

napi_value call_recvfrom(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  struct bytes part;
  int flags;
  struct bytes out;
  struct integers result;
  if (!begin_call(&call, env, info, "recvfrom") || !read_descriptor(&call, &descriptor) || !read_part(&call, 1, &part) ||
      !read_flags(&call, 4, &flags) || !read_room(&call, 5, "address", ADDRESS_SIZE, &out) ||
      !read_integers(&call, 6, "result", 1, &result)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  struct iovec vector = {.iov_base = part.data, .iov_len = part.length};
  /* recvmsg(), as recvfrom() does not tell that a datagram was cut. The address goes straight to where it is wanted. */
  struct msghdr message = {.msg_name = out.data + sizeof(uint32_t), .msg_iov = &vector, .msg_iovlen = 1};
  ssize_t received;
  do {
    message.msg_namelen = sizeof(struct sockaddr_storage);
    received = recvmsg(descriptor, &message, flags | MSG_DONTWAIT);
  } while (received < 0 && errno == EINTR);
  if (received < 0) return answer(&call, received);
  write_address_length(message.msg_namelen, out.data);
  result.data[0] = message.msg_flags;
  return answer(&call, received);
}

napi_value call_sendto(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  struct bytes part;
  int flags;
  struct address address;
  if (!begin_call(&call, env, info, "sendto") || !read_descriptor(&call, &descriptor) || !read_part(&call, 1, &part) ||
      !read_flags(&call, 4, &flags) || !read_address(&call, 5, &address)) {
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  ssize_t sent;
  do {
    sent = sendto(descriptor, part.data, part.length, flags | MSG_DONTWAIT | MSG_NOSIGNAL,
                  (const struct sockaddr *)&address.storage, address.length);
  } while (sent < 0 && errno == EINTR);
  return answer(&call, sent);
}

/* The system's own bound of a batch, and the one up to which a batch needs no memory of its own. */
enum { MAX_BATCH = 1024, SMALL_BATCH = 64 };

/* What comes with a message that is several datagrams: UDP_SEGMENT, and the length of each. */
union segmentation {
  struct cmsghdr header;
  char space[CMSG_SPACE(sizeof(uint16_t))];
};

struct batch {
  struct mmsghdr *messages;
  struct iovec *vectors;
  union segmentation *segmentations;
  struct mmsghdr small_messages[SMALL_BATCH];
  struct iovec small_vectors[SMALL_BATCH];
  union segmentation small_segmentations[SMALL_BATCH];
};

static bool open_batch(struct batch *batch, size_t count) {
  batch->messages = batch->small_messages;
  batch->vectors = batch->small_vectors;
  batch->segmentations = batch->small_segmentations;
  if (count <= SMALL_BATCH) return true;
  /* One piece for all: none of them has a stricter alignment than struct mmsghdr, the first. */
  batch->messages = malloc(count * (sizeof *batch->messages + sizeof *batch->vectors + sizeof *batch->segmentations));
  if (batch->messages == NULL) return false;
  batch->vectors = (struct iovec *)(void *)(batch->messages + count);
  batch->segmentations = (union segmentation *)(void *)(batch->vectors + count);
  return true;
}

static void close_batch(struct batch *batch) {
  if (batch->messages != batch->small_messages) free(batch->messages);
}

/* An address of no bytes leaves the name out. */
static void put_message(struct batch *batch, size_t index, void *data, size_t length, void *name, socklen_t name_length) {
  batch->vectors[index] = (struct iovec){.iov_base = data, .iov_len = length};
  batch->messages[index] = (struct mmsghdr){.msg_hdr = {.msg_name = name_length == 0 ? NULL : name,
                                                        .msg_namelen = name_length,
                                                        .msg_iov = &batch->vectors[index],
                                                        .msg_iovlen = 1}};
}

napi_value call_recvmmsg(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  struct bytes buffer;
  size_t size;
  size_t count;
  struct bytes addresses;
  struct integers results;
  if (!begin_call(&call, env, info, "recvmmsg") || !read_descriptor(&call, &descriptor) ||
      !read_bytes(&call, 1, "buffer", &buffer) || !read_size(&call, 2, "size", buffer.length, &size) ||
      !read_size(&call, 3, "count", MAX_BATCH, &count) ||
      !read_room(&call, 4, "addresses", count * ADDRESS_SIZE, &addresses) ||
      !read_integers(&call, 5, "results", 2 * count, &results)) {
    return NULL;
  }
  if (buffer.length / (count == 0 ? 1 : count) < size) {
    refuse_size(&call, "buffer", "bytes", size * count, buffer.length);
    return NULL;
  }
  if (!environment_owns(call.environment, descriptor)) return answer_number(&call, -EBADF);
  struct batch batch;
  if (!open_batch(&batch, count)) return answer_number(&call, -ENOMEM);
  for (size_t index = 0; index < count; index += 1) {
    uint8_t *const data = size == 0 ? buffer.data : buffer.data + index * size;
    uint8_t *const name = addresses.data + index * ADDRESS_SIZE + sizeof(uint32_t);
    put_message(&batch, index, data, size, name, sizeof(struct sockaddr_storage));
  }
  int received;
  do {
    received = recvmmsg(descriptor, batch.messages, (unsigned int)count, MSG_DONTWAIT, NULL);
  } while (received < 0 && errno == EINTR);
  const napi_value number = answer(&call, received);
  for (int index = 0; index < received; index += 1) {
    const struct mmsghdr *message = &batch.messages[index];
    write_address_length(message->msg_hdr.msg_namelen, addresses.data + (size_t)index * ADDRESS_SIZE);
    results.data[2 * index] = (int32_t)message->msg_len;
    results.data[2 * index + 1] = message->msg_hdr.msg_flags;
  }
  close_batch(&batch);
  return number;
}

/* The system's own bounds of a message that is several datagrams. */
enum { MAX_SEGMENTS = 64, MAX_JOINED_BYTES = 65000 };

/*
 * Whether a datagram may go in one message with those before it, which lie before it in memory: to the same address, and as long
 * as each of them. The system is asked once for all of them, and cuts them apart at the very end (UDP_SEGMENT).
 */
static bool joins(const struct mmsghdr *message, size_t segment, size_t length, const void *name, socklen_t name_length) {
  const struct msghdr *header = &message->msg_hdr;
  const size_t joined = header->msg_iov->iov_len;
  return length == segment && length > 0 && joined + length <= MAX_JOINED_BYTES && joined / length < MAX_SEGMENTS &&
         name_length > 0 && header->msg_namelen == name_length && memcmp(header->msg_name, name, name_length) == 0;
}

static void join(struct mmsghdr *message, union segmentation *segmentation, size_t length) {
  struct msghdr *const header = &message->msg_hdr;
  const uint16_t segment = (uint16_t)length;
  header->msg_iov->iov_len += length;
  header->msg_control = segmentation;
  header->msg_controllen = sizeof *segmentation;
  segmentation->header = (struct cmsghdr){.cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof segment)};
  memcpy(CMSG_DATA(&segmentation->header), &segment, sizeof segment);
}

/* How many datagrams these messages are. */
static int count_datagrams(const struct batch *batch, int messages) {
  int datagrams = 0;
  for (int index = 0; index < messages; index += 1) {
    uint16_t segment = 0;
    const bool joined = batch->messages[index].msg_hdr.msg_controllen != 0;
    if (joined) memcpy(&segment, CMSG_DATA(&batch->segmentations[index].header), sizeof segment);
    datagrams += joined ? (int)(batch->vectors[index].iov_len / segment) : 1;
  }
  return datagrams;
}

/*
 * Fills a batch with datagrams that lie end to end, those of up to `joinable` bytes joined where they can be. Returns the number of
 * messages; -1, with an exception pending, where an argument is wrong.
 */
static int fill_batch(const struct call *call, struct batch *batch, size_t count, struct bytes buffer, struct integers lengths,
                      struct bytes addresses, size_t joinable) {
  uint8_t *data = buffer.data;
  size_t left = buffer.length;
  size_t segment = 0;
  int messages = 0;
  for (size_t index = 0; index < count; index += 1) {
    const int32_t given = lengths.data[index];
    if (given < 0 || (size_t)given > left) {
      refuse_element(call, "lengths", index, "within what is left of buffer", given);
      return -1;
    }
    const size_t length = (size_t)given;
    uint8_t *const address = addresses.data + index * ADDRESS_SIZE;
    const uint32_t address_length = read_address_length(address);
    if (address_length != 0 && !is_address_length(address_length)) {
      refuse_element(call, "addresses", index, ADDRESS_LENGTH_WANTED, (int32_t)address_length);
      return -1;
    }
    uint8_t *const name = address + sizeof(uint32_t);
    if (messages > 0 && length <= joinable && joins(&batch->messages[messages - 1], segment, length, name, address_length)) {
      join(&batch->messages[messages - 1], &batch->segmentations[messages - 1], length);
    } else {
      put_message(batch, (size_t)messages, data, length, name, address_length);
      segment = length;
      messages += 1;
    }
    if (length > 0) data += length;
    left -= length;
  }
  return messages;
}

napi_value call_sendmmsg(napi_env env, napi_callback_info info) {
  struct call call;
  int descriptor;
  struct bytes buffer;
  struct integers lengths;
  size_t count;
  struct bytes addresses;
  size_t joinable;
  if (!begin_call(&call, env, info, "sendmmsg") || !read_descriptor(&call, &descriptor) ||
      !read_bytes(&call, 1, "buffer", &buffer) || !read_integers(&call, 2, "lengths", 0, &lengths) ||
      !read_size(&call, 3, "count", lengths.length < MAX_BATCH ? lengths.length : MAX_BATCH, &count) ||
      !read_room(&call, 4, "addresses", count * ADDRESS_SIZE, &addresses) ||
      !read_size(&call, 5, "joinable", UINT16_MAX, &joinable)) {
    return NULL;
  }
  struct batch batch;
  if (!open_batch(&batch, count)) return answer_number(&call, -ENOMEM);
  napi_value number = NULL;
  const int messages = fill_batch(&call, &batch, count, buffer, lengths, addresses, joinable);
  if (messages >= 0) {
    int sent = -1;
    errno = EBADF;
    if (environment_owns(call.environment, descriptor)) {
      do {
        sent = sendmmsg(descriptor, batch.messages, (unsigned int)messages, MSG_DONTWAIT | MSG_NOSIGNAL);
      } while (sent < 0 && errno == EINTR);
    }
    number = sent < 0 ? answer(&call, sent) : answer_number(&call, count_datagrams(&batch, sent));
  }
  close_batch(&batch);
  return number;
}
