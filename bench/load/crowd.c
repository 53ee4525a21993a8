// A crowd: all connect, all send one message, and the time is told until the last of them has its echo.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loads.h"

static char sent_text[MAX_BURST_BYTES];
static char received_text[MAX_BURST_BYTES];

static int send_one(const struct load_arguments *arguments) {
  int client = connect_to_server(arguments->port);
  if (send(client, sent_text, (size_t)arguments->bytes, MSG_NOSIGNAL) != arguments->bytes) fail("send");
  return client;
}

static void receive_one(int client, int bytes) {
  ssize_t count = recv(client, received_text, (size_t)bytes, MSG_WAITALL);
  if (count < 0) fail("receive");
  if (count != bytes || memcmp(received_text, sent_text, (size_t)bytes) != 0) {
    fail_with("the server answered with other bytes than expected");
  }
  close(client);
}

void run_crowd(const struct load_arguments *arguments) {
  fill_pattern(sent_text, sizeof sent_text);
  int *clients = calloc((size_t)arguments->connections, sizeof *clients);
  if (clients == NULL) fail("prepare the clients");
  uint64_t start = now_nanoseconds();
  for (int i = 0; i < arguments->connections; i++) clients[i] = send_one(arguments);
  for (int i = 0; i < arguments->connections; i++) receive_one(clients[i], arguments->bytes);
  printf("{\"connections\":%d,\"seconds\":%f}\n", arguments->connections, (double)(now_nanoseconds() - start) / 1e9);
}
