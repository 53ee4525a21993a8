// The loads. Each runs until its time is over, prints one line of JSON on stdout, and ends the process when something fails.
#pragma once

#include "common.h"

// How long a load waits for the server before it looks at the clock again. In a run without failures it never waits so long.
#define WAIT_MILLISECONDS 20

void run_echo(const struct load_arguments *arguments);
void run_echo_lines(const struct load_arguments *arguments);
void run_lines(const struct load_arguments *arguments);
void run_batches(const struct load_arguments *arguments);
void run_connect(const struct load_arguments *arguments);
void run_connect_reset(const struct load_arguments *arguments);
void run_datagrams(const struct load_arguments *arguments);
void run_idle(const struct load_arguments *arguments);
void run_crowd(const struct load_arguments *arguments);
void run_fairness(const struct load_arguments *arguments);
void run_fairness_lines(const struct load_arguments *arguments);
