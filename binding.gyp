# The native transport. Built by native/install.mjs; without it the project runs on Node's own sockets.
{
  "targets": [
    {
      "target_name": "socketserver",
      "type": "none",
      "conditions": [
        ["OS=='linux'", {
          "type": "loadable_module",
          "sources": [
            "native/module.c",
            "native/environment.c",
            "native/arguments.c",
            "native/sockets.c",
            "native/streams.c",
            "native/datagrams.c",
            "native/rights.c",
            "native/descriptors.c",
            "native/handover.c",
            "native/readiness.c",
            "native/polling.c",
          ],
          # Version 8 is the oldest that has asynchronous clean-up hooks; every supported Node has it.
          "defines": ["NAPI_VERSION=8", "_GNU_SOURCE"],
          "cflags": ["-std=c11", "-O2", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wshadow", "-Wconversion"],
        }],
      ],
    },
  ],
}
