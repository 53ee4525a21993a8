// Waiting: for ever, for some seconds, not at all.
import { BlockingIOError, socketpair, TimeoutError } from "ts-socketserver/socket";

const [one, other] = await socketpair();

console.log(one.gettimeout()); // null: calls wait as long as it takes

one.settimeout(0.05); // seconds
try {
  await one.recv(1024);
} catch (error) {
  console.log(error instanceof TimeoutError);
}

one.settimeout(0); // not at all
try {
  await one.recv(1024);
} catch (error) {
  console.log(error instanceof BlockingIOError);
}

await one.close();
await other.close();
