/**
 * What holds for every test file: a rejection or exception that nobody handled fails the run (Vitest's default, stated here
 * because the framework under test installs listeners of its own), and nothing reaches the network.
 */
