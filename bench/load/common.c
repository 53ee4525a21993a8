#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

void fail(const char *action) {
  fprintf(stderr, "load: cannot %s: %s\n", action, strerror(errno));
  exit(1);
}

void fail_with(const char *reason) {
  fprintf(stderr, "load: %s\n", reason);
  exit(1);
}

uint64_t now_nanoseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// Waits until the connection is there: on the loopback that is done within the call.
static int connect_socket(int type, int port) {
  int descriptor = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("make a socket");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0) fail("connect to the server");
  return descriptor;
}

int connect_to_server(int port) { return connect_socket(SOCK_STREAM, port); }

int connect_datagrams(int port) { return connect_socket(SOCK_DGRAM, port); }

void send_at_once(int connection) {
  int on = 1;
  if (setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) fail("set TCP_NODELAY");
}

void watch(int set, int descriptor, uint32_t events, void *data) {
  struct epoll_event event = {.events = events, .data.ptr = data};
  if (epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event) < 0) fail("watch a socket");
}

void fill_pattern(char *text, size_t size) {
  uint32_t state = 1;
  for (size_t i = 0; i < size; i++) {
    state = state * 1664525u + 1013904223u;  // Numerical Recipes' generator: any would do
    text[i] = (char)('a' + (state >> 24) % 26);
  }
}
