"""Letting the person whose job made a result read it on disk, so that their next job can take it as its input.

A POSIX access list beside owner and group, in the form in which Linux keeps it (acl(5), linux/posix_acl_xattr.h).
"""

import errno
import os
import struct

ATTRIBUTE = "system.posix_acl_access"
VERSION = 2
OWNER, PERSON, GROUP, MOST, OTHERS = 0x01, 0x02, 0x04, 0x10, 0x20
NOBODY = 0xFFFFFFFF
WITHOUT_LISTS = (errno.EOPNOTSUPP, errno.ENOSYS)


def let_read(fd: int, uid: int) -> bool:
    """Give `uid` what the group may do with this open file or folder; False where the file system knows no lists.

    There the person's own jobs cannot take the result as an input, which the agent says when one is submitted.
    """
    mode = os.fstat(fd).st_mode
    group = mode >> 3 & 7
    entries = [
        (OWNER, mode >> 6 & 7, NOBODY),
        (PERSON, group & 5, uid),
        (GROUP, group, NOBODY),
        (MOST, group, NOBODY),
        (OTHERS, mode & 7, NOBODY),
    ]
    document = struct.pack("<I", VERSION) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    try:
        os.setxattr(fd, ATTRIBUTE, document)
    except OSError as error:
        if error.errno in WITHOUT_LISTS:
            return False
        raise
    return True
