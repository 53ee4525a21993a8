// The load of the benchmark, in C so that it is not the bottleneck. What it sends it gets back, or it ends with an error.
//
//   load MODE --port 9999 --connections 50 --bytes 64 --depth 1 --warm-up 0.5 --seconds 1.5 --server PID
//
// prints a line of JSON: messages, seconds, and the processor time that the server and the load itself have taken.
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loads.h"

// Beyond the time that was asked for.
#define SECONDS_TO_GIVE_UP 20

static const struct {
  const char *name;
  void (*run)(const struct load_arguments *arguments);
} modes[] = {
    {"echo", run_echo},
    {"echo-lines", run_echo_lines},
    {"lines", run_lines},
    {"batches", run_batches},
    {"connect", run_connect},
    {"connect-reset", run_connect_reset},
    {"datagrams", run_datagrams},
    {"idle", run_idle},
    {"crowd", run_crowd},
    {"fairness", run_fairness},
    {"fairness-lines", run_fairness_lines},
};

static const struct option options[] = {
    {"port", required_argument, NULL, 'p'},    {"connections", required_argument, NULL, 'c'},
    {"bytes", required_argument, NULL, 'b'},   {"depth", required_argument, NULL, 'd'},
    {"floods", required_argument, NULL, 'f'},  {"warm-up", required_argument, NULL, 'w'},
    {"seconds", required_argument, NULL, 's'}, {"server", required_argument, NULL, 'S'},
    {NULL, 0, NULL, 0},
};

_Noreturn static void explain(void) {
  fprintf(stderr,
          "usage: load echo|echo-lines|lines|batches|connect|connect-reset|datagrams|idle|crowd|fairness|fairness-lines\n"
          "            --port PORT [--connections COUNT] [--bytes COUNT] [--depth COUNT] [--floods COUNT]\n"
          "            [--warm-up SECONDS] [--seconds SECONDS] [--server PID]\n");
  exit(2);
}

static double number(const char *text, double least, double most) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= least && value <= most)) {
    fprintf(stderr, "load: cannot use %s: it takes a number from %g to %g\n", text, least, most);
    exit(2);
  }
  return value;
}

// A server that has stopped answering must not keep the benchmark for ever.
static void give_up(int signal) {
  (void)signal;
  static const char reason[] = "load: the server has not answered for too long\n";
  if (write(STDERR_FILENO, reason, sizeof reason - 1) < 0) _exit(2);
  _exit(1);
}

// As many descriptors as the system lets us have: idle connections are thousands.
static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) fail("read the limit of descriptors");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0) fail("raise the limit of descriptors");
}

int main(int count, char **texts) {
  struct load_arguments arguments = {.connections = 1, .bytes = 64, .depth = 1, .floods = 1, .warm_up = 0, .seconds = 1};
  for (int option; (option = getopt_long(count, texts, "", options, NULL)) != -1;) {
    switch (option) {
      case 'p': arguments.port = (int)number(optarg, 1, 65535); break;
      case 'c': arguments.connections = (int)number(optarg, 1, MAX_CONNECTIONS); break;
      case 'b': arguments.bytes = (int)number(optarg, 1, MAX_BURST_BYTES); break;
      case 'd': arguments.depth = (int)number(optarg, 1, MAX_BURST_BYTES); break;
      case 'f': arguments.floods = (int)number(optarg, 1, MAX_FLOODS); break;
      case 'w': arguments.warm_up = number(optarg, 0, 60); break;
      case 's': arguments.seconds = number(optarg, 0.01, 60); break;
      case 'S': arguments.server = (pid_t)number(optarg, 1, 1 << 30); break;
      default: explain();
    }
  }
  if (optind != count - 1 || arguments.port == 0) explain();
  if (arguments.bytes > MAX_BURST_BYTES / arguments.depth) fail_with("a burst (bytes times depth) has at most 1 MiB");
  raise_descriptor_limit();
  signal(SIGALRM, give_up);
  alarm((unsigned)(arguments.warm_up + arguments.seconds) + SECONDS_TO_GIVE_UP);
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    if (strcmp(texts[optind], modes[i].name) != 0) continue;
    modes[i].run(&arguments);
    return 0;
  }
  explain();
}
