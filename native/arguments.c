#include "arguments.h"

#include <stdio.h>
#include <string.h>

enum { MAX_MESSAGE = 256, MAX_SHOWN = 64 };

/* The value as a reader would write it. Objects are only named: their toString() is a program of their own. */
static void show(napi_env env, napi_value value, char *shown) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  if (type == napi_object || type == napi_function || type == napi_symbol || type == napi_external) {
    static const char *const names[] = {[napi_object] = "an object",
                                        [napi_function] = "a function",
                                        [napi_symbol] = "a symbol",
                                        [napi_external] = "an external"};
    snprintf(shown, MAX_SHOWN, "%s", names[type]);
    return;
  }
  napi_value text;
  char characters[MAX_SHOWN - 3] = "?";
  if (napi_coerce_to_string(env, value, &text) == napi_ok) {
    napi_get_value_string_utf8(env, text, characters, sizeof characters, NULL);
  }
  snprintf(shown, MAX_SHOWN, type == napi_string ? "\"%s\"" : type == napi_bigint ? "%sn" : "%s", characters);
}

/* An exception that is pending already stays. */
static void throw_type(const struct call *call, const char *message) {
  napi_throw_type_error(call->env, "ERR_INVALID_ARG_TYPE", message);
}

static void throw_range(const struct call *call, const char *message) {
  napi_throw_range_error(call->env, "ERR_OUT_OF_RANGE", message);
}

void refuse_number(const struct call *call, size_t index, const char *argument, double minimum, double maximum) {
  napi_valuetype type = napi_undefined;
  char shown[MAX_SHOWN];
  char message[MAX_MESSAGE];
  napi_typeof(call->env, call->values[index], &type);
  show(call->env, call->values[index], shown);
  snprintf(message, sizeof message, "%s: %s must be a whole number from %.0f to %.0f, not %s", call->name, argument, minimum,
           maximum, shown);
  if (type == napi_number) {
    throw_range(call, message);
  } else {
    throw_type(call, message);
  }
}

void refuse_type(const struct call *call, size_t index, const char *argument, const char *wanted) {
  char shown[MAX_SHOWN];
  char message[MAX_MESSAGE];
  show(call->env, call->values[index], shown);
  snprintf(message, sizeof message, "%s: %s must be %s, not %s", call->name, argument, wanted, shown);
  throw_type(call, message);
}

void refuse_size(const struct call *call, const char *argument, const char *unit, size_t wanted, size_t given) {
  char message[MAX_MESSAGE];
  snprintf(message, sizeof message, "%s: %s must have at least %zu %s, not %zu", call->name, argument, wanted, unit, given);
  throw_range(call, message);
}

void refuse_element(const struct call *call, const char *argument, size_t element, const char *wanted, int32_t given) {
  char message[MAX_MESSAGE];
  snprintf(message, sizeof message, "%s: %s[%zu] must be %s, not %d", call->name, argument, element, wanted, given);
  throw_range(call, message);
}

bool read_integers(const struct call *call, size_t index, const char *argument, size_t needed, struct integers *integers) {
  /* Not left to Node: it sets none for a kind of array that is newer than its list. */
  napi_typedarray_type type = napi_uint8_array;
  void *data = NULL;
  if (napi_get_typedarray_info(call->env, call->values[index], &type, &integers->length, &data, NULL, NULL) != napi_ok ||
      type != napi_int32_array) {
    refuse_type(call, index, argument, "an Int32Array");
    return false;
  }
  if (integers->length < needed) {
    refuse_size(call, argument, "elements", needed, integers->length);
    return false;
  }
  integers->data = data;
  return true;
}

/* A sockaddr begins with its family; a shorter one is none. */
static const socklen_t MIN_ADDRESS_LENGTH = sizeof(sa_family_t);
const char ADDRESS_LENGTH_WANTED[] = "an address with a length from 2 to 128";
_Static_assert(sizeof(sa_family_t) == 2 && sizeof(struct sockaddr_storage) == 128, "the text above tells these two");

uint32_t read_address_length(const uint8_t *from) {
  uint32_t length;
  memcpy(&length, from, sizeof length);
  return length;
}

bool is_address_length(uint32_t length) {
  return length >= MIN_ADDRESS_LENGTH && length <= sizeof(struct sockaddr_storage);
}

bool read_address(const struct call *call, size_t index, struct address *address) {
  struct bytes bytes;
  if (!read_room(call, index, "address", ADDRESS_SIZE, &bytes)) return false;
  address->length = read_address_length(bytes.data);
  if (is_address_length(address->length)) {
    memcpy(&address->storage, bytes.data + sizeof(uint32_t), address->length);
    return true;
  }
  char message[MAX_MESSAGE];
  snprintf(message, sizeof message, "%s: address must be %s, not %u", call->name, ADDRESS_LENGTH_WANTED, address->length);
  throw_range(call, message);
  return false;
}

uint32_t write_address_length(socklen_t length, uint8_t *to) {
  const uint32_t kept = length <= sizeof(struct sockaddr_storage) ? length : sizeof(struct sockaddr_storage);
  memcpy(to, &kept, sizeof kept);
  return kept;
}

void write_address(const struct address *address, uint8_t *to) {
  const uint32_t length = write_address_length(address->length, to);
  /* What lies behind the address is left over from other calls, and nobody's business. */
  memcpy(to + sizeof length, &address->storage, length);
}
