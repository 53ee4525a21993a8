// 07  A connection, step by step: what a server does, and what a client does.
//
// Over TCP the two sides have different parts. The server is passive: it takes an address, listens there, and accepts whoever
// comes. The client is active: it connects. Once there is a connection, both sides are equal.
//
// Here both are in one program, so that you see them side by side; each is an asynchronous function, and while one waits the
// other goes on. In 09 they are two programs. The numbers are the order in which things happen.
//
// Run it:     npx tsx examples/07-connection.ts
// It prints:
//
//     server: accepted a client
//     server: received "good morning"
//     client: received "GOOD MORNING"
//     server: received 0 bytes, the end
//     server: accepted a client
//     server: received "good evening"
//     client: received "GOOD EVENING"
//     server: received 0 bytes, the end
//     server: closed

import { type Address, AF_INET, SOCK_STREAM, Socket } from "ts-socketserver/socket";

// As constants, at the top, where they are found when they have to be changed.
const HOST = "127.0.0.1"; // nobody outside of this machine can connect; "" would let everybody in
const PORT = 0; // whatever is free; a server that others are to find has a number of its own, such as 9999
const SIZE = 1024; // bytes that one recv() returns at most

async function serve(listener: Socket): Promise<void> {
  for (let served = 0; served < 2; served += 1) {
    // 4. accept() waits until somebody connects. It returns a new socket, which is this end of the conversation with that
    //    client. The listener has no part in it: it goes on listening, and whoever connects meanwhile waits in its queue.
    const [accepted, _address] = await listener.accept();
    await using connection = accepted;
    console.log("server: accepted a client");

    // 7. recv() waits until there is something, and returns it: one byte at least, SIZE bytes at most.
    const request = await connection.recv(SIZE);
    console.log(`server: received "${request}"`);

    // 8. What is sent is bytes. A string is sent as UTF-8, the way to write text as bytes that the world has agreed on.
    await connection.sendall(request.toString().toUpperCase());

    // 11. When the other side has closed its socket, recv() returns no bytes at all, at once and from then on. That is how
    //     a server learns that the client is done. A loop that does not look for it would turn for ever.
    const end = await connection.recv(SIZE);
    console.log(`server: received ${end.length} bytes, the end`);

    // 12. Here `await using` closes the connection, and the loop turns to the next client.
  }
}

async function visit(address: Address, words: string): Promise<void> {
  await using socket = new Socket(AF_INET, SOCK_STREAM);

  // 5. connect() waits until there is a connection. A client does not bind: the system gives its end some free port. It is
  //    there as soon as it waits in the listener's queue, maybe long before accept() has taken it from there.
  await socket.connect(address);

  // 6.
  await socket.sendall(words);

  // 9.
  const reply = await socket.recv(SIZE);
  console.log(`client: received "${reply}"`);

  // 10. `await using` closes the socket, and the server reads the end.
}

// 1. A socket that is to listen is made like any other.
const listener = new Socket(AF_INET, SOCK_STREAM);

// 2. Its address. Without one, nobody could find it.
await listener.bind([HOST, PORT]);

// 3. From here on clients can connect. Five of them may wait to be accepted. What becomes of further ones is the system's
//    business: on Linux they try again and again until there is room, elsewhere they are refused.
await listener.listen(5);

const serving = serve(listener);
await visit(listener.getsockname(), "good morning");
await visit(listener.getsockname(), "good evening");
await serving;

// 13. A server that runs for ever never comes here. This one does, and gives the address back.
await listener.close();
console.log("server: closed");
