// The measure over UDP: raw node:dgram, as one writes it by hand. Prints {"port":N} when it is bound.
import { createSocket } from "node:dgram";
import { tell } from "./control.mjs";

// As for every subject: 256 datagrams in flight shall fit.
const RECEIVE_BUFFER = 2 ** 20;

const socket = createSocket({ type: "udp4", recvBufferSize: RECEIVE_BUFFER });
socket.on("message", (data, { port, address }) => socket.send(data, port, address));
socket.bind(0, "127.0.0.1", () => tell({ port: socket.address().port }));
