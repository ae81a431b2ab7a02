// Signs, verifies, encrypts and decrypts with the `jose` package what jose.rs asks for: a JSON array of jobs on standard
// input, an array of answers on standard output.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as jose from "./node_modules/jose/dist/webapi/index.js";

const LENGTHS = {
  A128GCM: 16, A192GCM: 24, A256GCM: 32, "A128CBC-HS256": 32, "A192CBC-HS384": 48, "A256CBC-HS512": 64,
};

// OpenID Connect Core section 10.2
function direct(secret, enc) {
  const length = LENGTHS[enc];
  const hash = length <= 32 ? "sha256" : length === 48 ? "sha384" : "sha512";
  return new Uint8Array(createHash(hash).update(secret).digest().subarray(0, length));
}

async function key({ alg, enc, jwk, secret }) {
  if (alg === "dir") return direct(secret, enc);
  if (alg === "HS256") return new TextEncoder().encode(secret);
  return jose.importJWK(jwk, alg);
}

const text = (bytes) => new TextDecoder().decode(bytes);

const operations = {
  async generate({ alg, crv }) {
    const pair = await jose.generateKeyPair(alg, { extractable: true, ...(crv && { crv }) });
    return jose.exportJWK(pair.privateKey);
  },
  async sign(job) {
    if (job.alg === "none") return new jose.UnsecuredJWT(job.claims).encode();
    return new jose.SignJWT(job.claims).setProtectedHeader(job.header).sign(await key(job));
  },
  async verify(job) {
    if (job.alg === "none") {
      const { header, payload } = jose.UnsecuredJWT.decode(job.token);
      return { header, claims: payload };
    }
    const read = await jose.jwtVerify(job.token, await key(job), { algorithms: [job.alg] });
    return { header: read.protectedHeader, claims: read.payload };
  },
  async encrypt(job) {
    const plain = new TextEncoder().encode(job.plain);
    return new jose.CompactEncrypt(plain).setProtectedHeader(job.header).encrypt(await key(job));
  },
  async decrypt(job) {
    const algorithms = { keyManagementAlgorithms: [job.alg], contentEncryptionAlgorithms: [job.enc] };
    const read = await jose.compactDecrypt(job.token, await key(job), algorithms);
    return { header: read.protectedHeader, plain: text(read.plaintext) };
  },
};

const answers = [];
for (const job of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    answers.push({ ok: await operations[job.operation](job) });
  } catch (error) {
    answers.push({ error: String(error) });
  }
}
console.log(JSON.stringify(answers));
