// UDP sockets that each keep a number of datagrams in flight. A datagram that has not come back in time counts as lost, and
// another one takes its place.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "loads.h"
#include "measurement.h"

#define MAX_IN_FLIGHT 256
#define EVENTS_AT_ONCE 256
// Far longer than an answer takes that is only late.
#define LOST_AFTER_NANOSECONDS 250000000u
#define LOOK_FOR_LOST_EVERY_NANOSECONDS 50000000u

// What a datagram begins with: enough to recognise its answer, and to pass over that of one given up.
struct header {
  uint16_t socket, place;
  uint32_t number;
};

struct place {
  uint32_t number;  // of the datagram in flight
  uint64_t sent;
};

struct client {
  int descriptor;
  uint16_t index;
  struct place places[MAX_IN_FLIGHT];
};

static char pattern[MAX_BURST_BYTES];
static char texts[MAX_IN_FLIGHT][MAX_DATAGRAM_BYTES + 1];
static struct iovec vectors[MAX_IN_FLIGHT];
static struct mmsghdr messages[MAX_IN_FLIGHT];
static uint64_t lost, late;

// Each buffer of `messages` has its own text. `size` is what may be received into it, or what is sent of it.
static void set_sizes(int count, size_t size) {
  for (int i = 0; i < count; i++) {
    vectors[i] = (struct iovec){.iov_base = texts[i], .iov_len = size};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
  }
}

// Sends the next datagram of each of these places. What the system does not take now is found lost later, as if it were.
static void send_next(struct client *client, const uint16_t *places, int count, int bytes, uint64_t time) {
  for (int i = 0; i < count; i++) {
    struct place *place = &client->places[places[i]];
    place->number++;
    place->sent = time;
    struct header header = {.socket = client->index, .place = places[i], .number = place->number};
    memcpy(texts[i], &header, sizeof header);
    memcpy(texts[i] + sizeof header, pattern + client->index, (size_t)bytes - sizeof header);
  }
  set_sizes(count, (size_t)bytes);
  if (count > 0 && sendmmsg(client->descriptor, messages, (unsigned)count, MSG_DONTWAIT) < 0 && errno != EAGAIN &&
      errno != ENOBUFS) {
    fail("send datagrams");
  }
}

// The places whose datagrams have come back.
static int receive(struct client *client, uint16_t *places, int depth, int bytes) {
  set_sizes(depth, MAX_DATAGRAM_BYTES + 1);
  int count = recvmmsg(client->descriptor, messages, (unsigned)depth, MSG_DONTWAIT, NULL);
  if (count < 0 && errno == EAGAIN) return 0;
  if (count < 0) fail("receive datagrams");
  int answered = 0;
  for (int i = 0; i < count; i++) {
    struct header header;
    memcpy(&header, texts[i], sizeof header);
    if (messages[i].msg_len != (unsigned)bytes) fail_with("the server answered with a datagram of another length");
    if (header.socket != client->index || header.place >= depth ||
        memcmp(texts[i] + sizeof header, pattern + client->index, (size_t)bytes - sizeof header) != 0) {
      fail_with("the server answered with other bytes than expected");
    }
    if (header.number == client->places[header.place].number) places[answered++] = header.place;
    else late++;
  }
  return answered;
}

static void replace_lost(struct client *clients, const struct load_arguments *arguments, uint64_t time) {
  for (int i = 0; i < arguments->connections; i++) {
    uint16_t places[MAX_IN_FLIGHT];
    int count = 0;
    for (int place = 0; place < arguments->depth; place++) {
      if (time - clients[i].places[place].sent > LOST_AFTER_NANOSECONDS) places[count++] = (uint16_t)place;
    }
    lost += (uint64_t)count;
    send_next(&clients[i], places, count, arguments->bytes, time);
  }
}

void run_datagrams(const struct load_arguments *arguments) {
  int depth = arguments->depth, bytes = arguments->bytes;
  if (depth > MAX_IN_FLIGHT || bytes > MAX_DATAGRAM_BYTES || bytes < (int)sizeof(struct header)) {
    fail_with("at most 256 datagrams in flight, each of 8 to 8192 bytes");
  }
  fill_pattern(pattern, sizeof pattern);
  struct client *clients = calloc((size_t)arguments->connections, sizeof *clients);
  int set = epoll_create1(EPOLL_CLOEXEC);
  if (clients == NULL || set < 0) fail("prepare the sockets");
  uint64_t time = now_nanoseconds(), last_look = time;
  for (int i = 0; i < arguments->connections; i++) {
    clients[i].descriptor = connect_datagrams(arguments->port);
    clients[i].index = (uint16_t)i;
    watch(set, clients[i].descriptor, EPOLLIN, &clients[i]);
    uint16_t places[MAX_IN_FLIGHT];
    for (int place = 0; place < depth; place++) places[place] = (uint16_t)place;
    send_next(&clients[i], places, depth, bytes, time);
  }

  uint64_t answers = 0, lost_before = 0;
  struct epoll_event events[EVENTS_AT_ONCE];
  struct measurement measurement;
  measurement_begin(&measurement, arguments);
  while (measurement_continues(&measurement, answers)) {
    if (!measurement.started) lost_before = lost;
    int ready = epoll_wait(set, events, EVENTS_AT_ONCE, WAIT_MILLISECONDS);
    time = now_nanoseconds();
    int answered_now = 0;
    for (int i = 0; i < ready; i++) {
      struct client *client = events[i].data.ptr;
      uint16_t places[MAX_IN_FLIGHT];
      int answered = receive(client, places, depth, bytes);
      answered_now += answered;
      send_next(client, places, answered, bytes, time);
    }
    answers += (uint64_t)answered_now;
    measurement_count_turn(&measurement, answered_now);
    if (time - last_look > LOOK_FOR_LOST_EVERY_NANOSECONDS) {
      replace_lost(clients, arguments, time);
      last_look = time;
    }
  }
  char more[96];
  snprintf(more, sizeof more, ",\"lost\":%llu,\"late\":%llu", (unsigned long long)(lost - lost_before),
           (unsigned long long)late);
  measurement_print(&measurement, answers, more);
}
