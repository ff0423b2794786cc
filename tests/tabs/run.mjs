// Checks and runs TypeScript examples, one after the other, in this one process.
// Input, as JSON on stdin: [{name, file, directory, environment}]. Output, as JSON on stdout: {name: what went wrong, or null}.
import { readFileSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";
import ts from "typescript";

const LONGEST = 20_000; // milliseconds

const examples = JSON.parse(readFileSync(0, "utf8"));
const print = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true; // what examples print

// Sleeps return at once, as they do where the Python examples are run. What waits longer is a time-out.
const sleep = globalThis.setTimeout;
globalThis.setTimeout = (wake, milliseconds, ...given) =>
  sleep(wake, milliseconds > 60_000 ? milliseconds : 0, ...given);

// The answers name URLs too, such as that of a batch's results.
const send = globalThis.fetch;
globalThis.fetch = (url, given) =>
  send(String(url).replace("https://api.anthropic.com", process.env.ANTHROPIC_BASE_URL), given);

const program = ts.createProgram(
  examples.map((one) => one.file),
  {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ["node"],
    strict: true,
    skipLibCheck: true,
  },
);
program.emit();

async function outcome(one) {
  const wrong = ts.getPreEmitDiagnostics(program, program.getSourceFile(one.file));
  if (wrong.length) {
    return wrong.map((each) => ts.flattenDiagnosticMessageText(each.messageText, "\n")).join("\n");
  }
  process.chdir(one.directory);
  Object.assign(process.env, one.environment);
  const late = new Promise((_, fail) => sleep(fail, LONGEST, new Error("too slow")).unref());
  try {
    await Promise.race([import(pathToFileURL(one.file.replace(/\.mts$/, ".mjs"))), late]);
  } catch (problem) {
    return String(problem?.stack ?? problem);
  }
  return null;
}

const outcomes = {};
for (const one of examples) outcomes[one.name] = await outcome(one);
print(JSON.stringify(outcomes));
process.exit();
