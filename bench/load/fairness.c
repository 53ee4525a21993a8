// One connection that floods an echo server in both directions, and others that send a message, wait for its echo and
// measure how long that takes.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "loads.h"
#include "measurement.h"

#define FLOOD_PIECE 65536
#define MAX_ROUND_TRIPS (1 << 21)
#define EVENTS_AT_ONCE 64

struct connection {
  int descriptor;
  int received;
  uint64_t sent_at;
};

static char text[FLOOD_PIECE];
static char received_text[MAX_BURST_BYTES];
static uint32_t round_trips[MAX_ROUND_TRIPS];  // nanoseconds
static size_t round_trip_count;

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
    ssize_t count = send(descriptor, text, FLOOD_PIECE, MSG_DONTWAIT | MSG_NOSIGNAL);
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
  uint64_t round_trip = now_nanoseconds() - connection->sent_at;
  if (counted && round_trip_count < MAX_ROUND_TRIPS) {
    round_trips[round_trip_count++] = round_trip > UINT32_MAX ? UINT32_MAX : (uint32_t)round_trip;
  }
  ask(connection, bytes);
}

static int compare(const void *one, const void *other) {
  uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
  return (a > b) - (a < b);
}

static double milliseconds_at(double share) {
  return (double)round_trips[(size_t)(share * (double)(round_trip_count - 1))] / 1e6;
}

void run_fairness(const struct load_arguments *arguments) {
  int bytes = arguments->bytes;
  fill_pattern(text, sizeof text);
  struct connection *connections = calloc((size_t)arguments->connections, sizeof *connections);
  int set = epoll_create1(EPOLL_CLOEXEC);
  if (connections == NULL || set < 0 || bytes > FLOOD_PIECE) fail_with("cannot prepare the connections");
  for (int i = 0; i < arguments->connections; i++) {
    connections[i].descriptor = connect_to_server(arguments->port);
    send_at_once(connections[i].descriptor);
    watch(set, connections[i].descriptor, EPOLLIN, &connections[i]);
  }
  int flooding = connect_to_server(arguments->port);
  watch(set, flooding, EPOLLIN | EPOLLOUT, NULL);
  for (int i = 0; i < arguments->connections; i++) ask(&connections[i], bytes);

  uint64_t flooded_before = 0;
  struct epoll_event events[EVENTS_AT_ONCE];
  struct measurement measurement;
  measurement_begin(&measurement, arguments);
  while (measurement_continues(&measurement, round_trip_count)) {
    if (!measurement.started) flooded_before = flood_received;
    int ready = epoll_wait(set, events, EVENTS_AT_ONCE, WAIT_MILLISECONDS);
    measurement_count_turn(&measurement, ready);
    for (int i = 0; i < ready; i++) {
      if (events[i].data.ptr == NULL) flood(flooding, events[i].events);
      else take_answer(events[i].data.ptr, bytes, measurement.started);
    }
  }
  // A connection that was never answered has waited for the whole time: it must not go uncounted.
  for (int i = 0; i < arguments->connections && round_trip_count < MAX_ROUND_TRIPS; i++) {
    uint64_t waited = now_nanoseconds() - connections[i].sent_at;
    if (waited > 1000000000u) round_trips[round_trip_count++] = (uint32_t)(waited > UINT32_MAX ? UINT32_MAX : waited);
  }
  if (round_trip_count == 0) fail_with("nothing came back in the measured time");
  qsort(round_trips, round_trip_count, sizeof *round_trips, compare);
  char more[256];
  snprintf(more, sizeof more,
           ",\"roundTripMedian\":%.4f,\"roundTrip99\":%.4f,\"roundTripMax\":%.4f,\"floodBytes\":%llu",
           milliseconds_at(0.5), milliseconds_at(0.99), milliseconds_at(1), (unsigned long long)(flood_received - flooded_before));
  measurement_print(&measurement, round_trip_count, more);
}
