// Sends records by one of Node's clients and exits with 0 when the client says that all are delivered.
// The only argument is JSON: {client, options, count}; `ca` and the like are files.
"use strict";
const fs = require("fs");
const { createRequire } = require("module");

const { client, options, count, modules } = JSON.parse(process.argv[2]);
const load = createRequire(modules + "/");

function readFiles(where) {
  for (const name of ["ca", "cert", "key"]) {
    if (where && where[name]) where[name] = fs.readFileSync(where[name]);
  }
}

const records = Array.from({ length: count }, (_, number) => ({ log: `line ${number} ümlaut`, number }));

async function byFluentLogger() {
  readFiles(options.tlsOptions);
  const quiet = { info() {}, error: console.error };
  const logger = load("fluent-logger").createFluentSender("node", { internalLogger: quiet, ...options });
  logger.on("error", (error) => { console.error(error); process.exit(1); });
  await Promise.all(records.map((record) => new Promise((resolve, reject) => {
    logger.emit("app", record, (error) => (error ? reject(error) : resolve()));
  })));
  await new Promise((resolve) => logger.end(null, null, resolve));
}

async function byFluentOrgLogger() {
  readFiles(options.socket.tls);
  const { FluentClient } = load("@fluent-org/logger");
  const logger = new FluentClient("node", { ...options, onSocketError: console.error });
  await Promise.all(records.map((record) => logger.emit("app", record)));
  await logger.shutdown();
}

const run = { "fluent-logger": byFluentLogger, "@fluent-org/logger": byFluentOrgLogger }[client];
run().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
