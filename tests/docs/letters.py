"""Letters that the documents' people send, with attachments of the kind that their names say."""
import email.policy
import email.utils
import mimetypes
import random
from email.message import EmailMessage

UNITS = {"KB": 1000, "MB": 1_000_000}
MAGIC = {"application/pdf": b"%PDF-1.7\n", "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0", "video/quicktime": b"\0\0\0\x14ftypqt  "}


def letter(sender, recipients, files, subject="The pictures of Sunday, and a film"):
    """`files`: name to size, such as "5 MB"."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, ", ".join(recipients), subject
    mail["Date"] = email.utils.formatdate()
    mail["Message-ID"] = f"<{random.getrandbits(64):x}@{sender.split('@')[1]}>"
    mail.set_content("Hello,\n\nhere they are.\n\nAlice\n")
    for name, size in files.items():
        number, unit = size.split()
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        magic = MAGIC.get(kind, b"")
        content = magic + random.randbytes(int(float(number) * UNITS[unit]) - len(magic))
        mail.add_attachment(content, *kind.split("/"), filename=name)
    return mail.as_bytes(policy=email.policy.SMTP)
