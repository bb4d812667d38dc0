// Recomputes every published vector with node:crypto and a canonicaliser of its own: `node verify_vectors.mjs <vectors.json>`.
// It shares no code and no idea with ours (a byte at a time, a stack of segments), so that one mistake is not made twice.
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

const UNRESERVED = new Set(Buffer.from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"));
const SUB_DELIMS_AND_PCHAR = "!$&'()*+,;=:@";

function normalise(text, alsoLiteral) {
  const literal = new Set([...UNRESERVED, ...Buffer.from(SUB_DELIMS_AND_PCHAR + alsoLiteral)]);
  const bytes = Buffer.from(text, "utf8");
  const triplet = (byte) => "%" + byte.toString(16).toUpperCase().padStart(2, "0");
  let out = "";
  for (let i = 0; i < bytes.length; i++) {
    const hex = bytes.subarray(i + 1, i + 3).toString("latin1");
    if (bytes[i] === 0x25 && /^[0-9a-fA-F]{2}$/.test(hex)) {
      const byte = Number.parseInt(hex, 16);
      out += UNRESERVED.has(byte) ? String.fromCharCode(byte) : triplet(byte);
      i += 2;
    } else {
      out += literal.has(bytes[i]) ? String.fromCharCode(bytes[i]) : triplet(bytes[i]);
    }
  }
  return out;
}

// The algorithm of RFC 3986, section 5.2.4, in the RFC's own words: an input and an output buffer.
function removeDotSegments(path) {
  let input = path;
  let output = "";
  while (input !== "") {
    if (input.startsWith("/./")) input = input.slice(2);
    else if (input === "/.") input = "/";
    else if (input.startsWith("/../") || input === "/..") {
      input = "/" + input.slice(4);
      output = output.slice(0, Math.max(output.lastIndexOf("/"), 0));
    } else {
      const end = input.indexOf("/", 1);
      output += end < 0 ? input : input.slice(0, end);
      input = end < 0 ? "" : input.slice(end);
    }
  }
  return output;
}

function canonical(url) {
  let target = url.split("#")[0];
  const authority = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i.exec(target);
  if (authority) target = target.slice(authority[0].length);
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? "" : target.slice(mark + 1);
  const pairs = normalise(query, "/?")
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => (pair.includes("=") ? pair : pair + "="))
    .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)].map((text) => Buffer.from(text)))
    .sort((one, other) => Buffer.compare(one[0], other[0]) || Buffer.compare(one[1], other[1]));
  return [removeDotSegments(normalise(path, "/") || "/"), pairs.map((pair) => pair.join("=")).join("&")];
}

const document = JSON.parse(readFileSync(process.argv[2], "utf8"));
const key = Buffer.from(document.key, "base64");
const wrong = [];
for (const vector of document.vectors) {
  const [path, query] = canonical(vector.url);
  const digest = createHash("sha256").update(Buffer.from(vector.bodyBase64, "base64")).digest("hex");
  const text = [vector.method.toUpperCase(), path, query, vector.timestamp, vector.nonce, digest].join("\n");
  const signature = createHmac("sha256", key).update(text, "utf8").digest("hex");
  const found = { canonicalPath: path, canonicalQuery: query, stringToSign: text, signature };
  for (const [field, value] of Object.entries(found)) {
    if (vector[field] !== value) wrong.push(`${vector.name}: ${field} is ${vector[field]}, recomputed ${value}`);
  }
}
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
console.log(`${document.vectors.length} vectors agree`);
