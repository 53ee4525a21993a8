// The load of the benchmark: many connections that each send a message, wait until all of it has come back, and send the
// next. Written in C so that it is never the bottleneck.
//
//   load PORT CONNECTIONS BYTES SECONDS      prints messages a second
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
#include <unistd.h>

#define MAX_CONNECTIONS 10000
#define MAX_BYTES (1 << 20)
#define MAX_SECONDS 60

struct connection {
  int descriptor;
  int sent;
  int received;
};

static struct connection connections[MAX_CONNECTIONS];
static char message[MAX_BYTES];
static char scratch[MAX_BYTES];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *action) {
  fprintf(stderr, "load: cannot %s: %s\n", action, strerror(errno));
  exit(1);
}

static int open_connection(int port) {
  int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  if (descriptor < 0) fail("make a socket");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
  int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

// Sends what is left of the message; what does not fit now goes on when the echo of the rest has made room.
static void send_on(struct connection *connection, int bytes) {
  while (connection->sent < bytes) {
    ssize_t count = send(connection->descriptor, message + connection->sent, (size_t)(bytes - connection->sent), MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) fail("send");
    connection->sent += (int)count;
  }
}

int main(int count, char **arguments) {
  if (count != 5) {
    fprintf(stderr, "usage: load PORT CONNECTIONS BYTES SECONDS\n");
    return 2;
  }
  int port = atoi(arguments[1]), open = atoi(arguments[2]), bytes = atoi(arguments[3]);
  double seconds = atof(arguments[4]);
  if (open < 1 || open > MAX_CONNECTIONS || bytes < 1 || bytes > MAX_BYTES || seconds <= 0 || seconds > MAX_SECONDS) {
    fprintf(stderr, "load: at most %d connections, %d bytes, %d seconds\n", MAX_CONNECTIONS, MAX_BYTES, MAX_SECONDS);
    return 2;
  }
  memset(message, 'x', sizeof message);
  int set = epoll_create1(0);
  for (int i = 0; i < open; i++) {
    connections[i].descriptor = open_connection(port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
    if (epoll_ctl(set, EPOLL_CTL_ADD, connections[i].descriptor, &event) < 0) fail("watch a connection");
  }
  for (int i = 0; i < open; i++) send_on(&connections[i], bytes);

  long messages = 0;
  double start = now(), time = start;
  struct epoll_event events[256];
  while ((time = now()) - start < seconds) {
    int ready = epoll_wait(set, events, 256, 100);
    for (int i = 0; i < ready; i++) {
      struct connection *connection = events[i].data.ptr;
      ssize_t received = recv(connection->descriptor, scratch, (size_t)(bytes - connection->received), 0);
      if (received <= 0) fail("receive");
      connection->received += (int)received;
      if (connection->received == bytes) {
        messages++;
        connection->received = 0;
        connection->sent = 0;
      }
      send_on(connection, bytes);
    }
  }
  printf("%.0f\n", (double)messages / (time - start));
  return 0;
}
