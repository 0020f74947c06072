"""Passwords and sign-in tokens."""

import hashlib
import hmac

import bcrypt

from app.config import get_settings


def hash_password(password: str) -> str:
    salt = bcrypt.gensalt(get_settings().password_rounds)
    hashed = bcrypt.hashpw(_digest(password), salt)
    return hashed.decode()


def verify_password(password: str, password_hash: str) -> bool:
    return bcrypt.checkpw(_digest(password), password_hash.encode())


def create_token(user_id: int) -> str:
    return f"{user_id}.{_sign(str(user_id))}"


def read_token(token: str) -> int | None:
    """The user's id, or None if the token was not made by this site."""
    user_id, _, signature = token.partition(".")
    if not user_id.isdigit() or not hmac.compare_digest(signature, _sign(user_id)):
        return None
    return int(user_id)


def _digest(password: str) -> bytes:
    """A password of any length, as the at most 72 bytes that bcrypt takes."""
    return hashlib.sha256(password.encode()).hexdigest().encode()


def _sign(value: str) -> str:
    key = get_settings().secret_key.get_secret_value().encode()
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()
