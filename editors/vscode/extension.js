"use strict";

const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

const { resolveCommand } = require("./command.js");

const SECTION = "flake8AsyncFastapi";

/** The client of the one server; undefined while none runs. */
let client;

async function start() {
  const settings = vscode.workspace.getConfiguration(SECTION);
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const server = resolveCommand(settings.get("command"), folder);
  client = new LanguageClient(
    SECTION,
    "flake8-async-fastapi",
    { ...server, transport: TransportKind.stdio, options: { cwd: folder } },
    {
      documentSelector: [{ scheme: "file", language: "python" }],
      initializationOptions: { inlayHints: settings.get("inlayHints") },
    },
  );
  try {
    await client.start();
  } catch (error) {
    vscode.window.showErrorMessage(
      `${server.command} does not start: ${error.message}. ` +
        "Install it with: python -m pip install 'flake8-async-fastapi[server]'",
    );
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running?.isRunning()) {
    await running.stop();
  }
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand(`${SECTION}.restart`, restart),
    vscode.workspace.onDidChangeConfiguration((event) =>
      event.affectsConfiguration(SECTION) ? restart() : undefined,
    ),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
