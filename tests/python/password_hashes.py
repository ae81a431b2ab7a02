"""Hashes of one password as the systems themselves make them, at costs that tests can afford.

Takes the password as its argument and prints one JSON object: the name of the form, the hash.
"""

import json
import sys

import argon2
import bcrypt
import django
from django.conf import settings
from django.contrib.auth import hashers
from passlib import hash as passlib_hash
from werkzeug.security import generate_password_hash


class DjangoArgon2(hashers.Argon2PasswordHasher):
    memory_cost = 1024
    parallelism = 2


class DjangoScrypt(hashers.ScryptPasswordHasher):
    work_factor = 2**10


class DjangoBcrypt(hashers.BCryptPasswordHasher):
    rounds = 5


class DjangoBcryptSha256(hashers.BCryptSHA256PasswordHasher):
    rounds = 5


def hashes(password):
    for hasher in [DjangoArgon2, DjangoScrypt, DjangoBcrypt, DjangoBcryptSha256]:
        made = hasher()
        yield "Django " + made.algorithm, made.encode(password, made.salt())
    for hasher in [hashers.PBKDF2PasswordHasher, hashers.PBKDF2SHA1PasswordHasher]:
        made = hasher()
        yield "Django " + made.algorithm, made.encode(password, made.salt(), iterations=2000)
    for method in ["scrypt:1024:8:1", "pbkdf2:sha256:2000", "pbkdf2:sha512:2000", "pbkdf2:sha1:2000"]:
        yield "Werkzeug " + method, generate_password_hash(password, method)
    for prefix in [b"2a", b"2b"]:
        made = bcrypt.hashpw(password.encode(), bcrypt.gensalt(5, prefix)).decode()
        yield "bcrypt " + prefix.decode(), made
        yield "LDAP bcrypt " + prefix.decode(), "{CRYPT}" + made
    for kind in argon2.Type:
        yield "argon2 " + kind.name, argon2.PasswordHasher(2, 1024, 1, type=kind).hash(password)
    for name in ["pbkdf2_sha1", "pbkdf2_sha256", "pbkdf2_sha512"]:
        yield "passlib " + name, getattr(passlib_hash, name).using(rounds=2000).hash(password)
        yield "LDAP " + name, getattr(passlib_hash, "ldap_" + name).using(rounds=2000).hash(password)
    yield "passlib scrypt", passlib_hash.scrypt.using(rounds=10).hash(password)


settings.configure()
django.setup()
print(json.dumps(dict(hashes(sys.argv[1]))))
