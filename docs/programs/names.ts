// Names, addresses, services and byte order.
import {
  AF_UNSPEC,
  formatAddress,
  getaddrinfo,
  getservbyname,
  htons,
  inetAton,
  inetNtoa,
  ntohs,
  parseAddress,
  SOCK_STREAM,
} from "ts-socketserver/socket";

for (const [, , , , address] of await getaddrinfo("127.0.0.1", "http", AF_UNSPEC, SOCK_STREAM)) {
  console.log(formatAddress(address));
}
console.log(getservbyname("domain", "udp"));
console.log(inetAton("127.0.0.1"), inetNtoa(inetAton("127.1")));
console.log(ntohs(htons(80)));
console.log(parseAddress("[::1]:9999"));
