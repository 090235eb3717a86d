"""Letting others than owner and group read a result on disk, by a POSIX access list.

The person whose job made it, so that their next job can take it as its input; and the group by which a server
sends it. In the form in which Linux keeps such lists (acl(5), linux/posix_acl_xattr.h).
"""

import errno
import os
import struct

ATTRIBUTE = "system.posix_acl_access"
VERSION = 2
OWNER, PERSON, GROUP, OTHER_GROUP, MOST, OTHERS = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
READ = 4
NOBODY = 0xFFFFFFFF
WITHOUT_LISTS = (errno.EOPNOTSUPP, errno.ENOSYS)
ENTRY = struct.Struct("<HHI")
HEAD = struct.Struct("<I")


def let_read(fd: int, *, person: int | None = None, group: int | None = None) -> bool:
    """Give a uid, and the members of a gid, what the file's group may read of this open file or folder.

    False where the file system knows no lists. There the person's own jobs cannot take the result as an input,
    which the agent says when one is submitted, and the portal sends the files itself.
    """
    mode = os.fstat(fd).st_mode
    of_group = mode >> 3 & 7
    entries = [(OWNER, mode >> 6 & 7, NOBODY)]
    if person is not None:
        entries.append((PERSON, of_group & 5, person))
    entries.append((GROUP, of_group, NOBODY))
    if group is not None:
        entries.append((OTHER_GROUP, of_group & 5, group))
    entries += [(MOST, of_group, NOBODY), (OTHERS, mode & 7, NOBODY)]
    try:
        os.setxattr(fd, ATTRIBUTE, HEAD.pack(VERSION) + b"".join(ENTRY.pack(*entry) for entry in entries))
    except OSError as error:
        if error.errno in WITHOUT_LISTS:
            return False
        raise
    return True


def groups_that_read(fd: int) -> frozenset[int]:
    """The gids that the access list of this open file lets read it, besides its own group; none without a list."""
    try:
        document = os.getxattr(fd, ATTRIBUTE)
    except OSError as error:
        if error.errno in (*WITHOUT_LISTS, errno.ENODATA):
            return frozenset()
        raise
    if len(document) < HEAD.size or HEAD.unpack_from(document) != (VERSION,):
        return frozenset()
    whole = (len(document) - HEAD.size) // ENTRY.size * ENTRY.size
    entries = list(ENTRY.iter_unpack(document[HEAD.size : HEAD.size + whole]))
    most = next((rights for tag, rights, _id in entries if tag == MOST), 7)
    return frozenset(gid for tag, rights, gid in entries if tag == OTHER_GROUP and rights & most & READ)
