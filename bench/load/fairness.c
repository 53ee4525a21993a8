// Connections that flood a server, and others that send a message, wait for its answer and measure how long that takes. The
// floods are bytes that an echo server sends back, or empty lines, which a server of lines passes over.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "loads.h"
#include "measurement.h"
#include "round-trips.h"

#define FLOOD_PIECE 65536
#define EVENTS_AT_ONCE 64

struct connection {
  int descriptor;
  bool floods;
  bool answered;  // in the measured time
  int received;   // of the answer
  uint64_t sent_at;
};

static char text[FLOOD_PIECE];
static char flood_text[FLOOD_PIECE];
static char received_text[MAX_BURST_BYTES];

static uint64_t flood_sent, flood_received;

// Writes and reads a piece at most, so that the others' answers never wait long in the load itself.
static void flood(int descriptor, uint32_t ready) {
  if (ready & EPOLLIN) {
    ssize_t count = recv(descriptor, NULL, FLOOD_PIECE, MSG_DONTWAIT | MSG_TRUNC);
    if (count == 0) fail_with("the server closed the flooding connection");
    if (count < 0 && errno != EAGAIN) fail("receive from the flooded server");
    if (count > 0) flood_received += (uint64_t)count;
    if (flood_received > flood_sent) fail_with("the server answered with more bytes than it was sent");
  }
  if (ready & EPOLLOUT) {
    ssize_t count = send(descriptor, flood_text, FLOOD_PIECE, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN) fail("flood the server");
    if (count > 0) flood_sent += (uint64_t)count;
  }
}

static void ask(struct connection *connection, int bytes) {
  connection->received = 0;
  connection->sent_at = now_nanoseconds();
  if (send(connection->descriptor, text, (size_t)bytes, MSG_NOSIGNAL) != bytes) fail("send");
}

static void take_answer(struct connection *connection, int bytes, bool counted) {
  size_t left = (size_t)(bytes - connection->received);
  ssize_t count = recv(connection->descriptor, received_text, left, MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) return;
  if (count < 0) fail("receive");
  if (count == 0) fail_with("the server closed a connection that was to stay open");
  if (memcmp(received_text, text + connection->received, (size_t)count) != 0) {
    fail_with("the server answered with other bytes than expected");
  }
  connection->received += (int)count;
  if (connection->received < bytes) return;
  if (counted) {
    round_trips_add(now_nanoseconds() - connection->sent_at);
    connection->answered = true;
  }
  ask(connection, bytes);
}

// A flood ends with a reset, which throws away what the server has not read: it would be busy with that for seconds, also
// after this load has ended.
static void end_with_a_reset(int descriptor) {
  struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  if (setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) < 0) fail("set SO_LINGER");
}

static struct connection *connect_all(int set, const struct load_arguments *arguments) {
  int count = arguments->connections + arguments->floods;
  struct connection *connections = calloc((size_t)count, sizeof *connections);
  if (connections == NULL) fail("prepare the connections");
  for (int i = 0; i < count; i++) {
    struct connection *connection = &connections[i];
    connection->descriptor = connect_to_server(arguments->port);
    connection->floods = i >= arguments->connections;
    if (connection->floods) end_with_a_reset(connection->descriptor);
    else send_at_once(connection->descriptor);
    watch(set, connection->descriptor, connection->floods ? EPOLLIN | EPOLLOUT : EPOLLIN, connection);
  }
  return connections;
}

// A connection that was not answered has waited for the whole time: it must not go uncounted.
static void add_unanswered(const struct connection *connections, int count) {
  for (int i = 0; i < count; i++) {
    uint64_t waited = now_nanoseconds() - connections[i].sent_at;
    if (!connections[i].answered || waited > 1000000000u) round_trips_add(waited);
  }
}

static void run(const struct load_arguments *arguments) {
  int bytes = arguments->bytes;
  int set = epoll_create1(EPOLL_CLOEXEC);
  if (set < 0 || bytes > FLOOD_PIECE) fail_with("cannot prepare the connections");
  struct connection *connections = connect_all(set, arguments);
  for (int i = 0; i < arguments->connections; i++) ask(&connections[i], bytes);

  uint64_t flooded_before = 0;
  struct epoll_event events[EVENTS_AT_ONCE];
  struct measurement measurement;
  measurement_begin(&measurement, arguments);
  while (measurement_continues(&measurement, round_trips_count())) {
    if (!measurement.started) flooded_before = flood_sent;
    int ready = epoll_wait(set, events, EVENTS_AT_ONCE, WAIT_MILLISECONDS);
    measurement_count_turn(&measurement, ready);
    for (int i = 0; i < ready; i++) {
      struct connection *connection = events[i].data.ptr;
      if (connection->floods) flood(connection->descriptor, events[i].events);
      else take_answer(connection, bytes, measurement.started);
    }
  }
  add_unanswered(connections, arguments->connections);
  char round_trips[256], more[320];
  round_trips_describe(round_trips, sizeof round_trips);
  snprintf(more, sizeof more, "%s,\"floodBytes\":%llu", round_trips, (unsigned long long)(flood_sent - flooded_before));
  measurement_print(&measurement, round_trips_count(), more);
}

void run_fairness(const struct load_arguments *arguments) {
  fill_pattern(text, sizeof text);
  memcpy(flood_text, text, sizeof flood_text);
  run(arguments);
}

void run_fairness_lines(const struct load_arguments *arguments) {
  fill_pattern(text, sizeof text);
  text[arguments->bytes - 1] = '\n';
  memset(flood_text, '\n', sizeof flood_text);
  run(arguments);
}
