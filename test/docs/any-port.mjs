// Loaded before a program of the docs whose port stands in its text: it listens on any free port instead, and says which
// on stderr. So the very file that the reader sees is tested, and nothing else needs that port.
import { Server } from "node:net";

const { listen } = Server.prototype;
Server.prototype.listen = function listenAnywhere(options, onListening) {
  this.once("listening", () => process.stderr.write(`${this.address().port}\n`));
  return listen.call(this, { ...options, port: 0 }, onListening);
};
