// 19  A UDP client: it sends one message, and waits for the answer.
//
// It connects to nothing; the address goes with the message. So it cannot know whether anybody is there: hence the time-out.
//
// Run it:     npx tsx examples/19-udp-client.ts   (19-udp-server.ts runs in another terminal)
// It prints:
//
//     Response for 127.0.0.1

import { AF_INET, gethostbyname, SOCK_DGRAM, Socket, TimeoutError } from "ts-socketserver/socket";

const [host = "localhost", port = "25000"] = process.argv.slice(2);

await using socket = new Socket(AF_INET, SOCK_DGRAM);

// sendto() would look the name up by itself. One who sends many messages does it once.
const target = [await gethostbyname(host), Number(port)] as const;
await socket.sendto("Hi, this is a message.", target); // now the system has given this end a port, for the answer

socket.settimeout(5);
try {
  const [data] = await socket.recvfrom(2048);
  console.log(data.toString());
} catch (error) {
  if (!(error instanceof TimeoutError)) throw error;
  // The message was lost, or the answer, or there is no server. A real client sends again, two or three times.
  console.log("No answer");
  process.exitCode = 1;
}
