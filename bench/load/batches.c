// Connections that each send a batch of lines in one write and wait for all answers, as a client of `nc` or Python does:
// Nagle's algorithm stays on, and every read waits. The result is the time that a batch takes.
//
// A server that sends each answer by itself, with Nagle's algorithm on, waits for the acknowledgement of the first before it
// sends the second, and the client delays the acknowledgement for 40 ms. A new connection acknowledges at once for a while,
// so the batches of the warm-up do not count.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "loads.h"
#include "measurement.h"
#include "round-trips.h"

static char sent_text[MAX_BURST_BYTES];
static char answer_text[MAX_BURST_BYTES];
static char received_text[MAX_BURST_BYTES];

static void fill_texts(int bytes, int batch) {
  fill_pattern(sent_text, (size_t)batch);
  for (int i = bytes - 1; i < batch; i += bytes) sent_text[i] = '\n';
  for (int i = 0; i < batch; i++) answer_text[i] = (char)toupper(sent_text[i]);
}

// Reads until all is there, by calls that return what has come: one call for the whole of it would acknowledge differently.
static void receive_answers(int connection, int batch) {
  for (int received = 0; received < batch;) {
    ssize_t count = recv(connection, received_text + received, (size_t)(batch - received), 0);
    if (count < 0) fail("receive");
    if (count == 0) fail_with("the server closed a connection that was to stay open");
    received += (int)count;
  }
  if (memcmp(received_text, answer_text, (size_t)batch) != 0) {
    fail_with("the server answered with other bytes than expected");
  }
}

void run_batches(const struct load_arguments *arguments) {
  int bytes = arguments->bytes, batch = bytes * arguments->depth;
  fill_texts(bytes, batch);
  int *connections = calloc((size_t)arguments->connections, sizeof *connections);
  if (connections == NULL) fail("prepare the connections");
  for (int i = 0; i < arguments->connections; i++) connections[i] = connect_to_server(arguments->port);

  uint64_t lines = 0;
  struct measurement measurement;
  measurement_begin(&measurement, arguments);
  for (int turn = 0; measurement_continues(&measurement, lines); turn = (turn + 1) % arguments->connections) {
    uint64_t sent_at = now_nanoseconds();
    if (send(connections[turn], sent_text, (size_t)batch, MSG_NOSIGNAL) != batch) fail("send");
    receive_answers(connections[turn], batch);
    if (measurement.started) round_trips_add(now_nanoseconds() - sent_at);
    lines += (uint64_t)arguments->depth;
  }
  char more[256];
  round_trips_describe(more, sizeof more);
  measurement_print(&measurement, lines, more);
}
