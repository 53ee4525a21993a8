// The limit over UDP: plain C that takes and answers datagrams by the batch.
//
//   c-datagrams      prints {"port":N} when it is bound
//
// There is one socket, so a call that blocks does what an epoll set would do.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DATAGRAMS_AT_ONCE 64
#define DATAGRAM_BYTES 8192
#define RECEIVE_BUFFER (1 << 20)  // as for every subject: 256 datagrams in flight shall fit

static char texts[DATAGRAMS_AT_ONCE][DATAGRAM_BYTES];
static struct sockaddr_in clients[DATAGRAMS_AT_ONCE];
static struct iovec vectors[DATAGRAMS_AT_ONCE];
static struct mmsghdr messages[DATAGRAMS_AT_ONCE];

static void fail(const char *action) {
  fprintf(stderr, "c-datagrams: cannot %s: %s\n", action, strerror(errno));
  exit(1);
}

int main(void) {
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int buffer = RECEIVE_BUFFER;
  if (descriptor < 0 || setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer) < 0 ||
      bind(descriptor, (struct sockaddr *)&address, size) < 0 ||
      getsockname(descriptor, (struct sockaddr *)&address, &size) < 0) {
    fail("bind");
  }
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);

  for (;;) {
    for (int i = 0; i < DATAGRAMS_AT_ONCE; i++) {
      vectors[i] = (struct iovec){.iov_base = texts[i], .iov_len = DATAGRAM_BYTES};
      messages[i].msg_hdr = (struct msghdr){
          .msg_name = &clients[i], .msg_namelen = sizeof clients[i], .msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(descriptor, messages, DATAGRAMS_AT_ONCE, MSG_WAITFORONE, NULL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("receive");
    for (int i = 0; i < count; i++) vectors[i].iov_len = messages[i].msg_len;
    for (int sent = 0; sent < count;) {
      int more = sendmmsg(descriptor, messages + sent, (unsigned)(count - sent), 0);
      if (more < 0) break;  // a client that is gone: its datagrams are lost, as datagrams may be
      sent += more;
    }
  }
}
