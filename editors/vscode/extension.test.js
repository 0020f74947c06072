"use strict";

const assert = require("node:assert");
const Module = require("node:module");
const path = require("node:path");
const test = require("node:test");

/** What the extension did with VS Code and with its client, both of which are stand-ins. */
const clients = [];
const messages = [];
const listeners = [];
const settings = { command: [".venv/bin/flake8-async-fastapi", "server"], inlayHints: true };

class LanguageClient {
  constructor(id, name, server, options) {
    Object.assign(this, { id, name, server, options, running: false });
    clients.push(this);
  }

  async start() {
    if (this.server.command.includes("missing")) {
      throw new Error("spawn ENOENT");
    }
    this.running = true;
  }

  async stop() {
    this.running = false;
  }

  isRunning() {
    return this.running;
  }
}

const standIns = {
  vscode: {
    workspace: {
      getConfiguration: () => ({ get: (name) => settings[name] }),
      workspaceFolders: [{ uri: { fsPath: path.resolve("/project") } }],
      onDidChangeConfiguration: (listener) => listeners.push(listener),
    },
    window: { showErrorMessage: (text) => messages.push(text) },
    commands: { registerCommand: () => ({}) },
  },
  "vscode-languageclient/node": { LanguageClient, TransportKind: { stdio: 0 } },
};
const load = Module._load;
Module._load = (name, ...rest) => standIns[name] ?? load(name, ...rest);
const extension = require("./extension.js");

test("it starts the server, anew when the settings change, and says if it cannot", async () => {
  await extension.activate({ subscriptions: [] });
  const [first] = clients;
  assert.strictEqual(first.server.command, path.resolve("/project", ".venv/bin/flake8-async-fastapi"));
  assert.deepStrictEqual(first.server.args, ["server"]);
  assert.deepStrictEqual(first.options.documentSelector, [{ scheme: "file", language: "python" }]);
  assert.deepStrictEqual(first.options.initializationOptions, { inlayHints: true });
  assert.ok(first.running);

  settings.command = ["missing", "server"];
  await listeners[0]({ affectsConfiguration: (section) => section === "flake8AsyncFastapi" });
  assert.strictEqual(clients.length, 2);
  assert.ok(!first.running);
  assert.match(messages[0], /missing does not start: spawn ENOENT/);

  await listeners[0]({ affectsConfiguration: () => false });
  assert.strictEqual(clients.length, 2);
  await extension.deactivate();
});
