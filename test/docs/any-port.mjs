// Loaded before a program of the docs whose port stands in its text: it listens on any free port instead, and says which
// on stderr. So the very file that the reader sees is tested, and nothing else needs that port.
import { StreamServer } from "ts-socketserver";

const { serverBind, serverActivate } = StreamServer.prototype;
StreamServer.prototype.serverBind = async function bindAnywhere() {
  const [host] = this.serverAddress;
  this.serverAddress = [host, 0];
  await serverBind.call(this);
};
StreamServer.prototype.serverActivate = async function sayWhere() {
  await serverActivate.call(this);
  process.stderr.write(`${this.serverAddress[1]}\n`);
};
