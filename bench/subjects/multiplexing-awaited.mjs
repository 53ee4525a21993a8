// This project without following what handlers leave unhandled.
import { serveEcho } from "./echo-handler.mjs";

await serveEcho({ isolation: "awaited" });
