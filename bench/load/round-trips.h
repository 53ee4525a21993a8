// The times that answers took, for loads whose result is a latency.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Remembers one. Beyond two million of them, the rest is not counted.
void round_trips_add(uint64_t nanoseconds);

size_t round_trips_count(void);

// Writes their median, the time that 99 % of them took at most, and the longest, in milliseconds: members of a JSON object,
// each after a comma. Ends the process when there are none.
void round_trips_describe(char *text, size_t size);
