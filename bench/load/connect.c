// Clients that connect, send a message, read its echo, close, and begin again. The server closes, too, after its answer.
//
// There are two ways to close, and neither leaves the client's port in TIME_WAIT, which would use up all ports within a
// second: the client waits for the end that the server sends, so that the server has closed first; or it closes with a
// reset as soon as it has the echo.
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loads.h"
#include "measurement.h"

static char sent_text[MAX_BURST_BYTES];
static char received_text[MAX_BURST_BYTES + 1];

static int begin(const struct load_arguments *arguments) {
  int client = connect_to_server(arguments->port);
  if (send(client, sent_text, (size_t)arguments->bytes, MSG_NOSIGNAL) != arguments->bytes) fail("send");
  return client;
}

static void check_echo(ssize_t count, int bytes) {
  if (count < 0) fail("receive");
  if (count < bytes) fail_with("the server closed a connection before the whole echo had come");
  if (count > bytes) fail_with("the server answered with more bytes than it was sent");
  if (memcmp(received_text, sent_text, (size_t)bytes) != 0) {
    fail_with("the server answered with other bytes than expected");
  }
}

// One call waits for the echo and for the end: for all that comes, and one byte more, which must not come.
static void finish_with_the_server(int client, int bytes) {
  check_echo(recv(client, received_text, (size_t)bytes + 1, MSG_WAITALL), bytes);
  close(client);
}

static void finish_with_a_reset(int client, int bytes) {
  check_echo(recv(client, received_text, (size_t)bytes, MSG_WAITALL), bytes);
  struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  if (setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) < 0) fail("set SO_LINGER");
  close(client);
}

// The clients are finished in the order in which they began, each by a call that waits: while one is waited for, the server
// works on the others. Connecting is most of the work, for both sides; watching the clients with epoll as well would make
// the load slower still.
static void run(const struct load_arguments *arguments, void (*finish)(int client, int bytes)) {
  fill_pattern(sent_text, sizeof sent_text);
  int *clients = calloc((size_t)arguments->connections, sizeof *clients);
  if (clients == NULL) fail("prepare the clients");
  for (int i = 0; i < arguments->connections; i++) clients[i] = begin(arguments);

  uint64_t conversations = 0;
  int oldest = 0;
  struct measurement measurement;
  measurement_begin(&measurement, arguments);
  while (measurement_continues(&measurement, conversations)) {
    finish(clients[oldest], arguments->bytes);
    conversations++;
    clients[oldest] = begin(arguments);
    oldest = (oldest + 1) % arguments->connections;
  }
  measurement_print(&measurement, conversations, "");
}

void run_connect(const struct load_arguments *arguments) { run(arguments, finish_with_the_server); }

void run_connect_reset(const struct load_arguments *arguments) { run(arguments, finish_with_a_reset); }
