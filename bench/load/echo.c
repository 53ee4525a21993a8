// Connections that each send a burst of messages, wait until all of it has come back, and send the next. For echoes, for
// lines that come back as they are, and for lines that come back in capitals.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "loads.h"
#include "measurement.h"

#define EVENTS_AT_ONCE 256
// Every connection's burst begins one byte further on in the pattern, so that what reaches the wrong one is noticed.
#define OFFSETS 1024
// Only one answer in so many is read and compared. Of the others the kernel throws the bytes away uncopied (MSG_TRUNC) and
// tells how many they were: reading everything, the load would be slower than the server that is to be measured.
#define ANSWERS_PER_CHECK 16

struct connection {
  int descriptor;
  int sent;      // bytes of the current burst
  int received;  // of its answer
  const char *burst;
  const char *answer;
};

static char sent_text[MAX_BURST_BYTES + OFFSETS];
static char answer_text[MAX_BURST_BYTES + OFFSETS];
static char received_text[MAX_BURST_BYTES];

// What does not fit now goes on when the answer to the rest has made room.
static void send_on(struct connection *connection, int burst) {
  while (connection->sent < burst) {
    size_t left = (size_t)(burst - connection->sent);
    ssize_t count = send(connection->descriptor, connection->burst + connection->sent, left, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) fail("send");
    connection->sent += (int)count;
  }
}

// How many messages have become complete. It takes all that is there: more than the rest of a burst cannot come.
static int receive(struct connection *connection, int bytes, int burst) {
  static unsigned answers = 0;
  bool check = answers++ % ANSWERS_PER_CHECK == 0;
  size_t left = (size_t)(burst - connection->received);
  ssize_t count = recv(connection->descriptor, received_text, left, MSG_DONTWAIT | (check ? 0 : MSG_TRUNC));
  if (count < 0 && errno == EAGAIN) return 0;
  if (count < 0) fail("receive");
  if (count == 0) fail_with("the server closed a connection that was to stay open");
  if (check && memcmp(received_text, connection->answer + connection->received, (size_t)count) != 0) {
    fail_with("the server answered with other bytes than expected");
  }
  int before = connection->received / bytes;
  connection->received += (int)count;
  return connection->received / bytes - before;
}

enum content { BYTES, LINES, LINES_TO_CAPITALS };

static void fill_texts(int bytes, enum content content) {
  fill_pattern(sent_text, sizeof sent_text);
  if (content != BYTES) {
    for (size_t i = (size_t)bytes - 1; i < sizeof sent_text; i += (size_t)bytes) sent_text[i] = '\n';
  }
  for (size_t i = 0; i < sizeof sent_text; i++) {
    answer_text[i] = content == LINES_TO_CAPITALS ? (char)toupper(sent_text[i]) : sent_text[i];
  }
}

static void run(const struct load_arguments *arguments, enum content content) {
  int bytes = arguments->bytes, burst = bytes * arguments->depth;
  fill_texts(bytes, content);
  struct connection *connections = calloc((size_t)arguments->connections, sizeof *connections);
  int set = epoll_create1(EPOLL_CLOEXEC);
  if (connections == NULL || set < 0) fail("prepare the connections");
  for (int i = 0; i < arguments->connections; i++) {
    int offset = content == BYTES ? i % OFFSETS : 0;
    connections[i] = (struct connection){.descriptor = connect_to_server(arguments->port),
                                         .burst = sent_text + offset,
                                         .answer = answer_text + offset};
    send_at_once(connections[i].descriptor);
    // Edge-triggered: the kernel looks at each connection once instead of twice.
    watch(set, connections[i].descriptor, EPOLLIN | EPOLLET, &connections[i]);
  }
  for (int i = 0; i < arguments->connections; i++) send_on(&connections[i], burst);

  uint64_t messages = 0;
  struct epoll_event events[EVENTS_AT_ONCE];
  struct measurement measurement;
  measurement_begin(&measurement, arguments);
  while (measurement_continues(&measurement, messages)) {
    int ready = epoll_wait(set, events, EVENTS_AT_ONCE, WAIT_MILLISECONDS);
    measurement_count_turn(&measurement, ready);
    for (int i = 0; i < ready; i++) {
      struct connection *connection = events[i].data.ptr;
      messages += (uint64_t)receive(connection, bytes, burst);
      if (connection->received == burst) connection->received = connection->sent = 0;
      send_on(connection, burst);
    }
  }
  measurement_print(&measurement, messages, "");
}

void run_echo(const struct load_arguments *arguments) { run(arguments, BYTES); }

void run_echo_lines(const struct load_arguments *arguments) { run(arguments, LINES); }

void run_lines(const struct load_arguments *arguments) { run(arguments, LINES_TO_CAPITALS); }
