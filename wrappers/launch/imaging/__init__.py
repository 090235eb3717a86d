"""Making a container image as the person who asked: launch's own program, which runs beside the runtime.

Standard library only. It needs no root and no range of sub-uids: the base image is unpacked as files of the
person's, changed in a container of its own, looked over, packed and tried.
"""
