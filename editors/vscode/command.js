"use strict";

const path = require("node:path");

/**
 * The program and arguments that start the server.
 *
 * A program with a separator in it is a path, relative to the folder that is open; another one is looked for
 * on the PATH.
 */
function resolveCommand(command, folder) {
  const [program, ...args] = command;
  if (!program) {
    throw new Error("flake8AsyncFastapi.command is empty");
  }
  const isPath = program.includes("/") || program.includes(path.sep);
  const resolved = isPath && folder !== undefined ? path.resolve(folder, program) : program;
  return { command: resolved, args };
}

module.exports = { resolveCommand };
