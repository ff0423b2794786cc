// Loaded before a gateway. It keeps the gateway on this machine, on a free port that it tells, in
// step with a clock that stands still, has it draw its lots from the request (so that the same
// request gets the same answer), and ends it when whoever started it is gone.
import { AsyncLocalStorage } from "node:async_hooks";
import http from "node:http";
import net from "node:net";

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (...given) {
  this.once("listening", () => process.stderr.write(`listening on ${this.address().port}\n`));
  const done = given.findLast((one) => typeof one === "function");
  return listen.call(this, { port: 0, host: "127.0.0.1" }, done);
};

Date.now = () => Date.UTC(2026, 9, 21); // what the stand-in's own headers say

const drawing = new AsyncLocalStorage();
const emit = http.Server.prototype.emit;

http.Server.prototype.emit = function (event, ...given) {
  const happen = () => emit.call(this, event, ...given);
  const seed = event === "request" ? given[0].headers["x-linernotes-seed"] : undefined;
  return seed === undefined ? happen() : drawing.run({ state: Number(seed) }, happen);
};

const random = Math.random;

Math.random = () => {
  const lots = drawing.getStore();
  if (lots === undefined) return random();
  lots.state = (Math.imul(lots.state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
  return lots.state / 2 ** 32;
};

process.stdin.resume().on("end", () => process.exit());
