// This project as it comes.
import { serveEcho } from "./echo-handler.mjs";

await serveEcho({});
