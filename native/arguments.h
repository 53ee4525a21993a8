/*
 * Reads the arguments of a call. Every reader returns false with an exception pending, which names the call, the argument
 * and the value; the caller then returns NULL. What is right costs no allocation and no string; what is wrong may take its time.
 *
 * A number is taken as it is or refused: NaN, 1.5 and 2**40 are never cut to fit.
 *
 * What lies in a caller's memory is read once and kept: behind it may be a SharedArrayBuffer that another thread writes to, so
 * that a second look could find something else than what was checked.
 */
#ifndef SOCKETSERVER_ARGUMENTS_H
#define SOCKETSERVER_ARGUMENTS_H

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "environment.h"

enum { MAX_ARGUMENTS = 7 };

/* An address in memory: its length, as a native 32-bit number, and the raw sockaddr. Only JavaScript looks into it. */
enum { ADDRESS_SIZE = 4 + sizeof(struct sockaddr_storage) };

struct call {
  napi_env env;
  struct environment *environment;
  /* As JavaScript knows it. */
  const char *name;
  napi_value values[MAX_ARGUMENTS];
};

struct bytes {
  uint8_t *data;
  size_t length;
};

struct integers {
  int32_t *data;
  size_t length;
};

struct address {
  struct sockaddr_storage storage;
  socklen_t length;
};

/* The error paths: throw what was wanted, and what was given. */
void refuse_number(const struct call *call, size_t index, const char *argument, double minimum, double maximum);
void refuse_type(const struct call *call, size_t index, const char *argument, const char *wanted);
void refuse_size(const struct call *call, const char *argument, const char *unit, size_t wanted, size_t given);
void refuse_element(const struct call *call, const char *argument, size_t element, const char *wanted, int32_t given);

/* Missing arguments are `undefined`, which no reader takes. */
static inline bool begin_call(struct call *call, napi_env env, napi_callback_info info, const char *name) {
  size_t count = MAX_ARGUMENTS;
  void *data;
  call->env = env;
  call->name = name;
  if (napi_get_cb_info(env, info, &count, call->values, NULL, &data) != napi_ok) return false;
  call->environment = data;
  return true;
}

static inline bool read_number(const struct call *call, size_t index, const char *argument, double minimum, double maximum,
                               int64_t *number) {
  double given;
  if (napi_get_value_double(call->env, call->values[index], &given) == napi_ok && given >= minimum && given <= maximum) {
    *number = (int64_t)given;
    if ((double)*number == given) return true;
  }
  refuse_number(call, index, argument, minimum, maximum);
  return false;
}

static inline bool read_integer(const struct call *call, size_t index, const char *argument, int minimum, int *integer) {
  int64_t number;
  if (!read_number(call, index, argument, minimum, INT32_MAX, &number)) return false;
  *integer = (int)number;
  return true;
}

/* Descriptors are looked up among the owned ones by the caller: one that is not there is the system's EBADF, no exception. */
static inline bool read_descriptor(const struct call *call, int *descriptor) {
  return read_integer(call, 0, "descriptor", INT32_MIN, descriptor);
}

static inline bool read_flags(const struct call *call, size_t index, int *flags) {
  return read_integer(call, index, "flags", INT32_MIN, flags);
}

static inline bool read_size(const struct call *call, size_t index, const char *argument, size_t maximum, size_t *size) {
  int64_t number;
  if (!read_number(call, index, argument, 0, (double)maximum, &number)) return false;
  *size = (size_t)number;
  return true;
}

/* A Buffer or Uint8Array, whole. */
static inline bool read_bytes(const struct call *call, size_t index, const char *argument, struct bytes *bytes) {
  bool is_buffer = false;
  /* Asked first: Node aborts the process when napi_get_buffer_info() is given anything else. */
  if (napi_is_buffer(call->env, call->values[index], &is_buffer) != napi_ok || !is_buffer) {
    refuse_type(call, index, argument, "a Buffer or Uint8Array");
    return false;
  }
  void *data = NULL;
  if (napi_get_buffer_info(call->env, call->values[index], &data, &bytes->length) != napi_ok) return false;
  bytes->data = data;
  return true;
}

/* The same, of at least so many bytes. */
static inline bool read_room(const struct call *call, size_t index, const char *argument, size_t needed, struct bytes *bytes) {
  if (!read_bytes(call, index, argument, bytes)) return false;
  if (bytes->length >= needed) return true;
  refuse_size(call, argument, "bytes", needed, bytes->length);
  return false;
}

/* Three arguments from `index` on: a buffer, and the offset and length of the part of it that is meant. */
static inline bool read_part(const struct call *call, size_t index, struct bytes *part) {
  struct bytes whole;
  size_t offset;
  if (!read_bytes(call, index, "buffer", &whole) || !read_size(call, index + 1, "offset", whole.length, &offset) ||
      !read_size(call, index + 2, "length", whole.length - offset, &part->length)) {
    return false;
  }
  /* An empty buffer may have no memory, and NULL + 0 is not defined. */
  part->data = offset == 0 ? whole.data : whole.data + offset;
  return true;
}

/* An Int32Array of at least so many elements. */
bool read_integers(const struct call *call, size_t index, const char *argument, size_t needed, struct integers *integers);

/* An address to bind, connect or send to: a copy. */
bool read_address(const struct call *call, size_t index, struct address *address);

/* The length of an address in memory, and whether that can be one; what is said of any other. */
uint32_t read_address_length(const uint8_t *from);
bool is_address_length(uint32_t length);
extern const char ADDRESS_LENGTH_WANTED[];

/* Writes an address that the system gave. It may tell a greater length than there was room for: then it was cut. */
void write_address(const struct address *address, uint8_t *to);
/* The same, where the system has put the address in its place itself. Returns the length that was written. */
uint32_t write_address_length(socklen_t length, uint8_t *to);

/* What a call returns: the system's answer, or -errno where that is negative. */
static inline napi_value answer(const struct call *call, ssize_t result) {
  const int32_t number = result < 0 ? -errno : (int32_t)result;
  napi_value value;
  return napi_create_int32(call->env, number, &value) == napi_ok ? value : NULL;
}

/* A number that is an answer already. */
static inline napi_value answer_number(const struct call *call, int32_t number) {
  napi_value value;
  return napi_create_int32(call->env, number, &value) == napi_ok ? value : NULL;
}

#endif
