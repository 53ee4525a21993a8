/* The calls that JavaScript sees, by the file that they stand in. module.c gives them their names. */
#ifndef SOCKETSERVER_CALLS_H
#define SOCKETSERVER_CALLS_H

#include <node_api.h>

/* sockets.c: making sockets, and what is asked and said of them */
napi_value call_socket(napi_env env, napi_callback_info info);
napi_value call_socketpair(napi_env env, napi_callback_info info);
napi_value call_bind(napi_env env, napi_callback_info info);
napi_value call_listen(napi_env env, napi_callback_info info);
napi_value call_connect(napi_env env, napi_callback_info info);
napi_value call_accept(napi_env env, napi_callback_info info);
napi_value call_shutdown(napi_env env, napi_callback_info info);
napi_value call_getsockname(napi_env env, napi_callback_info info);
napi_value call_getpeername(napi_env env, napi_callback_info info);
napi_value call_getsockopt(napi_env env, napi_callback_info info);
napi_value call_setsockopt(napi_env env, napi_callback_info info);

/* streams.c */
napi_value call_recv(napi_env env, napi_callback_info info);
napi_value call_recvmany(napi_env env, napi_callback_info info);
napi_value call_setblocking(napi_env env, napi_callback_info info);
napi_value call_recv_blocking(napi_env env, napi_callback_info info);
napi_value call_send(napi_env env, napi_callback_info info);
napi_value call_sendmany(napi_env env, napi_callback_info info);

/* datagrams.c: one at a time, and in batches */
napi_value call_recvfrom(napi_env env, napi_callback_info info);
napi_value call_sendto(napi_env env, napi_callback_info info);
napi_value call_recvmmsg(napi_env env, napi_callback_info info);
napi_value call_sendmmsg(napi_env env, napi_callback_info info);

/* rights.c: descriptors that travel in messages */
napi_value call_sendmsg(napi_env env, napi_callback_info info);
napi_value call_recvmsg(napi_env env, napi_callback_info info);

/* descriptors.c: who owns what */
napi_value call_dup(napi_env env, napi_callback_info info);
napi_value call_close(napi_env env, napi_callback_info info);
napi_value call_adopt(napi_env env, napi_callback_info info);
napi_value call_release(napi_env env, napi_callback_info info);

/* handover.c: from one thread to another */
napi_value call_owner_id(napi_env env, napi_callback_info info);
napi_value call_transfer(napi_env env, napi_callback_info info);
napi_value call_claim(napi_env env, napi_callback_info info);

/* readiness.c: epoll in Node's loop, and poll without it */
napi_value call_start(napi_env env, napi_callback_info info);
napi_value call_ref(napi_env env, napi_callback_info info);
napi_value call_unref(napi_env env, napi_callback_info info);
napi_value call_watch(napi_env env, napi_callback_info info);
napi_value call_unwatch(napi_env env, napi_callback_info info);
napi_value call_poll(napi_env env, napi_callback_info info);

#endif
