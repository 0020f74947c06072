import smtplib
from email.message import EmailMessage

from app.config import get_settings


def _send(message: EmailMessage) -> None:
    settings = get_settings()
    with smtplib.SMTP(settings.smtp_host or "", settings.smtp_port, timeout=30) as smtp:
        smtp.send_message(message)


def send_welcome(username: str, email: str) -> bool:
    """Greet a new user, if a mail server is configured."""
    settings = get_settings()
    if settings.smtp_host is None:
        return False
    message = EmailMessage()
    message["To"], message["From"] = email, "blog@example.org"
    message["Subject"] = f"Welcome to {settings.site_name}, {username}"
    message.set_content("Write something.")
    _send(message)
    return True
