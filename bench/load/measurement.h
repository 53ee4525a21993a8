// The time of a load: a warm-up, then the seconds that count, and what is told of them.
#pragma once

#include "common.h"

struct measurement {
  uint64_t starts, ends;  // of the measured time, in nanoseconds
  bool started;
  double messages_before;  // received in the warm-up
  double server_time_before, load_time_before;
  uint64_t turns, found;
  pid_t server;
};

void measurement_begin(struct measurement *measurement, const struct load_arguments *arguments);

// Whether to go on. To be asked in every turn, with the messages received so far.
bool measurement_continues(struct measurement *measurement, uint64_t messages);

// To be told in every turn how much was found waiting for the load. Its mean tells whether the load was the bottleneck: then
// nearly everything waits for it.
void measurement_count_turn(struct measurement *measurement, int found);

// Prints the line of JSON; `more` are further members of it, beginning with a comma, or "".
void measurement_print(const struct measurement *measurement, uint64_t messages, const char *more);
