"""Bodies that are forms with files (multipart/form-data)."""

from email.parser import BytesParser
from email.policy import HTTP

from sources.customerio.sandbox.state.store.errors import BadRequest


def read_form(raw_body: bytes) -> tuple[dict[str, str], dict[str, tuple[str, bytes]]]:
    """The fields and the files, by name, of a form; its first line has the boundary.

    Raises:
        BadRequest: the body is no form (the text is unverified).
    """
    boundary = raw_body.partition(b"\r\n")[0]
    if not boundary.startswith(b"--"):
        msg = "the body must be multipart/form-data"
        raise BadRequest(msg)
    head = b'Content-Type: multipart/form-data; boundary="' + boundary[2:] + b'"\r\n\r\n'
    message = BytesParser(policy=HTTP).parsebytes(head + raw_body)
    fields: dict[str, str] = {}
    files: dict[str, tuple[str, bytes]] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", "", header="content-disposition"))
        content = part.get_payload(decode=True)
        raw = content if isinstance(content, bytes) else b""
        if filename := part.get_filename():
            files[name] = (filename, raw)
        else:
            fields[name] = raw.decode(errors="replace")
    return fields, files
