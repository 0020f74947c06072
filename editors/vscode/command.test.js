"use strict";

const assert = require("node:assert");
const path = require("node:path");
const test = require("node:test");

const { resolveCommand } = require("./command.js");

test("a name is looked for on the PATH", () => {
  assert.deepStrictEqual(resolveCommand(["flake8-async-fastapi", "server"], "/project"), {
    command: "flake8-async-fastapi",
    args: ["server"],
  });
});

test("a path is relative to the folder", () => {
  assert.deepStrictEqual(resolveCommand([".venv/bin/flake8-async-fastapi", "server"], "/project"), {
    command: path.resolve("/project", ".venv/bin/flake8-async-fastapi"),
    args: ["server"],
  });
  assert.strictEqual(resolveCommand(["/usr/bin/x"], "/project").command, path.resolve("/usr/bin/x"));
  assert.strictEqual(resolveCommand(["bin/x"], undefined).command, "bin/x");
});

test("there has to be a program", () => {
  assert.throws(() => resolveCommand([], "/project"), /is empty/);
});
