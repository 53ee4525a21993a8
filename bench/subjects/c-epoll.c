// The limit over TCP: plain C over one level-triggered epoll set.
//
//   c-epoll echo          sends back what comes
//   c-epoll once          sends back what comes first, and closes
//   c-epoll echo-lines    sends back each line, in a write of its own
//   c-epoll lines         sends back each line in capitals, in a write of its own
//   c-epoll joined        the same, but the lines that came together in one write
//
// prints {"port":N} when it listens.
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 511
#define EVENTS_AT_ONCE 256
#define BYTES_AT_ONCE 65536

struct connection {
  int descriptor;
  char *unsent;  // what the client has not taken yet; nothing is read meanwhile
  size_t unsent_size, unsent_start;
};

static enum { ECHO, ONCE, ECHO_LINES, LINES, JOINED } kind;
static int set;

static void fail(const char *action) {
  fprintf(stderr, "c-epoll: cannot %s: %s\n", action, strerror(errno));
  exit(1);
}

static void watch(int operation, struct connection *connection, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = connection};
  if (epoll_ctl(set, operation, connection->descriptor, &event) < 0) fail("watch a socket");
}

static void end(struct connection *connection) {
  close(connection->descriptor);
  free(connection->unsent);
  free(connection);
}

static void accept_connection(const struct connection *listener) {
  int descriptor = accept4(listener->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) return;  // the client is gone again
  int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct connection *connection = calloc(1, sizeof *connection);
  if (connection == NULL) fail("allocate a connection");
  connection->descriptor = descriptor;
  watch(EPOLL_CTL_ADD, connection, EPOLLIN);
}

static void keep_unsent(struct connection *connection, const char *bytes, size_t size) {
  connection->unsent = malloc(size);
  if (connection->unsent == NULL) fail("allocate a buffer");
  memcpy(connection->unsent, bytes, size);
  connection->unsent_size = size;
  connection->unsent_start = 0;
  watch(EPOLL_CTL_MOD, connection, EPOLLOUT);
}

static void send_unsent(struct connection *connection) {
  size_t left = connection->unsent_size - connection->unsent_start;
  ssize_t count = send(connection->descriptor, connection->unsent + connection->unsent_start, left, MSG_NOSIGNAL);
  if (count < 0 && errno == EAGAIN) return;
  if (count < 0) return end(connection);
  connection->unsent_start += (size_t)count;
  if (connection->unsent_start < connection->unsent_size) return;
  free(connection->unsent);
  connection->unsent = NULL;
  watch(EPOLL_CTL_MOD, connection, EPOLLIN);
}

// How much is sent at once: a line, or all that came.
static size_t first_piece(const char *bytes, size_t size) {
  const char *end = kind == LINES || kind == ECHO_LINES ? memchr(bytes, '\n', size) : NULL;
  return end == NULL ? size : (size_t)(end - bytes) + 1;
}

static void answer(struct connection *connection) {
  static char bytes[BYTES_AT_ONCE];
  ssize_t received = recv(connection->descriptor, bytes, sizeof bytes, 0);
  if (received < 0 && errno == EAGAIN) return;
  if (received <= 0) return end(connection);
  size_t size = (size_t)received;
  // Also letters of a line whose rest is still to come: less work than keeping it.
  bool capitals = kind == LINES || kind == JOINED;
  for (size_t i = 0; capitals && i < size; i++) bytes[i] = (char)toupper(bytes[i]);
  for (size_t start = 0; start < size;) {
    size_t piece = first_piece(bytes + start, size - start);
    ssize_t sent = send(connection->descriptor, bytes + start, piece, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return end(connection);
    if (sent > 0) start += (size_t)sent;
    if (sent != (ssize_t)piece) return keep_unsent(connection, bytes + start, size - start);
  }
  if (kind == ONCE) end(connection);  // what is sent still arrives
}

int main(int count, char **arguments) {
  const char *name = count == 2 ? arguments[1] : "";
  if (strcmp(name, "echo") == 0) kind = ECHO;
  else if (strcmp(name, "once") == 0) kind = ONCE;
  else if (strcmp(name, "echo-lines") == 0) kind = ECHO_LINES;
  else if (strcmp(name, "lines") == 0) kind = LINES;
  else if (strcmp(name, "joined") == 0) kind = JOINED;
  else {
    fprintf(stderr, "usage: c-epoll echo|once|echo-lines|lines|joined\n");
    return 2;
  }
  struct connection listener = {.descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (listener.descriptor < 0 || bind(listener.descriptor, (struct sockaddr *)&address, size) < 0 ||
      listen(listener.descriptor, BACKLOG) < 0 || getsockname(listener.descriptor, (struct sockaddr *)&address, &size) < 0) {
    fail("listen");
  }
  set = epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) fail("make an epoll set");
  watch(EPOLL_CTL_ADD, &listener, EPOLLIN);
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);

  struct epoll_event events[EVENTS_AT_ONCE];
  for (;;) {
    int ready = epoll_wait(set, events, EVENTS_AT_ONCE, -1);
    for (int i = 0; i < ready; i++) {
      struct connection *connection = events[i].data.ptr;
      if (connection == &listener) accept_connection(&listener);
      else if (connection->unsent != NULL) send_unsent(connection);
      else answer(connection);
    }
  }
}
