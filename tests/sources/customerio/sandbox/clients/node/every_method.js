// Calls every method of Customer.io's Node client, and prints a line of JSON for each: its name and statuses.
//
// Arguments are given by the names of parameters, in the JSON document of standard input:
//   {"track": [site id, key, URL], "app": [key, URL], "values": {parameter: value}, "calls": {method: [arguments]}}
// Methods that delete or suppress are called last. Files to import are served by this process.
const http = require("http");
const customerio = require("customerio-node");

const LAST = /^(delete|destroy|suppress|unsuppress)/;
const LOCAL = new Set(["constructor", "resourceBase"]); // makes no request

let statuses = [];
const plainFetch = globalThis.fetch;
globalThis.fetch = async (...args) => {
  const response = await plainFetch(...args);
  statuses.push(response.status);
  return response;
};

// The methods that send a message take an object of a class of their own: sendEmail a SendEmailRequest.
const asRequest = (method, args) => {
  const Request = customerio[`${method[0].toUpperCase()}${method.slice(1)}Request`];
  return Request ? [new Request(...args)] : args;
};

const parametersOf = (method) =>
  method
    .toString()
    .match(/\(([^{]*?(?:\{\})?[^{]*?)\)\s*\{/)[1]
    .split(",")
    .map((part) => part.split("=")[0].trim())
    .filter(Boolean);

async function callAll(name, client, given) {
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(client)).filter((each) => !LOCAL.has(each));
  methods.sort((one, other) => LAST.test(one) - LAST.test(other));
  for (const method of methods) {
    const args = given.calls[method] ?? parametersOf(client[method]).map((each) => given.values[each]);
    statuses = [];
    let error = "";
    try {
      const answer = await client[method](...asRequest(method, args));
      given.values.importId = answer.import?.id ?? given.values.importId;
    } catch (raised) {
      error = String(raised.message);
    }
    console.log(JSON.stringify({ client: name, method, statuses, error }));
  }
}

async function main() {
  const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const file = http.createServer((_, response) => response.end("id,plan\nuser-1,pro\n"));
  await new Promise((listening) => file.listen(0, "127.0.0.1", listening));
  given.calls.createImport[0].data_file_url = `http://127.0.0.1:${file.address().port}/people.csv`;
  const retry = { maxRetries: 0 };
  const [site, trackKey, trackUrl] = given.track;
  await callAll("track", new customerio.TrackClient(site, trackKey, { url: trackUrl, retry }), given);
  const [appKey, appUrl] = given.app;
  await callAll("app", new customerio.APIClient(appKey, { url: appUrl, retry }), given);
  file.close();
}

main();
