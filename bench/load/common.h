// What every load needs: its arguments, the end with a reason, time, and connections to the server.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MAX_CONNECTIONS 20000
#define MAX_FLOODS 1000
#define MAX_BURST_BYTES (1 << 20)
#define MAX_DATAGRAM_BYTES 8192

// Each load uses the fields that it needs.
struct load_arguments {
  int port;
  int connections;  // or sockets
  int bytes;        // of a message, a line or a datagram
  int depth;        // messages in a burst, or datagrams in flight
  int floods;       // connections that flood the server
  double warm_up;   // seconds before the measured ones
  double seconds;   // measured
  pid_t server;     // whose processor time is told; 0 for nobody's
};

_Noreturn void fail(const char *action);
_Noreturn void fail_with(const char *reason);

uint64_t now_nanoseconds(void);

int connect_to_server(int port);
int connect_datagrams(int port);
// TCP_NODELAY: a message does not wait for the answer to the one before.
void send_at_once(int connection);
void watch(int set, int descriptor, uint32_t events, void *data);

// Fills a text whose every part differs from its neighbours, so that bytes that were lost, doubled or swapped are noticed.
void fill_pattern(char *text, size_t size);
