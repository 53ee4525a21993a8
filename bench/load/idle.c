// Connections that are served once and then say nothing, until stdin ends.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loads.h"

static char sent_text[MAX_BURST_BYTES];
static char received_text[MAX_BURST_BYTES];

// One after the other: a crowd at once would overflow the backlog of some servers, and wait for seconds.
static void serve_once(int descriptor, int bytes) {
  if (send(descriptor, sent_text, (size_t)bytes, MSG_NOSIGNAL) != bytes) fail("send");
  ssize_t count = recv(descriptor, received_text, (size_t)bytes, MSG_WAITALL);
  if (count < 0) fail("receive");
  if (count != bytes || memcmp(received_text, sent_text, (size_t)bytes) != 0) {
    fail_with("the server answered with other bytes than expected");
  }
}

void run_idle(const struct load_arguments *arguments) {
  fill_pattern(sent_text, sizeof sent_text);
  for (int i = 0; i < arguments->connections; i++) serve_once(connect_to_server(arguments->port), arguments->bytes);
  printf("{\"connections\":%d}\n", arguments->connections);
  fflush(stdout);
  alarm(0);  // from here on nothing is waited for but the end of stdin
  while (getchar() != EOF) continue;
}
