"""Licence servers: a container without network reaches those that its job type names, and nothing else.

The container is started in a network of its own that has a loopback and nothing beyond. On it stand sockets, made
before the program starts, at the ports of each server; a process outside (the gateway) takes what comes there and
passes it on to the one host that an operator wrote down. It needs no privilege, and nothing in the image.
"""
