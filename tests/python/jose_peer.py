"""Signs, verifies, encrypts and decrypts with joserfc what jose.rs asks for: a JSON array of jobs on standard input, an
array of answers on standard output."""

import hashlib
import json
import sys
import warnings

from joserfc import jwe, jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey, import_key

warnings.simplefilter("ignore")

LENGTHS = {
    "A128GCM": 16,
    "A192GCM": 24,
    "A256GCM": 32,
    "A128CBC-HS256": 32,
    "A192CBC-HS384": 48,
    "A256CBC-HS512": 64,
}
HASHES = {48: hashlib.sha384, 64: hashlib.sha512}


def direct(secret, enc):
    """OpenID Connect Core section 10.2"""
    length = LENGTHS[enc]
    return HASHES.get(length, hashlib.sha256)(secret.encode()).digest()[:length]


def key(job):
    if job["alg"] == "dir":
        return OctKey.import_key(direct(job["secret"], job["enc"]))
    if job["alg"] in ("HS256", "none"):
        return OctKey.import_key(job.get("secret") or "unused")
    return import_key(job["jwk"])


def generate(job):
    alg, crv = job["alg"], job.get("crv")
    if alg.startswith(("RS", "PS")):
        made = RSAKey.generate_key(2048, auto_kid=False)
    elif alg == "EdDSA" or crv == "X25519":
        made = OKPKey.generate_key(crv or "Ed25519", auto_kid=False)
    else:
        made = ECKey.generate_key("P-256", auto_kid=False)
    return made.as_dict(private=True)


def sign(job):
    return jws.serialize_compact(job["header"], json.dumps(job["claims"]), key(job), algorithms=[job["alg"]])


def verify(job):
    read = jws.deserialize_compact(job["token"], key(job), algorithms=[job["alg"]])
    return {"header": read.headers(), "claims": json.loads(read.payload)}


def encrypt(job):
    return jwe.encrypt_compact(job["header"], job["plain"], key(job), algorithms=[job["alg"], job["enc"]])


def decrypt(job):
    read = jwe.decrypt_compact(job["token"], key(job), algorithms=[job["alg"], job["enc"]])
    return {"header": read.headers(), "plain": read.plaintext.decode()}


OPERATIONS = {"generate": generate, "sign": sign, "verify": verify, "encrypt": encrypt, "decrypt": decrypt}


def answer(job):
    try:
        return {"ok": OPERATIONS[job["operation"]](job)}
    except Exception as error:  # whatever it is, the test says which job it was
        return {"error": repr(error)}


print(json.dumps([answer(job) for job in json.load(sys.stdin)]))
