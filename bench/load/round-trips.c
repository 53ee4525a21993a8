#include "round-trips.h"

#include <stdio.h>
#include <stdlib.h>

#include "common.h"

#define MAX_ROUND_TRIPS (1 << 21)

static uint32_t round_trips[MAX_ROUND_TRIPS];  // nanoseconds
static size_t count;

void round_trips_add(uint64_t nanoseconds) {
  if (count == MAX_ROUND_TRIPS) return;
  round_trips[count++] = nanoseconds > UINT32_MAX ? UINT32_MAX : (uint32_t)nanoseconds;
}

size_t round_trips_count(void) { return count; }

static int compare(const void *one, const void *other) {
  uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
  return (a > b) - (a < b);
}

static double milliseconds_at(double share) { return (double)round_trips[(size_t)(share * (double)(count - 1))] / 1e6; }

void round_trips_describe(char *text, size_t size) {
  if (count == 0) fail_with("nothing came back in the measured time");
  qsort(round_trips, count, sizeof *round_trips, compare);
  snprintf(text, size, ",\"roundTripMedian\":%.4f,\"roundTrip99\":%.4f,\"roundTripMax\":%.4f", milliseconds_at(0.5),
           milliseconds_at(0.99), milliseconds_at(1));
}
