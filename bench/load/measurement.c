#include "measurement.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// User and system time of a whole process in seconds, with the threads that it had and has. The process's own clock has it in
// nanoseconds; /proc/PID/stat has the same in hundredths of a second.
static double processor_time_of(pid_t process) {
  if (process == 0) return 0;
  clockid_t clock;
  struct timespec time;
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &time) < 0) {
    fail_with("cannot read the server's processor time: has it ended?");
  }
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void measurement_begin(struct measurement *measurement, const struct load_arguments *arguments) {
  memset(measurement, 0, sizeof *measurement);
  measurement->starts = now_nanoseconds() + (uint64_t)(arguments->warm_up * 1e9);
  measurement->ends = measurement->starts + (uint64_t)(arguments->seconds * 1e9);
  measurement->server = arguments->server;
}

bool measurement_continues(struct measurement *measurement, uint64_t messages) {
  uint64_t time = now_nanoseconds();
  if (!measurement->started && time >= measurement->starts) {
    measurement->started = true;
    // The seconds count from here, not from the moment that was planned.
    measurement->ends += time - measurement->starts;
    measurement->starts = time;
    measurement->messages_before = (double)messages;
    measurement->server_time_before = processor_time_of(measurement->server);
    measurement->load_time_before = processor_time_of(getpid());
  }
  return time < measurement->ends;
}

void measurement_count_turn(struct measurement *measurement, int found) {
  if (!measurement->started || found <= 0) return;
  measurement->turns++;
  measurement->found += (uint64_t)found;
}

void measurement_print(const struct measurement *measurement, uint64_t messages, const char *more) {
  double seconds = (double)(now_nanoseconds() - measurement->starts) / 1e9;
  double counted = (double)messages - measurement->messages_before;
  double server = processor_time_of(measurement->server) - measurement->server_time_before;
  double load = processor_time_of(getpid()) - measurement->load_time_before;
  if (counted <= 0) fail_with("nothing came back in the measured time");
  double found = measurement->turns == 0 ? 0 : (double)measurement->found / (double)measurement->turns;
  printf("{\"messages\":%.0f,\"seconds\":%.6f,\"serverSeconds\":%.6f,\"loadSeconds\":%.6f,\"foundPerTurn\":%.2f%s}\n",
         counted, seconds, server, load, found, more);
}
