// Loaded before a gateway. It keeps the gateway on this machine, on a free port that it tells, in
// step with a clock that stands still (so that the same request gets the same answer), and ends it
// when whoever started it is gone.
import net from "node:net";

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (...given) {
  this.once("listening", () => process.stderr.write(`listening on ${this.address().port}\n`));
  const done = given.findLast((one) => typeof one === "function");
  return listen.call(this, { port: 0, host: "127.0.0.1" }, done);
};

Date.now = () => Date.UTC(2026, 9, 21); // what the stand-in's own headers say

process.stdin.resume().on("end", () => process.exit());
